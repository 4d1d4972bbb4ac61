/**
 * Makes room under the memory cap by ending values that are still good.
 *
 * `lru` is CLOCK over the log: segments are taken in the order of their age; a record that was touched since it was written
 * moves to the open segment and loses its mark, another one ends (compare Segcache, NSDI 2021). One bit a record, whole
 * segments come free, and what was read again stays. `ttl` looks at some records at a random place of the index and ends
 * the one that expires first, as Redis does; when none of them expires, it reads the segment with the soonest expiry.
 *
 * In ecc mode bytes may be elsewhere. A value is ended when all of its records can be read (`Values.isWhole`); what cannot be ended
 * is passed over, and moved out of the way of what can.
 */
import { avalanche } from './byte-hash.js';
import type { Cleaner } from './cleaner.js';
import { IndexCursor } from './hash-index.js';
import { type Location, locationAt, offsetOf, segmentOf } from './layout.js';
import type { LocationCommands } from './location-commands.js';
import type { PartitionStore } from './partition-store.js';
import type { Placement } from './placement.js';
import { RECORD_FRAGMENT, RecordView } from './record.js';
import type { Segment } from './segment.js';
import type { Values } from './values.js';

/** Records that one `ttl` eviction looks at. Redis takes 5 and a pool of 16. */
const SAMPLES = 16;
/** Touched records spared in one call before the next one goes all the same: the bound of a pause. */
const MAX_SPARED_BYTES = 256 * 1024;
const LOWEST_TAG = -(2 ** 31);

export class Evictor {
  private readonly store: PartitionStore;
  private readonly commands: LocationCommands;
  private readonly placement: Placement;
  private readonly cleaner: Cleaner;
  private readonly values: Values;
  private readonly view = new RecordView();
  private readonly head = new RecordView();
  private readonly cursor = new IndexCursor();
  /** The segment that `lru` empties, by number and serial; 0 for none. */
  private segmentNumber = 0;
  private segmentSerial = 0;
  private offset = 0;
  private evictedTotal = 0;
  /** Seeds the place of the next sample. */
  private draws = 0;

  constructor(
    store: PartitionStore,
    commands: LocationCommands,
    placement: Placement,
    cleaner: Cleaner,
    values: Values,
  ) {
    this.store = store;
    this.commands = commands;
    this.placement = placement;
    this.cleaner = cleaner;
    this.values = values;
  }

  get position(): readonly number[] {
    return [this.segmentNumber, this.segmentSerial, this.offset, this.draws];
  }

  restore(position: readonly number[]): void {
    [this.segmentNumber = 0, this.segmentSerial = 0, this.offset = 0, this.draws = 0] = position;
  }

  /** Values ended since the store began. */
  get evicted(): number {
    return this.evictedTotal;
  }

  /**
   * Ends the next cold value; returns the bytes that are dead now, 0 if there was nothing left to end. Fragments of a value
   * that is just being written are moved out of the way.
   */
  evictColdest(): number {
    let spared = 0;
    let headless = 0;
    let kept = 0;
    for (;;) {
      const segment = this.currentSegment() ?? this.oldest();
      if (segment === undefined) return 0;
      while (segment.liveBytes > 0) {
        const offset = this.offset;
        const view = this.view;
        view.read(segment.bytes, offset);
        this.offset += view.sizeBytes;
        if (!segment.isLive(offset)) continue;
        if (this.store.headless.has(locationAt(segment.number, offset))) {
          headless += view.sizeBytes;
          if (headless > this.store.headless.bytes || !this.cleaner.moveRecord(segment, offset, view)) {
            return this.stopAt(offset);
          }
        } else if (this.isSpared(segment, offset, view, spared) && this.cleaner.moveRecord(segment, offset, view)) {
          spared += view.sizeBytes;
        } else if (this.isEndable(view)) {
          return this.evict(segment, offset, view);
        } else {
          kept += view.sizeBytes;
          if (kept > MAX_SPARED_BYTES || !this.cleaner.moveRecord(segment, offset, view)) return this.stopAt(offset);
        }
      }
      this.segmentSerial = 0;
      if (this.store.isIntact(segment)) this.commands.release(segment.number);
    }
  }

  /** Ends a value that expires soon; returns the bytes that are dead now, 0 if no value expires. */
  evictSoonest(): number {
    const location = this.sampleSoonest() || this.findSoonest();
    if (location === 0) return 0;
    this.store.readAt(location, this.view);
    this.evictedTotal++;
    return this.values.remove(this.store.tagOf(this.view), location, this.view, 'evict');
  }

