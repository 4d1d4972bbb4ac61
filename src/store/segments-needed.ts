/**
 * Which segments have to be at hand before a request can be decided, in ecc mode, where a node that leads a partition in place of
 * its data holder has dropped the bytes of what it has folded. They are rebuilt (a degraded read), and the request starts again:
 * with the key at hand, its value may turn out to need more. With all bytes here, as in raft mode, the answer is always none.
 */
import { LIMITS } from '../base/limits.js';
import { decodeHeadValue } from './fragments.js';
import { IndexCursor } from './hash-index.js';
import { type Location, segmentOf } from './layout.js';
import type { PartitionStore } from './partition-store.js';
import { RECORD_FRAGMENT, RECORD_HEAD, RecordView } from './record.js';
import type { KvRequest, ReadRequest } from './requests.js';
import { decodePosition } from './scan-cursor.js';
import type { SegmentStore } from './segment-store.js';

/** Segments that one page of a scan asks for, about: it reads ahead, since keys that follow each other lie anywhere. */
const SEGMENTS_A_PAGE = 8;

/**
 * Numbers of sealed segments without raw bytes, those needed first before others; empty: the request can be decided now. Of a scan,
 * one page; with some of what it needs it may be shorter. Changes nothing.
 */
export function segmentsNeeded(store: SegmentStore, request: KvRequest): number[] {
  if (store.partition.table.droppedCount === 0) return [];
  switch (request.type) {
    case 'count':
    case 'flush':
      return [];
    case 'scan':
      return [...neededForPage(store.partition, request)];
    case 'inspect':
      return [...neededFor(store.partition, request.key, false)];
    default:
      return [...neededFor(store.partition, request.key, true)];
  }
}

/** What it takes to find the record of `key`, and then, `withFragments`, all of its value. */
export function neededFor(partition: PartitionStore, key: Uint8Array, withFragments: boolean): Set<number> {
  const needed = new Set<number>();
  const tag = partition.hash.keyTag(key, 0, key.length);
  if (partition.find(tag, key, 0, key.length) === 0) {
    // Any record with the tag whose bytes are elsewhere may be that of the key.
    addDropped(partition, tag, needed);
    return needed;
  }
  if (!withFragments || partition.found.kind !== RECORD_HEAD) return needed;
  const { version, count } = decodeHeadValue(partition.found);
  for (let number = 0; number < count; number++) {
    if (partition.findFragment(key, tag, version, number) !== 0) continue;
    addDropped(partition, partition.hash.fragmentTag(tag, version, number), needed);
  }
  return needed;
}

function addDropped(partition: PartitionStore, tag: number, needed: Set<number>): void {
  const { index, table } = partition;
  for (let location: Location = index.first(tag); location !== 0; location = index.next(tag)) {
    if (!table.get(segmentOf(location)).isRaw) needed.add(segmentOf(location));
  }
}

/** What the next page takes: for its first tag in any case, and for as many keys as it may have. */
function neededForPage(partition: PartitionStore, request: Extract<ReadRequest, { type: 'scan' }>): Set<number> {
  const { index, table } = partition;
  const needed = new Set<number>();
  const cursor = new IndexCursor();
  const record = new RecordView();
  let firstTag: number | undefined;
  let keys = 0;
  let looks = 0;
  for (
    let more = index.seek(cursor, decodePosition(request.cursor).tag);
    more && looks < LIMITS.maxScanLooks;
    more = index.advance(cursor)
  ) {
    looks++;
    firstTag ??= cursor.tag;
    const isEnough = needed.size >= SEGMENTS_A_PAGE || keys >= request.limit;
    if (isEnough && cursor.tag !== firstTag) return needed;
    const number = segmentOf(cursor.location);
    if (!table.get(number).isRaw) {
      needed.add(number);
    } else {
      partition.readAt(cursor.location, record);
      if (record.kind === RECORD_FRAGMENT) continue;
      keys++;
      if (request.withValues && record.kind === RECORD_HEAD) {
        for (const each of neededFor(partition, record.key().slice(), true)) needed.add(each);
      }
    }
  }
  return needed;
}
