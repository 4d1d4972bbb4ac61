/**
 * The segments, the index over them and the commands that change both: every location is given, nothing is decided here.
 * Replicas that carry out the same commands hold byte-identical stores, on which `stateHash` agrees, though the memory
 * under them, the phase of the index and the pins differ.
 *
 * Appending bytes to an open segment (`append`, `appendCopy`) and making the record visible (`put`, `move`) are two steps,
 * because in ecc mode a log lies between them: an uncommitted suffix is taken back by `rewind`.
 */
import { assert } from '../base/assert.js';
import { hashBytes } from './byte-hash.js';
import { decodeHeadValue } from './fragments.js';
import { HashIndex } from './hash-index.js';
import { type HeadlessFragment, HeadlessFragments } from './headless-fragments.js';
import type { KeyHash } from './key-hash.js';
import {
  type Location,
  type SegmentLayout,
  MAX_SEGMENTS,
  PAGE_BYTES,
  locationAt,
  offsetOf,
  segmentOf,
} from './layout.js';
import type { LocationCommands } from './location-commands.js';
import { RECORD_FRAGMENT, RECORD_HEAD, type RecordKind, RecordView, copyWords, writeRecord } from './record.js';
import type { RecordRefs } from './record-refs.js';
import { Segment } from './segment.js';
import type { SlabPool } from './slab-pool.js';

/** The first memory of a segment is about one part in this many of what is held. */
const FIRST_STEP_SHARE = 128;

/** A segment as it travels to another replica. */
export interface SegmentImage {
  readonly number: number;
  readonly serial: number;
  readonly state: 'open' | 'sealed';
  readonly liveBytes: number;
  readonly stripe: number;
  readonly checksum: number;
  readonly soonestExpiryMs: number;
  /** Up to the segment's length. */
  readonly bytes: Uint8Array;
  readonly live: Uint8Array;
  readonly touched: Uint8Array;
}

export class PartitionStore implements LocationCommands {
  readonly layout: SegmentLayout;
  readonly hash: KeyHash;
  readonly index = new HashIndex();
  readonly headless = new HeadlessFragments();
  /** The record that the last look-up found. Valid until the next look-up or change. */
  readonly found = new RecordView();
  /** After a look-up that found nothing: a record with the same tag whose bytes are not here, 0 if there is none. */
  unsettled: Location = 0;
  private readonly pool: SlabPool;
  /** By number; entry 0 stays empty. */
  private readonly table: (Segment | undefined)[] = [undefined];
  private readonly scratch = new RecordView();
  private liveBytesTotal = 0;
  private openCount = 0;
  private chargedBytesTotal = 0;
  private writtenBytesTotal = 0;

  constructor(pool: SlabPool, layout: SegmentLayout, hash: KeyHash) {
    this.pool = pool;
    this.layout = layout;
    this.hash = hash;
  }

  /** Bytes of all records that the index names, fragments without a head included. */
  get liveBytes(): number {
    return this.liveBytesTotal;
  }

  /** What the segments count against the memory cap: a function of the commands carried out, equal on all replicas. */
  get chargedBytes(): number {
    return this.chargedBytesTotal;
  }

  /** Bytes of all records in the segments, live and dead. */
  get writtenBytes(): number {
    return this.writtenBytesTotal;
  }

  /** How many segments have ever been opened: the largest serial. */
  get opened(): number {
    return this.openCount;
  }

  /** The segment in use under `number`. */
  segment(number: number): Segment {
    const segment = this.table[number];
    if (segment === undefined) assert(false, 'a named segment is in use');
    return segment;
  }

  maybeSegment(number: number): Segment | undefined {
    return this.table[number];
  }

  /** Segments in use, in order of number. */
  *segments(): IterableIterator<Segment> {
    for (const segment of this.table) if (segment !== undefined) yield segment;
  }

  /** One more than the largest number ever used. */
  get segmentLimit(): number {
    return this.table.length;
  }

  /** Lowest free number for a segment of at least `sizeBytes`; 0 if all are in use. */
  lowestFree(sizeBytes: number): number {
    for (let number = this.layout.firstOfSize(sizeBytes); number <= MAX_SEGMENTS; number++) {
      if (this.table[number] === undefined) return number;
    }
    return 0;
  }

