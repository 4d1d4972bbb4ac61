/** What people and scripts are told when a command fails: one message, one exit code, no stack without --debug. */
import { Errors } from '@oclif/core';
import { stripVTControlCharacters } from 'node:util';
import { asDcacheError, DcacheError, EXIT_OK, EXIT_USAGE } from '../base/errors.js';

/** A definite "no" for scripts, such as a missing key: message to stderr, exit code 1. */
export class NegativeAnswer extends DcacheError {
  constructor(message: string) {
    super('NOT_FOUND', message);
  }
}

/** Writes the message and returns the exit code. */
export function reportFailure(error: unknown, { debug, json }: { debug: boolean; json: boolean }): number {
  if (error instanceof Errors.ExitError) return error.oclif.exit ?? EXIT_OK;
  const failure = isUsageError(error) ? usageError(error) : asDcacheError(error);
  if (json) process.stdout.write(`${JSON.stringify(failureAsJson(failure), null, 2)}\n`);
  else process.stderr.write(`${failure.code === 'NOT_FOUND' ? '' : 'error: '}${failure.message}\n`);
  if (debug) process.stderr.write(`${(error instanceof Error && error.stack) || String(error)}\n`);
  else if (failure.code === 'INTERNAL' && !json)
    process.stderr.write('This is a defect of dcache. --debug shows where it happened.\n');
  return failure.code === 'INVALID_ARGUMENT' ? EXIT_USAGE : failure.exitCode;
}

function failureAsJson({ code, message, outcome, retryable }: DcacheError): object {
  return { error: { code, message, outcome, retryable } };
}

/** What oclif throws for flags and arguments that it cannot make sense of. */
function isUsageError(error: unknown): error is Error {
  return error instanceof Errors.CLIError || (error instanceof Error && 'oclif' in error);
}

/** oclif puts hints into lines of their own and colours some. */
function usageError(error: Error): DcacheError {
  const message = stripVTControlCharacters(error.message).replace(/\nSee more help with --help$/, '');
  return new DcacheError('INVALID_ARGUMENT', `${message}\nSee: ${commandLine()} --help`, { cause: error });
}

function commandLine(): string {
  const words = process.argv.slice(2).filter((word) => /^[a-z]+$/.test(word));
  return ['dcache', ...words.slice(0, 2)].join(' ');
}
