/**
 * Makes room under the memory cap by ending values that are still good.
 *
 * `lru` is CLOCK over the log: segments are taken in the order of their age; a record that was touched since it was written
 * moves to the open segment and loses its mark, another one ends (compare Segcache, NSDI 2021). One bit a record, whole
 * segments come free, and what was read again stays. `ttl` looks at some records at a random place of the index and ends
 * the one that expires first, as Redis does; when none of them expires, it reads the segment with the soonest expiry.
 *
 * In ecc mode bytes may be elsewhere, and a stand-in must not end what is newest because that alone is here. Which segment is next is decided
 * over all of them; if its bytes are elsewhere nothing is ended, `wantedElsewhere` names it, and `evictFrom` empties it once it has been
 * fetched. A release frees memory at a stand-in only where nobody else is left in its parity shard (`MemoryCap.frees`). Another segment is
 * emptied all the same, but one at a time: the next segment takes its stripe, and adds no shard. While there is such a stripe, other
 * partitions have to make room; if they cannot (`isLastResort`), it is the oldest of those that do free something.
 * A fragment goes without its head, if that is elsewhere: the value then does not exist, and its other parts go when their turn comes.
 */
import { avalanche } from './byte-hash.js';
import type { Cleaner } from './cleaner.js';
import type { Endings } from './endings.js';
import { decodeHeadValue } from './fragments.js';
import { IndexCursor } from './hash-index.js';
import { type Location, locationAt, offsetOf, segmentOf } from './layout.js';
import type { LocationCommands } from './location-commands.js';
import type { MemoryCap } from './memory-cap.js';
import type { PartitionStore } from './partition-store.js';
import type { Placement } from './placement.js';
import { RECORD_FRAGMENT, RECORD_HEAD, RecordView } from './record.js';
import type { Segment } from './segment.js';
import type { Values } from './values.js';

/** Records that one `ttl` eviction looks at. Redis takes 5 and a pool of 16. */
const SAMPLES = 16;
/** Touched records spared in one call before the next one goes all the same: the bound of a pause. */
const MAX_SPARED_BYTES = 256 * 1024;
const LOWEST_TAG = -(2 ** 31);
/** A segment of which values have been ended by `ttl` is emptied if they made up at least this part of it. */
const WORTH_EMPTYING_SHARE = 1 / 8;

export interface EvictorParts {
  readonly partition: PartitionStore;
  readonly commands: LocationCommands;
  readonly cap: MemoryCap;
  readonly placement: Placement;
  readonly cleaner: Cleaner;
  readonly values: Values;
  readonly endings: Endings;
}

/** How much was moved out of the way in one call, or since a segment was begun. */
interface Spared {
  touched: number;
  headless: number;
  kept: number;
}

export class Evictor {
  private readonly store: PartitionStore;
  private readonly commands: LocationCommands;
  private readonly cap: MemoryCap;
  private readonly placement: Placement;
  private readonly cleaner: Cleaner;
  private readonly values: Values;
  private readonly endings: Endings;
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

