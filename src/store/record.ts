/**
 * A record as it lies in a segment:
 *
 *   flags 1 | key length varint | value length varint | version 6 | [expiry 6] | [fragment number 4] | key | value | zeros
 *
 * Integers are little-endian. At most 12 bytes of header without expiry for keys below 16 KiB and values below 2 MiB.
 * A record takes a multiple of 4 bytes, at least 16. Flags are never 0, so zeros after the last record read as an end.
 * Records are never changed in place: sealed segments are checksummed and coded.
 */
import { assert } from '../base/assert.js';
import { EMPTY_BYTES } from '../base/bytes.js';
import { SPAN_BYTES, UNIT_BYTES } from './layout.js';

/** `value`: key and its value. `head`: key and the description of fragments. `fragment`: one piece of a large value. */
export const RECORD_VALUE = 1;
export const RECORD_HEAD = 2;
export const RECORD_FRAGMENT = 3;
export type RecordKind = typeof RECORD_VALUE | typeof RECORD_HEAD | typeof RECORD_FRAGMENT;

const KIND_MASK = 3;
const HAS_EXPIRY = 4;
const TWO_16 = 2 ** 16;
const TWO_32 = 2 ** 32;
/** Versions and times are 48-bit: 89 centuries of milliseconds. */
export const MAX_48_BITS = 2 ** 48 - 1;

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4;
}

function headerBytes(kind: RecordKind, keyBytes: number, valueBytes: number, expires: boolean): number {
  return 7 + varintBytes(keyBytes) + varintBytes(valueBytes) + (expires ? 6 : 0) + (kind === RECORD_FRAGMENT ? 4 : 0);
}

/** Bytes that a record takes in a segment. */
export function recordBytes(kind: RecordKind, keyBytes: number, valueBytes: number, expires: boolean): number {
  const bytes = headerBytes(kind, keyBytes, valueBytes, expires) + keyBytes + valueBytes;
  return Math.max(SPAN_BYTES, (bytes + UNIT_BYTES - 1) & -UNIT_BYTES);
}

/** Largest value that a record of at most `roomBytes` can hold, or a negative number. */
export function largestValueBytes(kind: RecordKind, keyBytes: number, roomBytes: number, expires: boolean): number {
  return (roomBytes & -UNIT_BYTES) - headerBytes(kind, keyBytes, roomBytes, expires) - keyBytes;
}

/** Writes a record at `at` of `target`, which has room and is zero there; returns the bytes it takes. */
export function writeRecord(
  target: Uint8Array,
  at: number,
  kind: RecordKind,
  key: Uint8Array,
  value: Uint8Array,
  version: number,
  expiresAtMs: number,
  number: number,
): number {
  const keyBytes = key.length;
  const valueBytes = value.length;
  const expires = expiresAtMs > 0;
  const size = recordBytes(kind, keyBytes, valueBytes, expires);
  assert(at + size <= target.length, 'a record is written where there is room');
  target[at] = kind | (expires ? HAS_EXPIRY : 0);
  let cursor = writeVarint(target, at + 1, keyBytes);
  cursor = writeVarint(target, cursor, valueBytes);
  cursor = write48(target, cursor, version);
  if (expires) cursor = write48(target, cursor, expiresAtMs);
  if (kind === RECORD_FRAGMENT) {
    target[cursor] = number;
    target[cursor + 1] = number >>> 8;
    target[cursor + 2] = number >>> 16;
    target[cursor + 3] = number >>> 24;
    cursor += 4;
  }
  copyBytes(key, target, cursor);
  copyBytes(value, target, cursor + keyBytes);
  return size;
}

/**
 * A record read in place. One instance is reused for many records, so reading allocates nothing: a caller that needs a
 * field later copies it first. `bytes` is borrowed from the segment and valid until the next change to the store.
 */
export class RecordView {
  bytes: Uint8Array = EMPTY_BYTES;
  kind: number = RECORD_VALUE;
  /** Bytes that the record takes in its segment. */
  sizeBytes = 0;
  keyStart = 0;
  keyEnd = 0;
  valueEnd = 0;
  version = 0;
  /** 0: never. */
  expiresAtMs = 0;
  /** Of a fragment, else 0. */
  number = 0;

