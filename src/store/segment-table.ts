/**
 * The segments of a store by number, with what they hold in total. Opens, grows, seals and gives up segments as it is told;
 * what is in them is the business of PartitionStore.
 */
import { assert } from '../base/assert.js';
import { hashBytes } from './byte-hash.js';
import { type Location, type SegmentLayout, MAX_SEGMENTS, PAGE_BYTES, offsetOf, segmentOf } from './layout.js';
import { type Head, NO_STRIPE, Segment, SEGMENT_OBJECT_BYTES } from './segment.js';
import type { SlabPool } from './slab-pool.js';

/** The first memory of a segment is about one part in this many of what is held. */
const FIRST_STEP_SHARE = 128;

/** All that is known of a segment but its bytes. */
export interface SegmentFacts {
  readonly number: number;
  readonly serial: number;
  readonly state: 'open' | 'sealed';
  readonly liveBytes: number;
  readonly stripe: number;
  readonly checksum: number;
  readonly soonestExpiryMs: number;
  readonly live: Uint8Array;
  readonly touched: Uint8Array;
}

/** A segment as it travels to another replica. */
export interface SegmentImage extends SegmentFacts {
  /** Up to the segment's length. */
  readonly bytes: Uint8Array;
}

/** A sealed segment by its name. */
export interface SealedListing {
  readonly number: number;
  readonly checksum: number;
}

export class SegmentTable {
  readonly layout: SegmentLayout;
  readonly pool: SlabPool;
  /** By number; entry 0 stays empty. */
  private readonly segments: (Segment | undefined)[] = [undefined];
  private liveTotal = 0;
  private chargedTotal = 0;
  private writtenTotal = 0;
  private openCount = 0;
  private droppedTotal = 0;
  private bitTotal = 0;
  private segmentCount = 0;
  private readonly openSegments = new Set<Segment>();

  constructor(pool: SlabPool, layout: SegmentLayout) {
    this.pool = pool;
    this.layout = layout;
  }

  /** Bytes of all records that the index names, fragments without a head included. */
  get liveBytes(): number {
    return this.liveTotal;
  }

  /** What the segments count against the memory cap: a function of the commands carried out, equal on all replicas. */
  get chargedBytes(): number {
    return this.chargedTotal;
  }

  /** Bits and objects of the segments: their memory beside the blocks. */
  get overheadBytes(): number {
    return this.bitTotal + this.segmentCount * SEGMENT_OBJECT_BYTES;
  }

  /** What the open segments may still take until they are full. */
  get openGrowthBytes(): number {
    let bytes = 0;
    for (const segment of this.openSegments) bytes += segment.chargedBytes - segment.heldBytes - segment.bitBytes;
    return bytes;
  }

  /** Bytes of all records in the segments, live and dead. */
  get writtenBytes(): number {
    return this.writtenTotal;
  }

  /** Segments whose raw bytes are elsewhere. */
  get droppedCount(): number {
    return this.droppedTotal;
  }

  /** How many segments have ever been opened: the largest serial. */
  get opened(): number {
    return this.openCount;
  }

  /** The segment in use under `number`. */
  get(number: number): Segment {
    const segment = this.segments[number];
    if (segment === undefined) assert(false, 'a named segment is in use');
    return segment;
  }

  maybe(number: number): Segment | undefined {
    return this.segments[number];
  }

  /** Segments in use, in order of number. */
  *all(): IterableIterator<Segment> {
    for (const segment of this.segments) if (segment !== undefined) yield segment;
  }

  /** One more than the largest number ever used. */
  get limit(): number {
    return this.segments.length;
  }

  /** Lowest free number for a segment of at least `sizeBytes`; 0 if all are in use. */
  lowestFree(sizeBytes: number): number {
    for (let number = this.layout.firstOfSize(sizeBytes); number <= MAX_SEGMENTS; number++) {
      if (this.segments[number] === undefined) return number;
    }
    return 0;
  }

  open(number: number, head: Head = 'write'): void {
    // In doubling steps where that saves a noticeable part of what is held, and at once where it does not.
    const sizeBytes = this.layout.sizeBytes(number);
    let firstBytes = PAGE_BYTES;
    while (firstBytes < sizeBytes && firstBytes * FIRST_STEP_SHARE < this.chargedTotal) firstBytes *= 2;
    const segment = new Segment(this.pool, number, ++this.openCount, sizeBytes, firstBytes);
    segment.head = head;
    this.put(segment);
    this.chargedTotal += segment.chargedBytes;
  }

