/**
 * The records of one store: segments, the index over them, and the commands that change both. Every location is given, nothing
 * is decided here. Replicas that carry out the same commands hold byte-identical stores, on which `hashOfPartition` agrees,
 * though the memory under them, the phase of the index and the pins differ.
 *
 * Appending bytes to an open segment (`append`, `appendCopy`, `appendMove`) and making the record visible (`put`, `move`) are two
 * steps, because in ecc mode a log lies between them: an uncommitted suffix is taken back by `rewind`.
 */
import { assert } from '../base/assert.js';
import { hashBytes } from './byte-hash.js';
import { decodeHeadValue } from './fragments.js';
import { FIRST_TAG, HashIndex, IndexCursor } from './hash-index.js';
import { type HeadlessFragment, HeadlessFragments } from './headless-fragments.js';
import type { KeyHash } from './key-hash.js';
import { type Location, type SegmentLayout, locationAt, offsetOf, segmentOf } from './layout.js';
import type { LocationCommands } from './location-commands.js';
import { RECORD_FRAGMENT, RECORD_HEAD, type RecordKind, RecordView, copyWords, writeRecord } from './record.js';
import type { RecordRefs } from './record-refs.js';
import type { Head, Segment } from './segment.js';
import { type SealedListing, type SegmentFacts, type SegmentImage, SegmentTable } from './segment-table.js';
import type { SlabPool } from './slab-pool.js';

/** What a transfer begins with. `opened` is the largest serial; `headless` the fragments without a head. */
export interface TransferStart {
  readonly opened: number;
  readonly open: readonly SegmentImage[];
  readonly headless: readonly HeadlessFragment[];
}

export class PartitionStore implements LocationCommands {
  readonly table: SegmentTable;
  readonly pool: SlabPool;
  readonly hash: KeyHash;
  index = new HashIndex();
  readonly headless = new HeadlessFragments();
  /**
   * At or before the soonest expiry of every segment. Lowered here whenever a record gets a place, raised by the search for due
   * segments; no part of the state: 0 only costs a search.
   */
  nothingDueBeforeMs = 0;
  /** The record that the last look-up found. Valid until the next look-up or change. */
  readonly found = new RecordView();
  /** After a look-up that found nothing: a record with the same tag whose bytes are not here, 0 if there is none. */
  unsettled: Location = 0;
  /** Whether segments are held against their checksums before they are cleaned or released: in ecc mode. */
  checksBytes = false;
  private readonly scratch = new RecordView();

  constructor(pool: SlabPool, layout: SegmentLayout, hash: KeyHash) {
    this.pool = pool;
    this.table = new SegmentTable(pool, layout);
    this.hash = hash;
  }

  /** Location of the record of `key[start..end)`, described in `found`; 0 if there is none, and see `unsettled`. */
  find(tag: number, key: Uint8Array, start: number, end: number): Location {
    const { index, found, table } = this;
    this.unsettled = 0;
    for (let location = index.first(tag); location !== 0; location = index.next(tag)) {
      const { bytes } = table.get(segmentOf(location));
      if (bytes.length === 0) {
        this.unsettled = location;
        continue;
      }
      found.read(bytes, offsetOf(location));
      if (found.kind !== RECORD_FRAGMENT && found.keyEquals(key, start, end)) return location;
    }
    return 0;
  }

  /** Location of fragment `number` of the value that `key` took at `version`, described in `found`; 0 if none. */
  findFragment(key: Uint8Array, keyTag: number, version: number, number: number): Location {
    const tag = this.hash.fragmentTag(keyTag, version, number);
    const found = this.found;
    this.unsettled = 0;
    for (let location = this.index.first(tag); location !== 0; location = this.index.next(tag)) {
      const segment = this.table.get(segmentOf(location));
      if (!segment.isRaw) {
        this.unsettled = location;
        continue;
      }
      found.read(segment.bytes, offsetOf(location));
      if (found.kind !== RECORD_FRAGMENT || found.version !== version || found.number !== number) continue;
      if (found.keyEquals(key, 0, key.length)) return location;
    }
    return 0;
  }

