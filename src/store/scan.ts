/**
 * Walks the keys of a store in tag order, a page a call. The cursor is the last whole tag that was walked: a key keeps its
 * tag whatever is written, moved or restarted meanwhile, so a key that is there throughout is returned exactly once. All
 * keys of one tag fall in one page.
 */
import { IndexCursor } from './hash-index.js';
import { RECORD_FRAGMENT, type RecordView } from './record.js';
import type { SegmentStore } from './segment-store.js';

/** Every tag up to this one has been walked; good for stores with the same hash seed only. */
export type ScanCursor = number;

const LOWEST_TAG = -(2 ** 31);
export const SCAN_START: ScanCursor = LOWEST_TAG - 1;
/** The highest tag: nothing is left. */
export const SCAN_END: ScanCursor = 2 ** 31 - 1;

/**
 * Calls `visit` for the keys with `prefix` that are not over at `nowMs`, after looking at `limit` entries or, if a tag has
 * more, at one tag's. The record is borrowed for the call, during which the store is not changed. Of a large value it is the
 * head: look the key up for the value. Returns the cursor for the next page, SCAN_END when done.
 */
export function scan(
  store: SegmentStore,
  prefix: Uint8Array,
  from: ScanCursor,
  limit: number,
  nowMs: number,
  visit: (record: RecordView) => void,
): ScanCursor {
  if (from >= SCAN_END) return SCAN_END;
  const partition = store.partition;
  const record = partition.found;
  const cursor = new IndexCursor();
  const time = Math.max(nowMs, store.clockMs);
  let looked = 0;
  let walked = from;
  for (let more = partition.index.seek(cursor, from + 1); more; more = partition.index.advance(cursor)) {
    if (looked >= limit && cursor.tag !== walked) return walked;
    looked++;
    walked = cursor.tag;
    partition.readAt(cursor.location, record);
    if (record.kind === RECORD_FRAGMENT) continue;
    if (record.expiresAtMs > 0 && record.expiresAtMs <= time) continue;
    if (hasPrefix(record, prefix)) visit(record);
  }
  return SCAN_END;
}

function hasPrefix(record: RecordView, prefix: Uint8Array): boolean {
  if (record.keyEnd - record.keyStart < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (record.bytes[record.keyStart + i] !== prefix[i]) return false;
  return true;
}
