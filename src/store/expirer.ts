/**
 * Active expiry: finds expired records that nobody asks for. A segment remembers the soonest expiry in it; segments that are due
 * are read through in small slices and remember the next one. Which time it is, is told; nothing here has a clock.
 *
 * In ecc mode a segment is held against its checksum before it is read: a length that a flipped bit has changed would lead anywhere. A
 * stand-in has the soonest expiries of segments whose bytes are elsewhere as well: `wantedElsewhere` says which of them is to be fetched, and
 * until it is here they are left out. A large value of which a part is elsewhere is ended piece by piece.
 */
import type { Endings } from './endings.js';
import { locationAt } from './layout.js';
import type { PartitionStore } from './partition-store.js';
import { RecordView } from './record.js';
import type { Segment } from './segment.js';

const LOOK_COST_BYTES = 16;
const REMOVE_COST_BYTES = 64;

export class Expirer {
  private readonly store: PartitionStore;
  private readonly endings: Endings;
  private readonly view = new RecordView();
  /** Segment being read, by number and serial. The number stays when it is done: the search goes on from there. */
  private segmentNumber = 0;
  private segmentSerial = 0;
  /** Live records before this offset do not expire before `soonestMs`. */
  private offset = 0;
  private soonestMs = Infinity;

  constructor(store: PartitionStore, endings: Endings) {
    this.store = store;
    this.endings = endings;
  }

  get position(): readonly number[] {
    return [this.segmentNumber, this.segmentSerial, this.offset, this.soonestMs];
  }

  restore(position: readonly number[]): void {
    [this.segmentNumber = 0, this.segmentSerial = 0, this.offset = 0, this.soonestMs = Infinity] = position;
    this.store.nothingDueBeforeMs = 0;
  }

  /** No value is over before; Infinity if none ever is. May be early, until the segment that it lies in has been read. */
  get dueMs(): number {
    let soonest = Infinity;
    for (const segment of this.store.table.all()) {
      if (segment.isRaw) soonest = Math.min(soonest, segment.soonestExpiryMs);
    }
    return soonest;
  }

  /**
   * Number of the segment that has longest had something expired at `nowMs`, by what is known of it, and whose bytes are elsewhere; or of
   * one with the rest of a value whose end has begun. 0: none. @param isWorthIt of a segment by its number.
   */
  wantedElsewhere(nowMs: number, isWorthIt: (number: number) => boolean): number {
    const { table } = this.store;
    if (table.droppedCount === 0) return 0;
    const begun = this.endings.wantedElsewhere;
    if (begun !== 0) return begun;
    let soonest = nowMs;
    let wanted = 0;
    for (const segment of table.all()) {
      if (segment.state !== 'sealed' || segment.isRaw || segment.soonestExpiryMs > soonest) continue;
      if (!isWorthIt(segment.number)) continue;
      soonest = segment.soonestExpiryMs;
      wanted = segment.number;
    }
    return wanted;
  }

  /** Reads on for about `budgetBytes`, removing what has expired at `nowMs`. Returns the bytes that are dead now. */
  step(nowMs: number, budgetBytes: number): number {
    let budget = budgetBytes;
    let freed = budget > 0 ? this.endings.step() : 0;
    while (budget > 0 && nowMs >= this.store.nothingDueBeforeMs) {
      const segment = this.currentSegment() ?? this.findDue(nowMs);
      if (segment === undefined) return freed;
      const view = this.view;
      while (budget > 0 && this.offset < segment.length) {
        const offset = this.offset;
        view.read(segment.bytes, offset);
        this.offset += view.sizeBytes;
        budget -= LOOK_COST_BYTES;
        if (view.expiresAtMs === 0 || !segment.isLive(offset)) continue;
        if (view.expiresAtMs <= nowMs) {
          const location = locationAt(segment.number, offset);
          freed += this.endings.end(this.store.tagOf(view), location, view, 'expire');
          budget -= REMOVE_COST_BYTES;
        } else if (view.expiresAtMs < this.soonestMs) {
          this.soonestMs = view.expiresAtMs;
        }
      }
      if (this.offset < segment.length) return freed;
      segment.soonestExpiryMs = this.soonestMs;
      this.segmentSerial = 0;
    }
    return freed;
  }

  private currentSegment(): Segment | undefined {
    if (this.segmentSerial === 0) return undefined;
    const segment = this.store.table.maybe(this.segmentNumber);
    return segment?.serial === this.segmentSerial && segment.isRaw ? segment : undefined;
  }

  /**
   * The next segment in the order of numbers that may hold something expired, from where the search was last and round. The
   * order must not depend on how many numbers the table has room for: that differs after a restore.
   */
  private findDue(nowMs: number): Segment | undefined {
    const { limit } = this.store.table;
    const first = Math.min(this.segmentNumber + 1, limit);
    let soonest = Infinity;
    for (let step = 0; step < limit; step++) {
      const number = (first + step) % limit;
      const segment = this.store.table.maybe(number);
      if (segment?.isRaw !== true) continue;
      if (segment.soonestExpiryMs <= nowMs) {
        if (segment.state === 'sealed' && !this.store.isIntact(segment)) continue;
        this.segmentNumber = number;
        this.segmentSerial = segment.serial;
        this.offset = 0;
        this.soonestMs = Infinity;
        return segment;
      }
      soonest = Math.min(soonest, segment.soonestExpiryMs);
    }
    this.store.nothingDueBeforeMs = soonest;
    return undefined;
  }
}