  private currentSegment(): Segment | undefined {
    if (this.segmentSerial === 0) return undefined;
    const segment = this.store.table.maybe(this.segmentNumber);
    return segment?.serial === this.segmentSerial && segment.isCleanable ? segment : undefined;
  }

  private oldest(): Segment | undefined {
    let oldest = this.oldestSealed();
    if (oldest === undefined && (this.placement.seal('write') || this.placement.seal('move'))) {
      oldest = this.oldestSealed();
    }
    if (oldest === undefined) return undefined;
    // Nothing is moved out of a damaged segment; the next one is tried.
    if (!this.store.isIntact(oldest)) return this.oldest();
    this.segmentNumber = oldest.number;
    this.segmentSerial = oldest.serial;
    this.offset = 0;
    return oldest;
  }

  private oldestSealed(): Segment | undefined {
    let oldest: Segment | undefined;
    for (let number = 1; number < this.store.table.limit; number++) {
      const segment = this.store.table.maybe(number);
      if (segment?.isCleanable === true && (oldest === undefined || segment.serial < oldest.serial)) oldest = segment;
    }
    return oldest;
  }

  private isSpared(segment: Segment, offset: number, view: RecordView, sparedBytes: number): boolean {
    if (view.kind !== RECORD_FRAGMENT) return sparedBytes < MAX_SPARED_BYTES && segment.isTouched(offset);
    const head = this.headOf(view);
    if (head === 0) return false;
    return sparedBytes < MAX_SPARED_BYTES && this.store.table.get(segmentOf(head)).isTouched(offsetOf(head));
  }

  /** Nothing can be ended now. The next call begins with the same record, which is live and was not moved. */
  private stopAt(offset: number): number {
    this.offset = offset;
    return 0;
  }

  /** Whether the value that the record in `view` belongs to can be ended now. */
  private isEndable(view: RecordView): boolean {
    if (this.store.table.droppedCount === 0) return true;
    if (view.kind !== RECORD_FRAGMENT) return this.values.isWhole(this.store.tagOf(view), view);
    const head = this.headOf(view);
    if (head === 0) return false;
    this.store.readAt(head, this.head);
    return this.values.isWhole(this.store.tagOf(this.head), this.head);
  }

  /** Location of the head of the value that the fragment in `view` belongs to; 0 if its bytes are elsewhere. */
  private headOf(view: RecordView): Location {
    const tag = this.store.hash.keyTag(view.bytes, view.keyStart, view.keyEnd);
    return this.store.find(tag, view.bytes, view.keyStart, view.keyEnd);
  }

  private evict(segment: Segment, offset: number, view: RecordView): number {
    const location = locationAt(segment.number, offset);
    this.evictedTotal++;
    if (view.kind !== RECORD_FRAGMENT) return this.values.remove(this.store.tagOf(view), location, view, 'evict');
    const head = this.headOf(view);
    this.store.readAt(head, view);
    return this.values.remove(this.store.tagOf(view), head, view, 'evict');
  }

  private sampleSoonest(): Location {
    const cursor = this.cursor;
    const { index } = this.store;
    let soonest = Infinity;
    let location = 0;
    let more = index.seek(cursor, avalanche(++this.draws)) || index.seek(cursor, LOWEST_TAG);
    for (let sample = 0; sample < SAMPLES && more; sample++) {
      if (this.store.table.get(segmentOf(cursor.location)).isRaw) {
        this.store.readAt(cursor.location, this.view);
        const { expiresAtMs } = this.view;
        if (expiresAtMs > 0 && expiresAtMs < soonest && this.isEndable(this.view)) {
          soonest = expiresAtMs;
          location = cursor.location;
        }
      }
      more = index.advance(cursor);
    }
    return location;
  }

  private findSoonest(): Location {
    for (;;) {
      let due: Segment | undefined;
      for (const segment of this.store.table.all()) {
        if (segment.isRaw && segment.soonestExpiryMs < (due?.soonestExpiryMs ?? Infinity)) due = segment;
      }
      if (due === undefined) return 0;
      const location = this.soonestIn(due);
      if (location !== 0) return location;
    }
  }

  /** The record of a segment that expires first, 0 if none does; makes the segment's soonest expiry exact. */
  private soonestIn(segment: Segment): Location {
    let soonest = Infinity;
    let location = 0;
    for (let offset = 0; offset < segment.length; offset += this.view.sizeBytes) {
      this.view.read(segment.bytes, offset);
      const { expiresAtMs } = this.view;
      if (expiresAtMs === 0 || expiresAtMs >= soonest || !segment.isLive(offset)) continue;
      if (!this.isEndable(this.view)) continue;
      soonest = expiresAtMs;
      location = locationAt(segment.number, offset);
    }
    segment.soonestExpiryMs = soonest;
    return location;
  }
}