  get valueBytes(): number {
    return this.valueEnd - this.keyEnd;
  }

  /** Reads the record at `at`, where one begins. */
  read(bytes: Uint8Array, at: number): void {
    this.bytes = bytes;
    const flags = bytes[at] ?? 0;
    const kind = flags & KIND_MASK;
    this.kind = kind;
    let cursor = at + 1;
    let byte = bytes[cursor++] ?? 0;
    let keyBytes = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[cursor++] ?? 0;
      keyBytes |= (byte & 0x7f) << shift;
    }
    byte = bytes[cursor++] ?? 0;
    let valueBytes = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[cursor++] ?? 0;
      valueBytes |= (byte & 0x7f) << shift;
    }
    this.version = read48(bytes, cursor);
    cursor += 6;
    this.expiresAtMs = 0;
    if ((flags & HAS_EXPIRY) !== 0) {
      this.expiresAtMs = read48(bytes, cursor);
      cursor += 6;
    }
    this.number = 0;
    if (kind === RECORD_FRAGMENT) {
      this.number =
        (bytes[cursor] ?? 0) |
        ((bytes[cursor + 1] ?? 0) << 8) |
        ((bytes[cursor + 2] ?? 0) << 16) |
        ((bytes[cursor + 3] ?? 0) << 24);
      cursor += 4;
    }
    this.keyStart = cursor;
    this.keyEnd = cursor + keyBytes;
    this.valueEnd = this.keyEnd + valueBytes;
    this.sizeBytes = Math.max(SPAN_BYTES, (this.valueEnd - at + UNIT_BYTES - 1) & -UNIT_BYTES);
  }

  /** Whether it ends within `length` bytes. What comes from elsewhere need not: key and value are not to be looked at then. */
  endsWithin(length: number): boolean {
    return this.keyStart <= this.keyEnd && this.keyEnd <= this.valueEnd && this.valueEnd <= length;
  }

  keyEquals(key: Uint8Array, start: number, end: number): boolean {
    const bytes = this.bytes;
    let at = this.keyStart;
    if (this.keyEnd - at !== end - start) return false;
    for (let i = start; i < end; i++, at++) if (bytes[at] !== key[i]) return false;
    return true;
  }

  /** The key, borrowed: valid until the next change to the store. */
  key(): Uint8Array {
    return this.bytes.subarray(this.keyStart, this.keyEnd);
  }

  /** The value, borrowed: valid until the next change to the store. */
  value(): Uint8Array {
    return this.bytes.subarray(this.keyEnd, this.valueEnd);
  }
}

/** Below this a loop is faster than the call into the engine. */
const COPY_BY_LOOP_BYTES = 48;
/** By words the loop pays for longer, and the engine's call needs a view, which is garbage. */
const COPY_BY_LOOP_WORDS = 320;

/** Copies all of `source` to `target` at `at`. */
export function copyBytes(source: Uint8Array, target: Uint8Array, at: number): void {
  const length = source.length;
  if (length > COPY_BY_LOOP_BYTES) {
    target.set(source, at);
    return;
  }
  for (let i = 0; i < length; i++) target[at + i] = source[i] ?? 0;
}

/** Copies `count` words of `source` from `start` on to `target` at `at`. */
export function copyWords(source: Int32Array, start: number, count: number, target: Int32Array, at: number): void {
  if (count > COPY_BY_LOOP_WORDS) {
    target.set(source.subarray(start, start + count), at);
    return;
  }
  for (let i = 0; i < count; i++) target[at + i] = source[start + i] ?? 0;
}

function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  let cursor = at;
  while (rest >= 0x80) {
    target[cursor++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[cursor++] = rest;
  return cursor;
}

export function write48(target: Uint8Array, at: number, value: number): number {
  const high = Math.floor(value / TWO_32);
  const low = value - high * TWO_32;
  target[at] = low;
  target[at + 1] = low >>> 8;
  target[at + 2] = low >>> 16;
  target[at + 3] = low >>> 24;
  target[at + 4] = high;
  target[at + 5] = high >>> 8;
  return at + 6;
}

export function read48(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  const high =
    (bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8) | ((bytes[at + 4] ?? 0) << 16) | ((bytes[at + 5] ?? 0) << 24);
  return (high >>> 0) * TWO_16 + low;
}