  /** Describes the record at `location`, whose bytes are here, in `view`. */
  readAt(location: Location, view: RecordView): void {
    view.read(this.table.get(segmentOf(location)).bytes, offsetOf(location));
  }

  /** The tag under which the record in `view` is indexed. */
  tagOf(view: RecordView): number {
    const keyTag = this.hash.keyTag(view.bytes, view.keyStart, view.keyEnd);
    return view.kind === RECORD_FRAGMENT ? this.hash.fragmentTag(keyTag, view.version, view.number) : keyTag;
  }

  /** Writes a record at the end of an open segment with room for it. Not visible before `put`. Copies its arguments. */
  append(
    segmentNumber: number,
    kind: RecordKind,
    key: Uint8Array,
    value: Uint8Array,
    version: number,
    expiresAtMs: number,
    fragment: number,
    sizeBytes: number,
  ): Location {
    const segment = this.table.get(segmentNumber);
    const at = this.table.grow(segment, sizeBytes);
    const written = writeRecord(segment.bytes, at, kind, key, value, version, expiresAtMs, fragment);
    assert(written === sizeBytes, 'a record takes the size that was planned');
    return locationAt(segmentNumber, at);
  }

  /** Writes the bytes of a whole record, as `append` does. Copies `record`. */
  appendCopy(segmentNumber: number, record: Uint8Array): Location {
    const segment = this.table.get(segmentNumber);
    const at = this.table.grow(segment, record.length);
    segment.bytes.set(record, at);
    return locationAt(segmentNumber, at);
  }

  /** Writes the record of `sizeBytes` at `from` once more, as `append` does, for it to be moved. */
  appendMove(segmentNumber: number, from: Location, sizeBytes: number): Location {
    const source = this.table.get(segmentOf(from));
    const segment = this.table.get(segmentNumber);
    const at = this.table.grow(segment, sizeBytes);
    copyWords(source.words, offsetOf(from) >>> 2, sizeBytes >>> 2, segment.words, at >>> 2);
    return locationAt(segmentNumber, at);
  }

  /** Takes back, and zeroes, what was appended to an open segment from `length` on and never put. */
  rewind(segmentNumber: number, length: number): void {
    this.table.rewind(segmentNumber, length);
  }

  open(number: number, head: Head = 'write'): void {
    this.table.open(number, head);
  }

  seal(number: number, stripe: number): void {
    this.table.seal(number, stripe);
  }

  /** Frees bytes and number at once: in raft mode, and where a release is applied. */
  release(number: number): void {
    this.table.release(number);
  }

  /** Where a release is decided, in ecc mode: bytes and number stay until `finishRelease`. */
  beginRelease(number: number): void {
    this.table.beginRelease(number);
  }

  finishRelease(number: number): void {
    this.table.finishRelease(number);
  }

  /** The records of a segment whose bytes are nowhere any more end, and it is free at once: where a loss is applied. */
  lose(number: number, records: RecordRefs): void {
    this.beginLoss(number, records);
    this.table.finishRelease(number);
  }

  /** Where a loss is decided: the number stays until `finishRelease`. Returns the bytes of the records that were live. */
  beginLoss(number: number, records: RecordRefs): number {
    for (let i = 0; i < records.count; i++) {
      const location = records.location(i);
      assert(segmentOf(location) === number, 'what is lost with a segment lay in it');
      this.index.remove(records.tag(i), location);
      if (this.headless.count > 0) this.headless.forget(location);
    }
    return this.table.beginLoss(number);
  }

  /** Lists everything that the index names in these segments. Goes through all of the index. */
  *recordsIn(numbers: ReadonlySet<number>): IterableIterator<{ readonly tag: number; readonly location: Location }> {
    const cursor = new IndexCursor();
    for (let more = this.index.seek(cursor, FIRST_TAG); more; more = this.index.advance(cursor)) {
      if (numbers.has(segmentOf(cursor.location))) yield { tag: cursor.tag, location: cursor.location };
    }
  }

