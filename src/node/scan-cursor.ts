/**
 * Cursors of scans as clients see them: the store's cursor behind a mark of the scan that it belongs to. A store takes
 * every cursor at its word, so one of another cluster, of another prefix, or one made up, must not reach it.
 *
 *   cursor := format(1 byte) mark(4 bytes) cursor of the store      mark := FNV-1a of cluster id, prefix and store's cursor
 */
import { DcacheError } from '../base/errors.js';
import { concatBytes, EMPTY_BYTES } from '../base/bytes.js';
import { Fnv32 } from '../base/fnv.js';

const FORMAT = 1;
const MARK_AT = 1;
const INNER_AT = 5;

/** What a client gets for the store's cursor; empty stays empty. */
export function sealCursor(cursor: Uint8Array, clusterId: string, prefix: Uint8Array): Uint8Array {
  if (cursor.length === 0) return EMPTY_BYTES;
  return concatBytes([Uint8Array.of(FORMAT), markOf(cursor, clusterId, prefix), cursor]);
}

/** The store's cursor in what a client sent, borrowed from it. Throws INVALID_ARGUMENT when it is of another scan. */
export function openCursor(cursor: Uint8Array, clusterId: string, prefix: Uint8Array): Uint8Array {
  if (cursor.length === 0) return EMPTY_BYTES;
  const inner = cursor.subarray(INNER_AT);
  const mark = markOf(inner, clusterId, prefix);
  if (cursor[0] !== FORMAT || inner.length === 0 || mark.some((byte, i) => cursor[MARK_AT + i] !== byte)) {
    throw new DcacheError(
      'INVALID_ARGUMENT',
      'the cursor is not one of a scan of this prefix in this cluster; begin again with an empty one',
    );
  }
  return inner;
}

function markOf(cursor: Uint8Array, clusterId: string, prefix: Uint8Array): Uint8Array {
  const mark = new Fnv32().text(clusterId).number(prefix.length).bytes(prefix).bytes(cursor).hex();
  return Uint8Array.from({ length: 4 }, (_, i) => Number.parseInt(mark.slice(2 * i, 2 * i + 2), 16));
}
