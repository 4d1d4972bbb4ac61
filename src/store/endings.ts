/**
 * Ends values. In ecc mode a large value may be partly elsewhere; then it is ended piece by piece: the fragments that are here at once,
 * which makes it a value that does not exist (`Values.isBroken`), the others as their segments come, and the head last, since it says
 * what there is. `wantedElsewhere` names the next segment.
 *
 * What has been begun is known here only. A head that has been moved, or that another primary has inherited, is found again by expiry or
 * eviction as any other.
 */
import { type Location, offsetOf, segmentOf } from './layout.js';
import type { RemoveReason } from './location-commands.js';
import type { PartitionStore } from './partition-store.js';
import { RecordView } from './record.js';
import type { Values } from './values.js';

interface Begun {
  /** Of the head. */
  readonly location: Location;
  /** Of the head's segment: numbers come back, serials do not. */
  readonly serial: number;
  readonly reason: RemoveReason;
}

export class Endings {
  private readonly store: PartitionStore;
  private readonly values: Values;
  private readonly view = new RecordView();
  private begun: Begun[] = [];
  /** Number of the segment that the first of them waits for; 0: not known. */
  private awaited = 0;

  constructor(store: PartitionStore, values: Values) {
    this.store = store;
    this.values = values;
  }

  /** Ends the value whose first record is `view` at `location`, as far as it is here. Returns the bytes that are dead now. */
  end(tag: number, location: Location, view: RecordView, reason: RemoveReason): number {
    if (this.values.isWhole(tag, view)) return this.values.remove(tag, location, view, reason);
    const { serial } = this.store.table.get(segmentOf(location));
    this.begun.push({ location, serial, reason });
    return this.values.removeFragments(tag, view, reason);
  }

  /** Goes on with what has been begun, as far as its bytes are here by now. Returns the bytes that are dead now. */
  step(): number {
    if (this.begun.length === 0 || this.store.table.maybe(this.awaited)?.isRaw === false) return 0;
    const before = this.begun;
    this.begun = [];
    this.awaited = 0;
    let freed = 0;
    for (const each of before) {
      if (!this.isThere(each)) continue;
      if (this.readHead(each)) freed += this.end(this.store.tagOf(this.view), each.location, this.view, each.reason);
      else this.begun.push(each);
    }
    return freed;
  }

  /** Number of a segment that has a part of what has been begun, and whose bytes are elsewhere; 0: none. */
  get wantedElsewhere(): number {
    this.awaited = this.firstMissing();
    return this.awaited;
  }

  private firstMissing(): number {
    while (this.begun[0] !== undefined) {
      const [first] = this.begun;
      if (this.isThere(first)) {
        if (!this.readHead(first)) return segmentOf(first.location);
        return this.values.missingSegment(this.store.tagOf(this.view), this.view);
      }
      this.begun.shift();
    }
    return 0;
  }

  /** The head is still where it was. Its bytes may be elsewhere. */
  private isThere({ location, serial }: Begun): boolean {
    const segment = this.store.table.maybe(segmentOf(location));
    return segment?.serial === serial && segment.isLive(offsetOf(location));
  }

  private readHead({ location }: Begun): boolean {
    if (!this.store.table.get(segmentOf(location)).isRaw) return false;
    this.store.readAt(location, this.view);
    return true;
  }
}