  constructor({ partition, commands, cap, placement, cleaner, values, endings }: EvictorParts) {
    this.store = partition;
    this.commands = commands;
    this.cap = cap;
    this.placement = placement;
    this.cleaner = cleaner;
    this.values = values;
    this.endings = endings;
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
   * Ends the next cold value; returns the bytes that are dead now, 0 if there was nothing left to end, or it is elsewhere. Fragments of a
   * value that is just being written are moved out of the way.
   * @param isLastResort no other partition of this node has anything to end.
   */
  evictColdest(isLastResort: boolean): number {
    const spared = { touched: 0, headless: 0, kept: 0 };
    for (;;) {
      const segment = this.currentSegment() ?? this.oldest(isLastResort);
      if (segment === undefined) return 0;
      // Under a cap of the node, no more is moved at once than the log has room for (memory-reserve.ts); the next call goes on there.
      const isShared = !this.cap.isLimited;
      const mostTouched = isShared ? Math.min(MAX_SPARED_BYTES, segment.length) : MAX_SPARED_BYTES;
      const mostHeadless = isShared ? segment.length : Infinity;
      const bytes = this.endNextIn(segment, spared, mostTouched, mostHeadless);
      if (bytes > 0 || segment.liveBytes > 0) return bytes;
      this.finish(segment);
    }
  }

  /**
   * Empties segment `number`, which is here now because it was wanted: ends its values as the policy says, moves the others, releases it.
   * Returns the bytes that are dead now.
   */
  evictFrom(number: number): number {
    const segment = this.store.table.maybe(number);
    if (segment?.isCleanable !== true || !this.store.isIntact(segment)) return 0;
    if (this.cap.policy === 'ttl') return this.endExpiringIn(segment);
    this.begin(segment);
    const spared = { touched: 0, headless: 0, kept: 0 };
    const mostTouched = Math.min(MAX_SPARED_BYTES, segment.liveBytes / 2);
    let freed = 0;
    let bytes;
    do {
      bytes = this.endNextIn(segment, spared, mostTouched, Infinity);
      freed += bytes;
    } while (bytes > 0);
    if (segment.liveBytes === 0) this.finish(segment);
    return freed;
  }

  /** Number of the segment that values are to be ended in next, if its bytes are elsewhere; 0: it is here, or there is none. */
  wantedElsewhere(isLastResort: boolean): number {
    if (this.store.table.droppedCount === 0) return 0;
    switch (this.cap.policy) {
      case 'noeviction':
        return 0;
      case 'lru': {
        const next = this.currentSegment() ?? this.nextSealed(isLastResort);
        return next === undefined || next.isRaw ? 0 : next.number;
      }
      case 'ttl':
        return this.soonestElsewhere((segment) => this.mayEmpty(segment))?.number ?? 0;
    }
  }

  /** Ends a value that expires soon; returns the bytes that are dead now, 0 if no value expires. */
  evictSoonest(isLastResort: boolean): number {
    const location = this.sampleSoonest() || this.findSoonest();
    if (location === 0) return 0;
    this.store.readAt(location, this.view);
    const elsewhere = isLastResort ? undefined : this.soonestElsewhere();
    if (elsewhere !== undefined && elsewhere.soonestExpiryMs < this.view.expiresAtMs) return 0;
    this.evictedTotal++;
    return this.values.remove(this.store.tagOf(this.view), location, this.view, 'evict');
  }

  /** The next value of a segment that is being emptied: bytes that are dead now; 0: all is gone, or nothing can be ended now. */
  private endNextIn(segment: Segment, spared: Spared, mostTouched: number, mostHeadless: number): number {
    while (segment.liveBytes > 0) {
      const offset = this.offset;
      const view = this.view;
      view.read(segment.bytes, offset);
      this.offset += view.sizeBytes;
      if (!segment.isLive(offset)) continue;
      if (this.store.headless.has(locationAt(segment.number, offset))) {
        spared.headless += view.sizeBytes;
        const most = Math.min(this.store.headless.bytes, mostHeadless);
        if (spared.headless > most || !this.cleaner.moveRecord(segment, offset, view)) {
          return this.stopAt(offset);
        }
      } else if (
        spared.touched < mostTouched &&
        this.isTouched(segment, offset, view) &&
        this.cleaner.moveRecord(segment, offset, view)
      ) {
        spared.touched += view.sizeBytes;
      } else if (this.isEndable(view)) {
        return this.evict(segment, offset, view);
      } else {
        spared.kept += view.sizeBytes;
        if (spared.kept > MAX_SPARED_BYTES || !this.cleaner.moveRecord(segment, offset, view))
          return this.stopAt(offset);
      }
    }
    return 0;
  }

  private begin(segment: Segment): void {
    this.segmentNumber = segment.number;
    this.segmentSerial = segment.serial;
    this.offset = 0;
  }

  private finish(segment: Segment): void {
    this.segmentSerial = 0;
    if (this.store.isIntact(segment)) this.commands.release(segment.number);
  }

  /** Ends what expires in a segment, and empties it if that was much of it. */
  private endExpiringIn(segment: Segment): number {
    let freed = 0;
    for (let offset = 0; offset < segment.length; offset += this.view.sizeBytes) {
      this.view.read(segment.bytes, offset);
      if (this.view.expiresAtMs === 0 || !segment.isLive(offset)) continue;
      this.evictedTotal++;
      const location = locationAt(segment.number, offset);
      freed += this.endings.end(this.store.tagOf(this.view), location, this.view, 'evict');
    }
    segment.soonestExpiryMs = Infinity;
    if (freed >= segment.length * WORTH_EMPTYING_SHARE) this.cleaner.empty(segment.number);
    return freed;
  }

  private currentSegment(): Segment | undefined {
    if (this.segmentSerial === 0) return undefined;
    const segment = this.store.table.maybe(this.segmentNumber);
    return segment?.serial === this.segmentSerial && segment.isCleanable ? segment : undefined;
  }

  /** The segment to be emptied next, from its beginning; undefined if there is none, or its bytes are elsewhere. */
  private oldest(isLastResort: boolean): Segment | undefined {
    let oldest = this.nextSealed(isLastResort);
    // At a stand-in the open segments are what has just been written, and others have to go before.
    const maySeal = oldest === undefined && this.store.table.droppedCount === 0;
    if (maySeal && (this.placement.seal('write') || this.placement.seal('move')))
      oldest = this.nextSealed(isLastResort);
    if (oldest?.isCleanable !== true) return undefined;
    // Nothing is moved out of a damaged segment; the next one is tried.
    if (!this.store.isIntact(oldest)) return this.oldest(isLastResort);
    this.begin(oldest);
    return oldest;
  }

  private nextSealed(isLastResort: boolean): Segment | undefined {
    // Under a cap of its own, a store makes room by what is here.
    if (this.cap.isLimited) return this.oldestSealed(({ isCleanable }) => isCleanable);
    const oldest = this.oldestSealed(() => true);
    if (oldest === undefined || this.mayEmpty(oldest)) return oldest;
    return isLastResort ? this.oldestSealed(({ number }) => this.cap.frees(number)) : undefined;
  }

  /** Whether it helps to release this segment: memory comes free, or the next segment costs no shard because of it. */
  private mayEmpty({ number }: Segment): boolean {
    return this.cap.frees(number) || !this.cap.isShared(this.store.table.lowestFree(0));
  }

  private oldestSealed(isOffered: (segment: Segment) => boolean): Segment | undefined {
    let oldest: Segment | undefined;
    for (let number = 1; number < this.store.table.limit; number++) {
      const segment = this.store.table.maybe(number);
      if (segment?.state !== 'sealed' || (oldest !== undefined && segment.serial > oldest.serial)) continue;
      if (isOffered(segment)) oldest = segment;
    }
    return oldest;
  }

  private isTouched(segment: Segment, offset: number, view: RecordView): boolean {
    if (view.kind !== RECORD_FRAGMENT) return segment.isTouched(offset);
    const head = this.headOf(view);
    return head !== 0 && this.store.table.get(segmentOf(head)).isTouched(offsetOf(head));
  }

  /** Nothing can be ended now. The next call begins with the same record, which is live and was not moved. */
  private stopAt(offset: number): number {
    this.offset = offset;
    return 0;
  }

  /** Whether the value that the record in `view` belongs to can be ended by that record. A head has to wait for its fragments. */
  private isEndable(view: RecordView): boolean {
    return view.kind !== RECORD_HEAD || this.values.isWhole(this.store.tagOf(view), view);
  }

  /** Location of the head of the value that the fragment in `view` belongs to; 0 if its bytes are elsewhere, or it was lost. */
  private headOf(view: RecordView): Location {
    const { found } = this.store;
    const tag = this.store.hash.keyTag(view.bytes, view.keyStart, view.keyEnd);
    const head = this.store.find(tag, view.bytes, view.keyStart, view.keyEnd);
    if (head === 0 || found.kind !== RECORD_HEAD || decodeHeadValue(found).version !== view.version) return 0;
    return head;
  }

  private evict(segment: Segment, offset: number, view: RecordView): number {
    const location = locationAt(segment.number, offset);
    this.evictedTotal++;
    if (view.kind !== RECORD_FRAGMENT) return this.values.remove(this.store.tagOf(view), location, view, 'evict');
    const head = this.headOf(view);
    if (head === 0) {
      const { sizeBytes } = view;
      this.values.removeFragment(this.store.tagOf(view), location, sizeBytes, 'evict');
      return sizeBytes;
    }
    this.store.readAt(head, view);
    return this.endings.end(this.store.tagOf(view), head, view, 'evict');
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

  /** Of the segments whose bytes are elsewhere, the one with the soonest expiry by what is known of it. */
  private soonestElsewhere(isOffered: (segment: Segment) => boolean = () => true): Segment | undefined {
    if (this.cap.isLimited || this.store.table.droppedCount === 0) return undefined;
    let soonest: Segment | undefined;
    for (const segment of this.store.table.all()) {
      if (segment.state !== 'sealed' || segment.isRaw) continue;
      if (segment.soonestExpiryMs < (soonest?.soonestExpiryMs ?? Infinity) && isOffered(segment)) soonest = segment;
    }
    return soonest;
  }

  private findSoonest(): Location {
    for (;;) {
      let due: Segment | undefined;
      for (const segment of this.store.table.all()) {
        if (segment.isRaw && segment.soonestExpiryMs < (due?.soonestExpiryMs ?? Infinity)) due = segment;
      }
      if (due === undefined) return 0;
      if (due.state === 'sealed' && !this.store.isIntact(due)) continue;
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