  /** Makes an open segment `sizeBytes` longer; returns where it ended before. */
  grow(segment: Segment, sizeBytes: number): number {
    assert(segment.state === 'open', 'records are appended to open segments');
    const at = segment.length;
    this.bitTotal -= segment.bitBytes;
    segment.reserve(at + sizeBytes);
    this.bitTotal += segment.bitBytes;
    segment.length = at + sizeBytes;
    this.writtenTotal += sizeBytes;
    return at;
  }

  /** Takes back, and zeroes, the bytes of an open segment from `length` on. */
  rewind(number: number, length: number): void {
    const segment = this.get(number);
    assert(segment.state === 'open' && length <= segment.length, 'only the end of an open segment is taken back');
    segment.bytes.fill(0, length, segment.length);
    this.writtenTotal -= segment.length - length;
    segment.length = length;
  }

  /** The record of `sizeBytes` at `location` is live now. */
  setLive(location: Location, sizeBytes: number): void {
    const segment = this.get(segmentOf(location));
    segment.setLive(offsetOf(location));
    segment.liveBytes += sizeBytes;
    this.liveTotal += sizeBytes;
  }

  /** The live record of `sizeBytes` at `location` is dead now. */
  setDead(location: Location, sizeBytes: number): void {
    const segment = this.get(segmentOf(location));
    assert(segment.isLive(offsetOf(location)), 'a removed record was live');
    segment.clearLive(offsetOf(location));
    segment.liveBytes -= sizeBytes;
    this.liveTotal -= sizeBytes;
  }

  /** Marks the record at `location` as touched since it was written. */
  touch(location: Location): void {
    const segment = this.get(segmentOf(location));
    this.recharge(segment, () => segment.setTouched(offsetOf(location)));
  }

  seal(number: number, stripe: number): void {
    const segment = this.get(number);
    assert(segment.state === 'open', 'a sealed segment was open');
    this.recharge(segment, () => {
      segment.trim();
      segment.state = 'sealed';
    });
    this.openSegments.delete(segment);
    segment.stripe = stripe;
    segment.checksum = hashBytes(segment.bytes, segment.length, 0);
  }

  release(number: number): void {
    const segment = this.get(number);
    assert(
      segment.state === 'sealed' && segment.liveBytes === 0,
      'a released segment is sealed and holds nothing live',
    );
    if (!segment.isRaw) this.droppedTotal--;
    this.chargedTotal -= segment.chargedBytes;
    this.writtenTotal -= segment.length;
    this.forget(segment);
  }

  /** The first half of a release: the segment holds nothing any more, its bytes and number stay. */
  beginRelease(number: number): void {
    const segment = this.get(number);
    assert(
      segment.state === 'sealed' && segment.liveBytes === 0 && segment.isRaw,
      'a segment whose release begins is sealed, raw and holds nothing live',
    );
    this.recharge(segment, () => (segment.state = 'releasing'));
    this.writtenTotal -= segment.length;
    segment.soonestExpiryMs = Infinity;
  }

  /** The first half of giving a segment up whose bytes are nowhere any more: it holds nothing, its number stays. Returns what was live. */
  beginLoss(number: number): number {
    const segment = this.get(number);
    assert(
      segment.state === 'sealed' && !segment.isRaw,
      'a segment that is lost is sealed, and its bytes are not here',
    );
    const { liveBytes } = segment;
    this.recharge(segment, () => (segment.state = 'releasing'));
    this.writtenTotal -= segment.length;
    this.liveTotal -= liveBytes;
    this.droppedTotal--;
    segment.liveBytes = 0;
    return liveBytes;
  }

  /** Takes that back. The bits of its records have stayed as they were. */
  undoLoss(number: number, liveBytes: number): void {
    const segment = this.get(number);
    assert(segment.state === 'releasing' && !segment.isRaw, 'a loss that is taken back was begun');
    this.recharge(segment, () => (segment.state = 'sealed'));
    this.writtenTotal += segment.length;
    this.liveTotal += liveBytes;
    this.droppedTotal++;
    segment.liveBytes = liveBytes;
  }

  /** The second half: bytes and number are free. */
  finishRelease(number: number): void {
    const segment = this.get(number);
    assert(segment.state === 'releasing', 'a release that is finished was begun');
    this.forget(segment);
  }

  /** Takes the first half of a release back. */
  undoRelease(number: number): void {
    const segment = this.get(number);
    assert(segment.state === 'releasing', 'a release that is taken back was begun');
    this.recharge(segment, () => (segment.state = 'sealed'));
    this.writtenTotal += segment.length;
    segment.soonestExpiryMs = 0;
  }