  /** Numbers of the segments whose release has begun, ascending. */
  releasingNumbers(): number[] {
    return [...this.table.all()].filter(({ state }) => state === 'releasing').map(({ number }) => number);
  }

  /** The sealed segments that hold something, in order of number. */
  sealedListings(): SealedListing[] {
    const sealed = [...this.table.all()].filter(({ state }) => state === 'sealed');
    return sealed.map(({ number, checksum }) => ({ number, checksum }));
  }

  /** Drops the raw bytes of a sealed segment that is folded; its records stay in the index. */
  dropBytes(number: number): void {
    this.table.dropBytes(number);
  }

  /**
   * Whether the bytes of a sealed segment are those that were sealed; if not, they are dropped, and can be rebuilt. Always true
   * where that is not checked: in raft mode, where replicas must decide alike and none can rebuild.
   */
  isIntact({ number, bytes, length, checksum }: Segment): boolean {
    if (!this.checksBytes || hashBytes(bytes, length, 0) === checksum) return true;
    this.dropBytes(number);
    return false;
  }

  /** A segment that was just sealed is the one of this checksum, and its bytes here are not: they are dropped. */
  adoptSeal(number: number, checksum: number): void {
    this.dropBytes(number);
    this.table.get(number).checksum = checksum;
  }

  /** Gives the bytes of a segment back that were dropped. Copies `bytes`, which have to match its checksum. */
  restoreBytes(number: number, bytes: Uint8Array): void {
    this.table.restoreBytes(number, bytes);
    const { soonestExpiryMs } = this.table.get(number);
    this.nothingDueBeforeMs = Math.min(this.nothingDueBeforeMs, soonestExpiryMs);
  }

  /** Gives everything up: the store is as new. Not while a SegmentStore decides for it. */
  clear(): void {
    this.table.clear();
    this.headless.clear();
    this.index = new HashIndex();
    this.nothingDueBeforeMs = 0;
    this.unsettled = 0;
  }

  put(to: Location, tag: number, supersedes: RecordRefs): void {
    const record = this.scratch;
    this.readAt(to, record);
    const { sizeBytes } = record;
    this.noteExpiry(to, record);
    this.table.setLive(to, sizeBytes);
    if (record.kind === RECORD_FRAGMENT) this.headless.add({ tag, location: to, sizeBytes, version: record.version });
    if (record.kind === RECORD_HEAD) this.adoptFragments(record, tag);
    if (supersedes.count > 0 && supersedes.tag(0) === tag) {
      this.index.replace(tag, supersedes.location(0), to);
      this.endRecord(supersedes, 0);
      this.removeFrom(supersedes, 1);
    } else {
      this.index.insert(tag, to);
      this.removeFrom(supersedes, 0);
    }
  }

  move(to: Location, from: Location, tag: number, sizeBytes: number): void {
    this.index.replace(tag, from, to);
    this.table.setDead(from, sizeBytes);
    this.table.setLive(to, sizeBytes);
    this.readAt(to, this.scratch);
    this.noteExpiry(to, this.scratch);
    if (this.headless.count > 0) this.headless.moved(from, to);
  }

  /**
   * As `move`, of a record whose segment is not here yet and will come without it: a learner's store, which has the segments of
   * its primary one after the other.
   */
  moveIn(to: Location, from: Location, tag: number, sizeBytes: number): void {
    this.index.insert(tag, to);
    this.table.setLive(to, sizeBytes);
    this.readAt(to, this.scratch);
    this.noteExpiry(to, this.scratch);
    if (this.headless.count > 0) this.headless.moved(from, to);
  }

  remove(records: RecordRefs): void {
    this.removeFrom(records, 0);
  }

  /**
   * Begins to fill an empty store with the segments of another replica: the open ones at once, sealed ones by `restoreSegment`
   * in any order, with location commands in between. Copies all. False as `restoreSegment` says.
   */
  beginTransfer({ opened, open, headless }: TransferStart): boolean {
    assert(this.table.opened === 0, 'a transfer fills an empty store');
    for (const image of open) if (!this.restoreSegment(image)) return false;
    this.restoreCounters(opened, headless);
    return true;
  }

