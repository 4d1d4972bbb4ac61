/**
 * Ends the values of a store a few at a time, in tag order: a flush that lies in a log as many small entries. Keys that are
 * written meanwhile ahead of where it stands go as well, those behind it stay; each was written while the flush was under way.
 */
import { IndexCursor } from './hash-index.js';
import { segmentOf } from './layout.js';
import { RECORD_FRAGMENT, RecordView } from './record.js';
import type { SegmentStore } from './segment-store.js';
import { neededFor } from './segments-needed.js';

export interface RemovedKeys {
  readonly removed: number;
  /** Where to go on; undefined when no key is left from there on. */
  readonly nextTag: number | undefined;
  /** Segments without their bytes (ecc mode) that are needed to go on. */
  readonly missing: readonly number[];
}

/** Removes up to `limit` keys with tags from `fromTag` on. */
export function removeKeys(store: SegmentStore, fromTag: number, limit: number): RemovedKeys {
  const { partition, values } = store;
  const record = new RecordView();
  const { keys, end, missing } = keysFrom(store, fromTag, limit, record);
  let removed = 0;
  for (const { tag, location } of keys) {
    partition.readAt(location, record);
    if (!values.isWhole(tag, record)) {
      return { removed, nextTag: tag, missing: [...neededFor(partition, record.key().slice(), true)] };
    }
    values.remove(tag, location, record, 'delete');
    removed++;
  }
  return { removed, nextTag: end, missing };
}

interface FoundKeys {
  readonly keys: readonly { readonly tag: number; readonly location: number }[];
  /** Tag of the first entry that was not looked at. */
  readonly end: number | undefined;
  readonly missing: readonly number[];
}

function keysFrom(store: SegmentStore, fromTag: number, limit: number, record: RecordView): FoundKeys {
  const { partition } = store;
  const cursor = new IndexCursor();
  const keys: { tag: number; location: number }[] = [];
  for (let more = partition.index.seek(cursor, fromTag); more; more = partition.index.advance(cursor)) {
    const { tag, location } = cursor;
    const segment = partition.table.get(segmentOf(location));
    if (!segment.isRaw) return { keys, end: tag, missing: keys.length === 0 ? [segment.number] : [] };
    partition.readAt(location, record);
    if (record.kind === RECORD_FRAGMENT) continue;
    if (keys.length >= limit) return { keys, end: tag, missing: [] };
    keys.push({ tag, location });
  }
  return { keys, end: undefined, missing: [] };
}
