/**
 * Where a page of a scan begins, in the order of tags and, under one tag, of keys.
 *
 *   cursor := tag(4 bytes, big-endian) key      behind `key` under `tag`, with its first key if `key` is empty
 */
import { MalformedBytes } from '../base/byte-reader.js';
import { concatBytes, EMPTY_BYTES } from '../base/bytes.js';

export interface ScanPosition {
  readonly tag: number;
  /** Keys of the tag up to this one, in byte order, have been walked. */
  readonly after: Uint8Array;
}

const LOWEST_TAG = -(2 ** 31);
const START: ScanPosition = { tag: LOWEST_TAG, after: EMPTY_BYTES };
const TAG_BYTES = 4;

export function encodePosition({ tag, after }: ScanPosition): Uint8Array {
  const head = new Uint8Array(TAG_BYTES);
  new DataView(head.buffer).setInt32(0, tag);
  return concatBytes([head, after]);
}

/** An empty cursor is that of the first page. @throws MalformedBytes */
export function decodePosition(cursor: Uint8Array): ScanPosition {
  if (cursor.length === 0) return START;
  if (cursor.length < TAG_BYTES) throw new MalformedBytes('a cursor that no scan has given');
  const tag = new DataView(cursor.buffer, cursor.byteOffset, TAG_BYTES).getInt32(0);
  return { tag, after: cursor.subarray(TAG_BYTES) };
}
