/**
 * Values too large for one record. The value lies in fragments 0..count-1, found in the index by (key, version, number);
 * the record under the key itself, the head, says where they belong together:
 *
 *   version of the fragments 6 | count 4 | length of the whole value 6
 *
 * The head's own version may be newer: changing an expiry writes a new head over the same fragments.
 */
import { type RecordView, read48, write48 } from './record.js';

export const HEAD_VALUE_BYTES = 16;

export interface HeadValue {
  readonly version: number;
  readonly count: number;
  readonly valueBytes: number;
}

export function encodeHeadValue(head: HeadValue): Uint8Array {
  const bytes = new Uint8Array(HEAD_VALUE_BYTES);
  write48(bytes, 0, head.version);
  new DataView(bytes.buffer).setUint32(6, head.count, true);
  write48(bytes, 10, head.valueBytes);
  return bytes;
}

/** Reads the head's value in `view`, whose kind is `head`. */
export function decodeHeadValue(view: RecordView): HeadValue {
  const { bytes, keyEnd } = view;
  return {
    version: read48(bytes, keyEnd),
    count: new DataView(bytes.buffer, bytes.byteOffset + keyEnd + 6, 4).getUint32(0, true),
    valueBytes: read48(bytes, keyEnd + 10),
  };
}
