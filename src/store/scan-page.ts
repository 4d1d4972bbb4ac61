/**
 * One page of a scan over a segment store, in tag order (scan.ts says why a key that is there throughout comes exactly once).
 * A page ends at its number of keys or bytes, even between keys of one tag, or when it has looked at enough of the index:
 * then it may be empty and is not the last.
 * In ecc mode it also ends before the first key whose bytes are elsewhere; `segmentsNeeded` tells what to fetch for the next.
 */
import { assert } from '../base/assert.js';
import { EMPTY_BYTES } from '../base/bytes.js';
import { LIMITS } from '../base/limits.js';
import { IndexCursor } from './hash-index.js';
import { segmentOf } from './layout.js';
import { RECORD_FRAGMENT, RecordView } from './record.js';
import type { ReadReply, ReadRequest, ScanEntry } from './requests.js';
import { decodePosition, encodePosition, type ScanPosition } from './scan-cursor.js';
import type { SegmentStore } from './segment-store.js';
import { neededFor } from './segments-needed.js';
import { timeLeftMs } from './write-rules.js';

export type ScanRequest = Extract<ReadRequest, { type: 'scan' }>;
export type ScanReply = Extract<ReadReply, { type: 'scan' }>;

/** @param nowMs tells the time left; what exists is decided by the store's clock. Everything in the reply is the caller's. */
export function scanPage(store: SegmentStore, request: ScanRequest, nowMs: number): ScanReply {
  const { index, table } = store.partition;
  const start = decodePosition(request.cursor);
  const page = new Page(store, request, nowMs);
  const cursor = new IndexCursor();
  const record = new RecordView();
  let looks = 0;
  let isFirst = true;
  let more = index.seek(cursor, start.tag);
  while (more) {
    const { tag } = cursor;
    if (looks >= LIMITS.maxScanLooks) return page.reply({ tag, after: EMPTY_BYTES });
    const after = tag === start.tag ? start.after : EMPTY_BYTES;
    const keys: Uint8Array[] = [];
    let isHere = true;
    for (; more && cursor.tag === tag; more = index.advance(cursor)) {
      looks++;
      if (!table.get(segmentOf(cursor.location)).isRaw) {
        isHere = false;
        continue;
      }
      store.partition.readAt(cursor.location, record);
      if (isWanted(record, request.prefix, store.clockMs)) keys.push(record.key().slice());
    }
    if (keys.length > 1) keys.sort(compareBytes);
    if (!isHere || (table.droppedCount > 0 && request.withValues && !keys.every((key) => isWhole(store, key)))) {
      assert(!isFirst, 'what the first tag of a page needs has been fetched');
      return page.reply({ tag, after });
    }
    isFirst = false;
    let last = after;
    for (const key of keys) {
      if (compareBytes(key, last) <= 0) continue;
      if (!page.add(key)) return page.reply({ tag, after: last });
      last = key;
    }
  }
  return page.reply(undefined);
}

class Page {
  private readonly store: SegmentStore;
  private readonly request: ScanRequest;
  private readonly nowMs: number;
  private readonly entries: ScanEntry[] = [];
  private bytes = 0;

  constructor(store: SegmentStore, request: ScanRequest, nowMs: number) {
    this.store = store;
    this.request = request;
    this.nowMs = nowMs;
  }

  /** False when the page is full without the key. The first key always fits. */
  add(key: Uint8Array): boolean {
    const { store, request, entries } = this;
    if (entries.length >= request.limit) return false;
    const found = store.lookUp(key, store.clockMs);
    // A large value that has lost a fragment is there no more.
    if (found === 'miss') return true;
    assert(found === 'hit', 'a key that was just read is there');
    const { entry } = store;
    const bytes = key.length + (request.withValues ? entry.valueBytes : 0);
    if (entries.length > 0 && this.bytes + bytes > LIMITS.maxScanPageBytes) return false;
    this.bytes += bytes;
    const ttlMs = timeLeftMs(entry.expiresAtMs === 0 ? Infinity : entry.expiresAtMs, this.nowMs);
    const { version } = entry;
    entries.push({ key, value: request.withValues ? entry.copyOfValue() : EMPTY_BYTES, version, ttlMs });
    return true;
  }

  /** @param next where the next page begins; undefined: this one is the last. */
  reply(next: ScanPosition | undefined): ScanReply {
    return { type: 'scan', entries: this.entries, cursor: next === undefined ? EMPTY_BYTES : encodePosition(next) };
  }
}

function isWhole(store: SegmentStore, key: Uint8Array): boolean {
  return neededFor(store.partition, key, true).size === 0;
}

function isWanted(record: RecordView, prefix: Uint8Array, timeMs: number): boolean {
  if (record.kind === RECORD_FRAGMENT) return false;
  if (record.expiresAtMs > 0 && record.expiresAtMs <= timeMs) return false;
  if (record.keyEnd - record.keyStart < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (record.bytes[record.keyStart + i] !== prefix[i]) return false;
  return true;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