  /**
   * Rebuilds one segment of another replica: its bytes, and in the index those of its records that are live. Copies all.
   * False if the checksum does not match, a record does not end within the segment, or the live ones do not add up to `liveBytes`;
   * the store is then not to be used.
   * @param isVerified whoever brought the bytes has checked them.
   */
  restoreSegment(image: SegmentImage, isVerified = false): boolean {
    const segment = this.table.restore(image);
    if (image.state === 'sealed' && !isVerified) {
      if (hashBytes(segment.bytes, segment.length, 0) !== image.checksum) return false;
    }
    const record = this.scratch;
    let liveBytes = 0;
    for (let offset = 0; offset < segment.length; offset += record.sizeBytes) {
      record.read(segment.bytes, offset);
      if (!record.endsWithin(segment.length)) return false;
      if (!segment.isLive(offset)) continue;
      this.index.insert(this.tagOf(record), locationAt(image.number, offset));
      liveBytes += record.sizeBytes;
    }
    return liveBytes === image.liveBytes;
  }

  /**
   * The same of a sealed segment whose bytes are coded elsewhere. False if the records are not those that are live.
   * @param records as `liveRecords` gives them. @param length bytes of the segment.
   */
  restoreFolded(facts: SegmentFacts, length: number, records: Int32Array): boolean {
    const segment = this.table.restoreDropped(facts, length);
    for (let i = 0; i < records.length; i += 2) {
      const location = records[i + 1] ?? 0;
      if (segmentOf(location) !== facts.number || !segment.isLive(offsetOf(location))) return false;
      this.index.insert(records[i] ?? 0, location);
    }
    return records.length === 2 * countBits(segment.live);
  }

  /** Tag and location of each live record of a segment whose bytes are here, one after the other in order of place. */
  liveRecords(number: number): Int32Array<ArrayBuffer> {
    const segment = this.table.get(number);
    assert(segment.isRaw, 'records are read where their bytes are');
    const found: number[] = [];
    const record = this.scratch;
    for (let offset = 0; offset < segment.length; offset += record.sizeBytes) {
      record.read(segment.bytes, offset);
      if (segment.isLive(offset)) found.push(this.tagOf(record), locationAt(number, offset));
    }
    return Int32Array.from(found);
  }

  /** Ends a restore. `opened` is the largest serial; `headless` the fragments without a head. */
  restoreCounters(opened: number, headless: readonly HeadlessFragment[]): void {
    this.table.restoreOpened(opened);
    for (const fragment of headless) this.headless.add(fragment);
  }

  private removeFrom(records: RecordRefs, first: number): void {
    for (let i = first; i < records.count; i++) {
      this.index.remove(records.tag(i), records.location(i));
      this.endRecord(records, i);
    }
  }

  private endRecord(records: RecordRefs, i: number): void {
    const location = records.location(i);
    const sizeBytes = records.sizeBytes(i);
    this.table.setDead(location, sizeBytes);
    if (this.headless.count > 0) this.headless.forget(location);
  }

  private noteExpiry(location: Location, record: RecordView): void {
    if (record.expiresAtMs === 0) return;
    const segment = this.table.get(segmentOf(location));
    if (record.expiresAtMs < segment.soonestExpiryMs) segment.soonestExpiryMs = record.expiresAtMs;
    if (record.expiresAtMs < this.nothingDueBeforeMs) this.nothingDueBeforeMs = record.expiresAtMs;
  }

  private adoptFragments(head: RecordView, keyTag: number): void {
    if (this.headless.count === 0) return;
    const { version, count } = decodeHeadValue(head);
    const tags = new Set<number>();
    for (let number = 0; number < count; number++) tags.add(this.hash.fragmentTag(keyTag, version, number));
    this.headless.adopt(version, tags);
  }
}

function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) count++;
  return count;
}
