/**
 * Carries a committed entry out at a backup or a learner, whose store becomes, to the byte, what the primary's was after it.
 *
 * A learner's store lacks sealed segments that are still to come (`awaited`), and they come as they are at a later index; so what
 * a command says of records in them is left out: they come without those records. Whatever does not fit the store is a defect
 * here or at the primary, and asserted.
 */
import { assert } from '../base/assert.js';
import { type Location, segmentOf } from '../store/layout.js';
import type { PartitionStore } from '../store/partition-store.js';
import { RecordRefs } from '../store/record-refs.js';
import type { Head } from '../store/segment.js';
import { type EntryHeader, type EntryVisitor, visitEntry } from './entry-codec.js';

export interface ApplyHooks {
  /** Numbers of the sealed segments that have not arrived yet; none at a backup. */
  readonly awaited: ReadonlySet<number>;
  /** The segment is sealed now and its bytes are here. */
  onSealed(number: number): void;
  /** The segment is sealed now, and its bytes here were not those that the primary has sealed: they are dropped. */
  onSealedDamaged(number: number, checksum: number): void;
  /** The segment is gone, and its number free. These were its bytes, borrowed for the call. */
  onReleased(number: number, bytes: Uint8Array, checksum: number): void;
  /** The same of a segment that was awaited: it will not come, and `awaited` is to lose it. It may be folded here all the same. */
  onAwaitedReleased(number: number, bytes: Uint8Array, checksum: number): void;
  /** The segment is gone, and its number free if it was in use here, and nobody has its bytes. One that was awaited will not come. */
  onLost(number: number, checksum: number): void;
}

/** Returns the header. @throws MalformedBytes */
export function applyEntry(store: PartitionStore, bytes: Uint8Array, hooks: ApplyHooks): EntryHeader {
  return visitEntry(bytes, new Applier(store, hooks));
}

class Applier implements EntryVisitor {
  private readonly store: PartitionStore;
  private readonly hooks: ApplyHooks;
  private readonly kept = new RecordRefs();

  constructor(store: PartitionStore, hooks: ApplyHooks) {
    this.store = store;
    this.hooks = hooks;
  }

  open(segment: number, head: Head): void {
    assert(!this.hooks.awaited.has(segment), 'an opened segment was free');
    this.store.open(segment, head);
  }

  put(to: Location, tag: number, supersedes: RecordRefs, record: Uint8Array): void {
    this.append(to, record);
    this.store.put(to, tag, this.withoutAwaited(supersedes));
  }

  move(to: Location, from: Location, tag: number, record: Uint8Array): void {
    this.append(to, record);
    if (this.isAwaited(from)) this.store.moveIn(to, from, tag, record.length);
    else this.store.move(to, from, tag, record.length);
  }

  remove(records: RecordRefs): void {
    this.store.remove(this.withoutAwaited(records));
  }

  seal(number: number, length: number, checksum: number, serial: number): void {
    this.store.seal(number, number);
    const segment = this.store.table.get(number);
    assert(
      segment.length === length && segment.serial === serial,
      'a member seals the segment that the primary has sealed',
    );
    if (segment.checksum === checksum) return this.hooks.onSealed(number);
    // A bit has flipped in the open segment, here or at the primary. What the primary has is what it answers: that counts.
    this.store.adoptSeal(number, checksum);
    this.hooks.onSealedDamaged(number, checksum);
  }

  release(number: number, checksum: number, bytes: Uint8Array): void {
    if (this.hooks.awaited.has(number)) {
      this.hooks.onAwaitedReleased(number, bytes, checksum);
      return;
    }
    const segment = this.store.table.get(number);
    assert(segment.checksum === checksum && segment.length === bytes.length, 'a member releases what the primary has');
    this.store.release(number);
    this.hooks.onReleased(number, bytes, checksum);
  }

  lose(number: number, checksum: number, _liveBytes: number, records: RecordRefs): void {
    if (!this.hooks.awaited.has(number)) this.loseHere(number, checksum, records);
    this.hooks.onLost(number, checksum);
  }

  private loseHere(number: number, checksum: number, records: RecordRefs): void {
    const segment = this.store.table.get(number);
    assert(segment.checksum === checksum, 'a member loses what the primary has');
    // A member that has it raw has kept it by chance: it is given up on all of them alike.
    if (segment.isRaw) this.store.dropBytes(number);
    this.store.lose(number, records);
  }

  private append(to: Location, record: Uint8Array): void {
    const placed = this.store.appendCopy(segmentOf(to), record);
    assert(placed === to, 'a member appends where the primary did');
  }

  private isAwaited(location: Location): boolean {
    return this.hooks.awaited.has(segmentOf(location));
  }

  private withoutAwaited(refs: RecordRefs): RecordRefs {
    if (this.hooks.awaited.size === 0) return refs;
    this.kept.clear();
    for (let i = 0; i < refs.count; i++) {
      const location = refs.location(i);
      if (this.isAwaited(location)) this.store.headless.forget(location);
      else this.kept.add(refs.tag(i), location, refs.sizeBytes(i));
    }
    return this.kept;
  }
}
