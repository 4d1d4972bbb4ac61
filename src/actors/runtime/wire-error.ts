/**
 * Errors between threads. Structured clone would turn a DcacheError into a plain Error without its code.
 */
import { DcacheError, isErrorCode } from '../../base/errors.js';

/** Causes deeper than this are dropped: they are for people, and a cycle must end. */
const MAX_CAUSES = 4;

export interface WireError {
  /** Of a DcacheError; empty for any other error. */
  readonly code: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly cause?: WireError;
}

export function encodeError(error: unknown, causes = MAX_CAUSES): WireError {
  if (!(error instanceof Error)) return { code: '', name: 'Error', message: String(error), stack: '' };
  const wire = {
    code: error instanceof DcacheError ? error.code : '',
    name: error.name,
    message: error.message,
    stack: error.stack ?? '',
  };
  return error.cause === undefined || causes === 0 ? wire : { ...wire, cause: encodeError(error.cause, causes - 1) };
}

/** The error with the class, code, message, stack and causes that it had where it was thrown. */
export function decodeError(wire: WireError): Error {
  const options = wire.cause === undefined ? {} : { cause: decodeError(wire.cause) };
  const error = isErrorCode(wire.code)
    ? new DcacheError(wire.code, wire.message, options)
    : Object.assign(new Error(wire.message, options), { name: wire.name });
  error.stack = wire.stack;
  return error;
}
