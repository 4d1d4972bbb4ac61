/**
 * How writes are decided, whatever the store keeps its values in: conditions, lifetimes, the arithmetic of increments, the limit
 * of appends. Pure functions of the request, the newest value of the key and the log's time.
 */
import { assertNever } from '../base/assert.js';
import { LIMITS } from '../base/limits.js';
import { decodeInteger, isInt64 } from './integer-value.js';
import type { Condition, Lifetime, Rejection } from './requests.js';

/** What a write is decided on: the newest value of its key that is not over. */
export interface Present {
  readonly version: number;
  /** Infinity when the key lives for ever. */
  readonly expiresAtMs: number;
}

/** @param before undefined when the key does not exist. */
export function conditionHolds(condition: Condition, before: Present | undefined): boolean {
  switch (condition.type) {
    case 'always':
      return true;
    case 'absent':
      return before === undefined;
    case 'present':
      return before !== undefined;
    case 'version':
      return before?.version === condition.version;
    default:
      return assertNever(condition, 'condition');
  }
}

/** When a key written at `timeMs` of the log stops existing; Infinity: never. */
export function expiryOf(lifetime: Lifetime, before: Present | undefined, timeMs: number): number {
  switch (lifetime.type) {
    case 'forever':
      return Infinity;
    case 'keep':
      return before?.expiresAtMs ?? Infinity;
    case 'ttl':
      return timeMs + lifetime.ttlMs;
    default:
      return assertNever(lifetime, 'lifetime');
  }
}

/** The integer after an increment of `before`, undefined for a missing key, which counts as 0; or why there is none. */
export function incremented(before: Uint8Array | undefined, delta: bigint): bigint | Rejection {
  const current = before === undefined ? 0n : decodeInteger(before);
  if (current === undefined) {
    return rejected('INVALID_ARGUMENT', 'the value is not a 64-bit decimal integer; set the key to one first');
  }
  const value = current + delta;
  return isInt64(value) ? value : rejected('INVALID_ARGUMENT', `${current} + ${delta} does not fit 64 bits`);
}

/** Why an append that makes a value of `valueBytes` is refused; undefined if it is not. */
export function appendRefusal(valueBytes: number): Rejection | undefined {
  if (valueBytes <= LIMITS.maxValueBytes) return undefined;
  return rejected(
    'VALUE_TOO_LARGE',
    `the value would have ${valueBytes} bytes, at most ${LIMITS.maxValueBytes} are allowed`,
  );
}

/** Null for ever. At least 1: a key whose time has run out by this node's clock exists until the log says otherwise. */
export function timeLeftMs(expiresAtMs: number, nowMs: number): number | null {
  return expiresAtMs === Infinity ? null : Math.max(1, expiresAtMs - nowMs);
}

export function rejected(code: Rejection['code'], message: string): Rejection {
  return { type: 'rejected', code, message };
}