  /** Takes a seal back: the segment is open as before. */
  undoSeal(number: number): void {
    const segment = this.get(number);
    assert(segment.state === 'sealed' && segment.isRaw, 'a seal is taken back while the bytes are here');
    this.recharge(segment, () => (segment.state = 'open'));
    this.openSegments.add(segment);
    segment.stripe = NO_STRIPE;
    segment.checksum = 0;
  }

  /** Takes the opening of the segment that was opened last back. */
  undoOpen(number: number): void {
    const segment = this.get(number);
    assert(
      segment.state === 'open' && segment.length === 0 && segment.serial === this.openCount,
      'an opening that is taken back was the last, and the segment is empty',
    );
    this.chargedTotal -= segment.chargedBytes;
    this.forget(segment);
    this.openCount--;
  }

  /** Gives everything up: the table is as new. */
  clear(): void {
    for (const segment of this.all()) segment.dropBytes();
    this.segments.length = 1;
    this.openSegments.clear();
    this.bitTotal = this.segmentCount = 0;
    this.liveTotal = this.chargedTotal = this.writtenTotal = this.openCount = this.droppedTotal = 0;
  }

  /** Drops the raw bytes of a sealed segment whose contents are coded elsewhere; live bits stay. */
  dropBytes(number: number): void {
    const segment = this.get(number);
    assert(segment.state === 'sealed' && segment.isRaw, 'only a sealed segment is folded, and once');
    this.droppedTotal++;
    this.recharge(segment, () => segment.dropBytes());
  }

  /** Gives the bytes of a dropped segment back. Copies `bytes`, which are checked against its checksum. */
  restoreBytes(number: number, bytes: Uint8Array): void {
    const segment = this.get(number);
    assert(!segment.isRaw && bytes.length === segment.length, 'restored bytes have the length of the segment');
    this.recharge(segment, () => segment.reserve(segment.length));
    segment.bytes.set(bytes);
    this.droppedTotal--;
    assert(hashBytes(segment.bytes, segment.length, 0) === segment.checksum, 'restored bytes match the checksum');
  }

  /** Rebuilds one segment of another replica. Copies its bytes. */
  restore(image: SegmentImage): Segment {
    const segment = this.restoreFacts(image, image.bytes.length);
    segment.bytes.set(image.bytes);
    this.chargedTotal += segment.chargedBytes;
    return segment;
  }

  /** The same of a sealed segment of `length` bytes that are coded elsewhere: as after `dropBytes`. */
  restoreDropped(facts: SegmentFacts, length: number): Segment {
    const segment = this.restoreFacts(facts, length);
    segment.dropBytes();
    this.droppedTotal++;
    this.chargedTotal += segment.chargedBytes;
    return segment;
  }

  restoreOpened(opened: number): void {
    this.openCount = opened;
  }

  /** With memory for `length` bytes, whatever they are. */
  private restoreFacts(facts: SegmentFacts, length: number): Segment {
    const segment = new Segment(this.pool, facts.number, facts.serial, this.layout.sizeBytes(facts.number), PAGE_BYTES);
    segment.reserve(length);
    segment.restoreBits(facts.live, facts.touched);
    segment.length = length;
    segment.liveBytes = facts.liveBytes;
    segment.state = facts.state;
    this.put(segment);
    segment.stripe = facts.stripe;
    segment.checksum = facts.checksum;
    segment.soonestExpiryMs = facts.soonestExpiryMs;
    this.liveTotal += facts.liveBytes;
    this.writtenTotal += length;
    return segment;
  }

  private put(segment: Segment): void {
    const { number } = segment;
    assert(number >= 1 && number <= MAX_SEGMENTS, 'a segment number is in range');
    assert(this.segments[number] === undefined, 'an opened segment was free');
    while (this.segments.length <= number) this.segments.push(undefined);
    this.segments[number] = segment;
    this.bitTotal += segment.bitBytes;
    this.segmentCount++;
    if (segment.state === 'open') this.openSegments.add(segment);
  }

  private forget(segment: Segment): void {
    this.bitTotal -= segment.bitBytes;
    this.segmentCount--;
    this.openSegments.delete(segment);
    segment.dropBytes();
    this.segments[segment.number] = undefined;
  }

  /** Makes a change that alters what a segment counts. */
  private recharge(segment: Segment, change: () => void): void {
    this.chargedTotal -= segment.chargedBytes;
    this.bitTotal -= segment.bitBytes;
    change();
    this.bitTotal += segment.bitBytes;
    this.chargedTotal += segment.chargedBytes;
  }
}
