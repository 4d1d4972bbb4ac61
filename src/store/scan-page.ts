/**
 * One page of a scan over a segment store, in tag order (scan.ts says why a key that is there throughout comes exactly once).
 * A page ends at its number of keys or bytes, even between keys of one tag, or when it has looked at enough of the index:
 * then it may be empty and is not the last. Where segments are without their raw bytes (ecc mode), it ends before the first
 * tag that lies in one of them.
 *
 *   cursor := tag(4 bytes, big-endian) key      where the next page begins: behind `key` under `tag`, with its first
 *                                               key if `key` is empty
 */
import { assert } from '../base/assert.js';
import { MalformedBytes } from '../base/byte-reader.js';
import { concatBytes, EMPTY_BYTES } from '../base/bytes.js';
import { LIMITS } from '../base/limits.js';
import { IndexCursor } from './hash-index.js';
import { segmentOf } from './layout.js';
import { RECORD_FRAGMENT, RecordView } from './record.js';
import type { ReadReply, ReadRequest, ScanEntry } from './requests.js';
import type { SegmentStore } from './segment-store.js';
import { timeLeftMs } from './write-rules.js';

export type ScanRequest = Extract<ReadRequest, { type: 'scan' }>;
export type ScanReply = Extract<ReadReply, { type: 'scan' }>;

interface Position {
  readonly tag: number;
  /** Keys of the tag up to this one, in byte order, have been walked. */
  readonly after: Uint8Array;
}

const LOWEST_TAG = -(2 ** 31);
const START: Position = { tag: LOWEST_TAG, after: EMPTY_BYTES };
const TAG_BYTES = 4;
/** Segments that a page which cannot go on names, so that they are fetched together. */
const MAX_MISSING = 8;

export interface PartialPage {
  /** What could be read; its cursor goes on behind that. */
  readonly reply: ScanReply;
  /** Segments whose bytes are needed to go on, a few at a time; empty when it was not for them that the page ended. */
  readonly missing: readonly number[];
}

/**
 * A page of a store that has the bytes of all its segments.
 * @param nowMs tells the time left; what exists is decided by the store's clock. Everything in the reply is the caller's.
 * @throws MalformedBytes for a cursor that no scan has given.
 */
export function scanPage(store: SegmentStore, request: ScanRequest, nowMs: number): ScanReply {
  const { reply, missing } = scanHeld(store, request, nowMs);
  assert(missing.length === 0, 'the store has the bytes of all its segments');
  return reply;
}

/** As `scanPage`, as far as the bytes of segments are here. */
export function scanHeld(store: SegmentStore, request: ScanRequest, nowMs: number): PartialPage {
  const { index } = store.partition;
  const start = request.cursor.length === 0 ? START : decodePosition(request.cursor);
  const page = new Page(store, request, nowMs);
  const cursor = new IndexCursor();
  const record = new RecordView();
  let looks = 0;
  let more = index.seek(cursor, start.tag);
  while (more) {
    const { tag } = cursor;
    let after = tag === start.tag ? start.after : EMPTY_BYTES;
    if (looks >= LIMITS.maxScanLooks) return page.upTo({ tag, after });
    const keys: Uint8Array[] = [];
    for (; more && cursor.tag === tag; more = index.advance(cursor)) {
      looks++;
      if (!isHeld(store, cursor.location)) return page.upTo({ tag, after }, missingFrom(store, cursor));
      store.partition.readAt(cursor.location, record);
      if (isWanted(record, request.prefix, store.clockMs)) keys.push(record.key().slice());
    }
    if (keys.length > 1) keys.sort(compareBytes);
    for (const key of keys) {
      if (compareBytes(key, after) <= 0) continue;
      if (!page.add(key)) return page.upTo({ tag, after }, page.missing);
      after = key;
    }
  }
  return page.upTo(undefined);
}

function isHeld(store: SegmentStore, location: number): boolean {
  return store.partition.table.get(segmentOf(location)).isRaw;
}

/** The segments without bytes that the entries from the cursor on lie in. Moves the cursor. */
function missingFrom(store: SegmentStore, cursor: IndexCursor): number[] {
  const missing = new Set<number>();
  let more = true;
  for (let looks = 0; more && looks < LIMITS.maxScanPage && missing.size < MAX_MISSING; looks++) {
    if (!isHeld(store, cursor.location)) missing.add(segmentOf(cursor.location));
    more = store.partition.index.advance(cursor);
  }
  return [...missing];
}

class Page {
  private readonly store: SegmentStore;
  private readonly request: ScanRequest;
  private readonly nowMs: number;
  private readonly entries: ScanEntry[] = [];
  private bytes = 0;
  /** What kept the last key out. */
  missing: readonly number[] = [];

  constructor(store: SegmentStore, request: ScanRequest, nowMs: number) {
    this.store = store;
    this.request = request;
    this.nowMs = nowMs;
  }

  /** False when the page is full without the key, or its value is not here. The first key always fits. */
  add(key: Uint8Array): boolean {
    const { store, request, entries } = this;
    if (entries.length >= request.limit) return false;
    const found = store.lookUp(key, store.clockMs);
    assert(found === 'hit', 'a key that was just read is there');
    const { entry } = store;
    const bytes = key.length + (request.withValues ? entry.valueBytes : 0);
    if (request.withValues) this.missing = entry.missingSegments(MAX_MISSING);
    if (this.missing.length > 0) return false;
    if (entries.length > 0 && this.bytes + bytes > LIMITS.maxScanPageBytes) return false;
    this.bytes += bytes;
    const ttlMs = timeLeftMs(entry.expiresAtMs === 0 ? Infinity : entry.expiresAtMs, this.nowMs);
    const { version } = entry;
    entries.push({ key, value: request.withValues ? entry.copyOfValue() : EMPTY_BYTES, version, ttlMs });
    return true;
  }

  /** @param next where the next page begins; undefined: this one is the last. */
  upTo(next: Position | undefined, missing: readonly number[] = []): PartialPage {
    const cursor = next === undefined ? EMPTY_BYTES : encodePosition(next);
    return { reply: { type: 'scan', entries: this.entries, cursor }, missing };
  }
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

function encodePosition({ tag, after }: Position): Uint8Array {
  const head = new Uint8Array(TAG_BYTES);
  new DataView(head.buffer).setInt32(0, tag);
  return concatBytes([head, after]);
}

function decodePosition(cursor: Uint8Array): Position {
  if (cursor.length < TAG_BYTES) throw new MalformedBytes('a cursor that no scan has given');
  const tag = new DataView(cursor.buffer, cursor.byteOffset, TAG_BYTES).getInt32(0);
  return { tag, after: cursor.subarray(TAG_BYTES) };
}
