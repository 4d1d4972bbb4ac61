import { Errors } from '@oclif/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NegativeAnswer, reportFailure } from '../../src/cli/failure.js';
import { DcacheError, ERROR_CODES, ERRORS } from '../../src/base/errors.js';

let stdout: string;
let stderr: string;
beforeEach(() => {
  stdout = stderr = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const report = (error: unknown, changed: object = {}): number =>
  reportFailure(error, { debug: false, json: false, ...changed });

test.each(ERROR_CODES)('%s has its exit code and its message on stderr', (code) => {
  expect(report(new DcacheError(code, 'what happened'))).toBe(ERRORS[code].exitCode);
  expect(stderr).toContain('what happened\n');
  expect(stdout).toBe('');
});

test('a definite no is no error', () => {
  expect(report(new NegativeAnswer('no such key: fruit'))).toBe(1);
  expect(stderr).toBe('no such key: fruit\n');
});

test('a defect is called one, and its stack is shown only with --debug', () => {
  const defect = new TypeError('x is not a function');
  expect(report(defect)).toBe(70);
  expect(stderr).toBe('error: x is not a function\nThis is a defect of dcache. --debug shows where it happened.\n');
  stderr = '';
  report(defect, { debug: true });
  expect(stderr).toContain('    at ');
});

test('with --json the error is on stdout, for programs', () => {
  expect(report(new DcacheError('OVERLOADED', 'slow down'), { json: true })).toBe(3);
  expect(JSON.parse(stdout)).toEqual({
    error: { code: 'OVERLOADED', message: 'slow down', outcome: 'not-done', retryable: true },
  });
  expect(stderr).toBe('');
});

test('what oclif could not make sense of is a usage error, without its colours and extra lines', () => {
  expect(report(new Errors.CLIError('Nonexistent flag: \u001b[31m--bogus\u001b[39m\nSee more help with --help'))).toBe(
    2,
  );
  expect(stderr).toMatch(/^error: Nonexistent flag: --bogus\nSee: dcache .*--help\n$/);
});

test('an exit that a command asked for is left alone', () => {
  expect(report(new Errors.ExitError(0))).toBe(0);
  expect(stderr).toBe('');
});
