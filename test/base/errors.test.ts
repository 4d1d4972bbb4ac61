import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { DcacheError, ERRORS, ERROR_CODES, EXIT_CODES, asDcacheError, isErrorCode } from '../../src/base/errors.js';

const README = new URL('../../README.md', import.meta.url);
const PROTO = readFileSync(new URL('../../proto/dcache/v1/kv.proto', import.meta.url), 'utf8');

describe('every row of the table', () => {
  test.each(ERROR_CODES)('%s has a gRPC status that gRPC knows', (code) => {
    expect(status).toHaveProperty(ERRORS[code].grpcStatus);
  });

  test.each(ERROR_CODES)('%s has a documented exit code that says failure', (code) => {
    const documented: readonly number[] = EXIT_CODES.map(({ exitCode }) => exitCode);
    expect(documented).toContain(ERRORS[code].exitCode);
    expect(ERRORS[code].exitCode).not.toBe(0);
  });

  test.each(ERROR_CODES)('%s is not retried by itself when a write may have happened', (code) => {
    expect(ERRORS[code].retryable && ERRORS[code].outcome === 'unknown').toBe(false);
  });

  test.each(ERROR_CODES)('%s has a meaning of its own, in a sentence', (code) => {
    const { meaning } = ERRORS[code];
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    expect(ERROR_CODES.filter((other) => ERRORS[other].meaning === meaning)).toEqual([code]);
  });
});

test('an exit code means one thing', () => {
  expect(new Set(EXIT_CODES.map(({ exitCode }) => exitCode)).size).toBe(EXIT_CODES.length);
});

describe('the table in kv.proto', () => {
  const rows = [...PROTO.matchAll(/^\/\/ {3}([A-Z_]+) +([A-Z_]+) +(not done|perhaps done) +(yes|no)$/gm)];

  test('says of every code what the code says', () => {
    const expected = ERROR_CODES.map((code) => {
      const { grpcStatus, outcome, retryable } = ERRORS[code];
      return [code, grpcStatus, outcome === 'not-done' ? 'not done' : 'perhaps done', retryable ? 'yes' : 'no'];
    });
    expect(rows.map((match) => match.slice(1))).toEqual(expected);
  });
});

describe('the README', () => {
  const readme = readFileSync(README, 'utf8');
  const section = (name: string): string =>
    new RegExp(`<!-- ${name} -->(.*)<!-- ${name}stop -->`, 's').exec(readme)?.[1] ?? '';

  test.each(ERROR_CODES)('has a row for %s', (code) => {
    expect(section('errors')).toContain(`| \`${code}\` | ${ERRORS[code].meaning} |`);
  });

  test('has no row for a code that is gone', () => {
    const rows = [...section('errors').matchAll(/^\| `([A-Z_]+)`/gm)].map((match) => match[1]);
    expect(rows).toEqual(ERROR_CODES);
  });

  test.each(EXIT_CODES)('has a row for exit code $exitCode', ({ exitCode, meaning }) => {
    expect(section('exit-codes')).toContain(`| ${exitCode} | ${meaning} |`);
  });
});

describe('a DcacheError', () => {
  test('takes outcome, retryability and exit code from the table', () => {
    const error = new DcacheError('NO_LEADER', 'n2 and n3 answer, neither leads');
    expect(error).toMatchObject({ outcome: 'not-done', retryable: true, exitCode: 3, message: /neither leads/ });
  });

  test('keeps its cause', () => {
    const cause = new Error('EADDRINUSE');
    expect(new DcacheError('PORT_IN_USE', 'port 7101 is taken', { cause }).cause).toBe(cause);
  });
});

describe('asDcacheError', () => {
  test('leaves a DcacheError as it is', () => {
    const error = new DcacheError('OVERLOADED', 'full');
    expect(asDcacheError(error)).toBe(error);
  });

  test('makes anything else an INTERNAL error with the original as its cause', () => {
    const cause = new TypeError('x is undefined');
    expect(asDcacheError(cause)).toMatchObject({ code: 'INTERNAL', message: 'x is undefined', cause });
    expect(asDcacheError('text')).toMatchObject({ code: 'INTERNAL', message: 'text', cause: 'text' });
  });
});

test('isErrorCode knows the codes and nothing that an object merely inherits', () => {
  expect(ERROR_CODES.every(isErrorCode)).toBe(true);
  expect(['toString', 'constructor', 'NOPE', ''].some(isErrorCode)).toBe(false);
});