  /** Location of the record of `key[start..end)`, described in `found`; 0 if there is none, and see `unsettled`. */
  find(tag: number, key: Uint8Array, start: number, end: number): Location {
    const index = this.index;
    const found = this.found;
    this.unsettled = 0;
    for (let location = index.first(tag); location !== 0; location = index.next(tag)) {
      const segment = this.table[segmentOf(location)];
      if (segment === undefined) assert(false, 'the index names segments in use');
      const { bytes } = segment;
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
      const segment = this.segment(segmentOf(location));
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
    view.read(this.segment(segmentOf(location)).bytes, offsetOf(location));
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
    const segment = this.segment(segmentNumber);
    const at = this.grow(segment, sizeBytes);
    const written = writeRecord(segment.bytes, at, kind, key, value, version, expiresAtMs, fragment);
    assert(written === sizeBytes, 'a record takes the size that was planned');
    return locationAt(segmentNumber, at);
  }

  /** Writes the bytes of a whole record, as `append` does. Copies `record`. */
  appendCopy(segmentNumber: number, record: Uint8Array): Location {
    const segment = this.segment(segmentNumber);
    const at = this.grow(segment, record.length);
    segment.bytes.set(record, at);
    return locationAt(segmentNumber, at);
  }

  /** Writes the record of `sizeBytes` at `from` once more, as `append` does, for it to be moved. */
  appendMove(segmentNumber: number, from: Location, sizeBytes: number): Location {
    const source = this.segment(segmentOf(from));
    const segment = this.segment(segmentNumber);
    const at = this.grow(segment, sizeBytes);
    copyWords(source.words, offsetOf(from) >>> 2, sizeBytes >>> 2, segment.words, at >>> 2);
    return locationAt(segmentNumber, at);
  }

  /** Takes back, and zeroes, what was appended to an open segment from `length` on and never put. */
  rewind(segmentNumber: number, length: number): void {
    const segment = this.segment(segmentNumber);
    assert(segment.state === 'open' && length <= segment.length, 'only the end of an open segment is taken back');
    segment.bytes.fill(0, length, segment.length);
    this.writtenBytesTotal -= segment.length - length;
    segment.length = length;
  }

  open(number: number): void {
    assert(number >= 1 && number <= MAX_SEGMENTS, 'a segment number is in range');
    assert(this.table[number] === undefined, 'an opened segment was free');
    while (this.table.length <= number) this.table.push(undefined);
    const sizeBytes = this.layout.sizeBytes(number);
    // In doubling steps where that saves a noticeable part of what is held, and at once where it does not.
    let firstBytes = PAGE_BYTES;
    while (firstBytes < sizeBytes && firstBytes * FIRST_STEP_SHARE < this.chargedBytesTotal) firstBytes *= 2;
    const segment = new Segment(this.pool, number, ++this.openCount, sizeBytes, firstBytes);
    this.table[number] = segment;
    this.chargedBytesTotal += segment.chargedBytes;
  }

  /** Marks the record at `location` as touched since it was written. */
  touch(location: Location): void {
    const segment = this.segment(segmentOf(location));
    this.chargedBytesTotal -= segment.chargedBytes;
    segment.setTouched(offsetOf(location));
    this.chargedBytesTotal += segment.chargedBytes;
  }

  put(to: Location, tag: number, supersedes: RecordRefs): void {
    const segment = this.segment(segmentOf(to));
    const record = this.scratch;
    record.read(segment.bytes, offsetOf(to));
    if (record.expiresAtMs > 0 && record.expiresAtMs < segment.soonestExpiryMs) {
      segment.soonestExpiryMs = record.expiresAtMs;
    }
    const sizeBytes = record.sizeBytes;
    segment.setLive(offsetOf(to));
    segment.liveBytes += sizeBytes;
    this.liveBytesTotal += sizeBytes;
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
    const source = this.segment(segmentOf(from));
    const target = this.segment(segmentOf(to));
    this.index.replace(tag, from, to);
    source.clearLive(offsetOf(from));
    source.liveBytes -= sizeBytes;
    target.setLive(offsetOf(to));
    target.liveBytes += sizeBytes;
    const record = this.scratch;
    record.read(target.bytes, offsetOf(to));
    if (record.expiresAtMs > 0 && record.expiresAtMs < target.soonestExpiryMs) {
      target.soonestExpiryMs = record.expiresAtMs;
    }
    if (this.headless.count > 0) this.headless.moved(from, to);
  }

  remove(records: RecordRefs): void {
    this.removeFrom(records, 0);
  }

  seal(number: number, stripe: number): void {
    const segment = this.segment(number);
    assert(segment.state === 'open', 'a sealed segment was open');
    this.chargedBytesTotal -= segment.chargedBytes;
    segment.trim();
    segment.state = 'sealed';
    this.chargedBytesTotal += segment.chargedBytes;
    segment.stripe = stripe;
    segment.checksum = hashBytes(segment.bytes, segment.length, 0);
  }

  release(number: number): void {
    const segment = this.segment(number);
    assert(
      segment.state === 'sealed' && segment.liveBytes === 0,
      'a released segment is sealed and holds nothing live',
    );
    this.chargedBytesTotal -= segment.chargedBytes;
    this.writtenBytesTotal -= segment.length;
    segment.dropBytes();
    this.table[number] = undefined;
  }

  /** Drops the raw bytes of a sealed segment whose contents are coded elsewhere; index and live bits stay. */
  dropBytes(number: number): void {
    const segment = this.segment(number);
    assert(segment.state === 'sealed', 'only a sealed segment is folded');
    this.chargedBytesTotal -= segment.chargedBytes;
    segment.dropBytes();
    this.chargedBytesTotal += segment.chargedBytes;
  }

  /** Gives the bytes of a dropped segment back. Copies `bytes`, which are checked against its checksum. */
  restoreBytes(number: number, bytes: Uint8Array): void {
    const segment = this.segment(number);
    assert(!segment.isRaw && bytes.length === segment.length, 'restored bytes have the length of the segment');
    this.chargedBytesTotal -= segment.chargedBytes;
    segment.reserve(segment.length);
    this.chargedBytesTotal += segment.chargedBytes;
    segment.bytes.set(bytes);
    assert(hashBytes(segment.bytes, segment.length, 0) === segment.checksum, 'restored bytes match the checksum');
  }

  /**
   * Rebuilds one segment of another replica: its bytes, and in the index those of its records that are live. Copies all.
   * False if the records do not add up to `liveBytes`; the store is then not to be used.
   */
  restoreSegment(image: SegmentImage): boolean {
    assert(this.table[image.number] === undefined, 'a restored segment was free');
    while (this.table.length <= image.number) this.table.push(undefined);
    const sizeBytes = this.layout.sizeBytes(image.number);
    const segment = new Segment(this.pool, image.number, image.serial, sizeBytes, PAGE_BYTES);
    this.table[image.number] = segment;
    segment.reserve(image.bytes.length);
    segment.bytes.set(image.bytes);
    segment.restoreBits(image.live, image.touched);
    segment.length = image.bytes.length;
    segment.liveBytes = image.liveBytes;
    segment.state = image.state;
    segment.stripe = image.stripe;
    segment.checksum = image.checksum;
    segment.soonestExpiryMs = image.soonestExpiryMs;
    this.liveBytesTotal += image.liveBytes;
    this.writtenBytesTotal += segment.length;
    this.chargedBytesTotal += segment.chargedBytes;
    const record = this.scratch;
    let liveBytes = 0;
    for (let offset = 0; offset < segment.length; offset += record.sizeBytes) {
      record.read(segment.bytes, offset);
      if (!segment.isLive(offset)) continue;
      this.index.insert(this.tagOf(record), locationAt(image.number, offset));
      liveBytes += record.sizeBytes;
    }
    return liveBytes === image.liveBytes;
  }

  /** Ends a restore. `opened` is the largest serial; `headless` the fragments without a head. */
  restoreCounters(opened: number, headless: readonly HeadlessFragment[]): void {
    this.openCount = opened;
    for (const fragment of headless) this.headless.add(fragment);
  }

  /** Makes an open segment `sizeBytes` longer; returns where it ended before. */
  private grow(segment: Segment, sizeBytes: number): number {
    assert(segment.state === 'open', 'records are appended to open segments');
    const at = segment.length;
    segment.reserve(at + sizeBytes);
    segment.length = at + sizeBytes;
    this.writtenBytesTotal += sizeBytes;
    return at;
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
    const segment = this.segment(segmentOf(location));
    assert(segment.isLive(offsetOf(location)), 'a removed record was live');
    segment.clearLive(offsetOf(location));
    segment.liveBytes -= sizeBytes;
    this.liveBytesTotal -= sizeBytes;
    if (this.headless.count > 0) this.headless.forget(location);
  }

  private adoptFragments(head: RecordView, keyTag: number): void {
    if (this.headless.count === 0) return;
    const { version, count } = decodeHeadValue(head);
    const tags = new Set<number>();
    for (let number = 0; number < count; number++) tags.add(this.hash.fragmentTag(keyTag, version, number));
    this.headless.adopt(version, tags);
  }
}
