/**
 * Log-structured cleaning (Rumble, Kejriwal, Ousterhout, "Log-structured memory for DRAM-based storage", FAST 2014): takes the
 * sealed segment with the largest share of dead bytes, moves its live records to the open segment for moves, releases
 * it. Works in slices whose size follows the writes, as long as less than TARGET_LIVE_SHARE of what is written is live or the
 * cap is near; so there is no pause, and no work while there is nothing to gain.
 *
 * A segment whose bytes are elsewhere is left alone, in ecc mode, until they are back; `wantedElsewhere` says for which that is
 * worth it. There, what is cleaned is also held against its checksum, before its records are copied and before its bytes go to
 * the others: a bit that has flipped must not live on in a copy, nor reach a parity shard.
 *
 * I1: a record that is moved is the newest of its key, because only the newest is live when this runs.
 */
import { locationAt } from './layout.js';
import type { LocationCommands } from './location-commands.js';
import type { MemoryCap } from './memory-cap.js';
import type { PartitionStore } from './partition-store.js';
import type { Placement } from './placement.js';
import { RecordView } from './record.js';
import type { Segment } from './segment.js';

const TARGET_LIVE_SHARE = 0.88;
/** A segment with a smaller share of dead bytes is not worth the moves. The gap at its end is none: it would come again. */
const MIN_DEAD_SHARE = 1 / 32;
/** What looking at a record costs, counted in bytes moved. */
const LOOK_COST_BYTES = 8;
const MOVE_COST_BYTES = 32;

export class Cleaner {
  private readonly store: PartitionStore;
  private readonly commands: LocationCommands;
  private readonly cap: MemoryCap;
  private readonly placement: Placement;
  private readonly view = new RecordView();
  /** Segment under work, by number and serial; 0 for none. */
  private victimNumber = 0;
  private victimSerial = 0;
  /** Records of the victim before this offset have been moved. */
  private offset = 0;
  private movedBytesTotal = 0;

  constructor(store: PartitionStore, commands: LocationCommands, cap: MemoryCap, placement: Placement) {
    this.store = store;
    this.commands = commands;
    this.cap = cap;
    this.placement = placement;
  }

  /** Bytes of records moved since the store began: the price of cleaning. */
  get movedBytes(): number {
    return this.movedBytesTotal;
  }

  /** Where the cleaner stands: part of the replicated state. */
  get position(): readonly number[] {
    return [this.victimNumber, this.victimSerial, this.offset, this.movedBytesTotal];
  }

  restore(position: readonly number[]): void {
    [this.victimNumber = 0, this.victimSerial = 0, this.offset = 0, this.movedBytesTotal = 0] = position;
  }

  /** Works for about `budgetBytes` of moves, if there is need. */
  step(budgetBytes: number): void {
    let budget = budgetBytes;
    while (budget > 0 && this.cap.mayClean && this.isWanted) {
      const victim = this.currentVictim();
      if (victim === undefined) return;
      const spent = this.clean(victim, budget);
      if (spent < 0) return;
      budget -= spent;
    }
  }

  /**
   * Cleans for about `budgetBytes` of moves, whatever the need, if a segment has at least `minDeadShare` of dead bytes. False if
   * none has, or there is no room to move to.
   */
  relieve(budgetBytes: number, minDeadShare: number): boolean {
    const victim = this.currentVictim(minDeadShare);
    return victim !== undefined && this.clean(victim, budgetBytes) >= 0;
  }

  /**
   * Empties the segment with the highest number into lower ones, about `budgetBytes` a call, though nothing in it be dead. When all
   * positions of a group do so, they use the same few stripes, and parity memory comes back (DESIGN.md, "Release"). False if
   * every number below is in use.
   */
  compact(budgetBytes: number): boolean {
    const current = this.currentVictim(Infinity);
    if (current !== undefined) return this.clean(current, budgetBytes) >= 0;
    const { table } = this.store;
    for (let number = table.limit - 1; number > 0; number--) {
      const segment = table.maybe(number);
      if (segment?.isCleanable !== true) continue;
      // What is moved may need a segment of that size, and has to find one below.
      if (!this.fitsBelow(segment)) return false;
      if (!this.store.isIntact(segment)) continue;
      this.begin(segment);
      return this.clean(segment, budgetBytes) >= 0;
    }
    return false;
  }

  /** Number of the segment that `compact` would empty next if its bytes were here, where that frees memory; 0: none. */
  get compactsElsewhere(): number {
    const { table } = this.store;
    if (table.droppedCount === 0) return 0;
    for (let number = table.limit - 1; number > 0; number--) {
      const segment = table.maybe(number);
      if (segment?.state !== 'sealed' || !this.cap.frees(number)) continue;
      return !segment.isRaw && this.fitsBelow(segment) ? number : 0;
    }
    return 0;
  }

  /** Moves everything out of sealed segment `number`, if it is here, and releases it. False if that is not to be done now. */
  empty(number: number): boolean {
    const segment = this.store.table.maybe(number);
    if (segment?.isCleanable !== true || !this.store.isIntact(segment)) return false;
    this.begin(segment);
    return this.clean(segment, Infinity) >= 0;
  }

  private fitsBelow({ number, liveBytes, sizeBytes }: Segment): boolean {
    if (this.placement.headOf('move') < number && this.placement.roomBytes('move') >= liveBytes) return true;
    const { table } = this.store;
    const lowest = table.lowestFree(sizeBytes);
    // Where none may be opened, moves would go to the segment for writes, wherever that is.
    return lowest !== 0 && lowest < number && this.cap.mayOpen(table.layout.sizeBytes(lowest), true);
  }

  /** Cleans one segment to its end, whatever the need. False if there is none worth it, or no room to move to. */
  cleanOne(): boolean {
    const victim = this.currentVictim();
    return victim !== undefined && this.clean(victim, Infinity) >= 0;
  }

  private get isWanted(): boolean {
    if (this.cap.isTight) return true;
    return this.store.table.liveBytes < this.store.table.writtenBytes * TARGET_LIVE_SHARE;
  }

  /** Number of the segment that would be cleaned next if its bytes were here; 0: none, or nothing is to be cleaned now. */
  get wantedElsewhere(): number {
    if (this.store.table.droppedCount === 0 || !this.cap.mayClean || !this.isWanted) return 0;
    const number = this.worstElsewhere(MIN_DEAD_SHARE);
    if (number === 0) return 0;
    const here = this.worst(({ isCleanable }) => isCleanable, MIN_DEAD_SHARE);
    return here === undefined || deadShare(this.store.table.get(number)) > deadShare(here) ? number : 0;
  }

  /** Of the segments whose bytes are elsewhere, the one with most dead bytes, if they are at least `minDeadShare` of it; 0: none. */
  worstElsewhere(minDeadShare: number): number {
    return this.worst(({ state, isRaw }) => state === 'sealed' && !isRaw, minDeadShare)?.number ?? 0;
  }

  private currentVictim(minDeadShare = MIN_DEAD_SHARE): Segment | undefined {
    if (this.victimNumber !== 0) {
      const current = this.store.table.maybe(this.victimNumber);
      if (current?.serial === this.victimSerial && current.isCleanable) return current;
      this.victimNumber = 0;
    }
    let victim: Segment | undefined;
    do {
      victim = this.worst(({ isCleanable }) => isCleanable, minDeadShare);
      if (victim === undefined) return undefined;
    } while (!this.store.isIntact(victim));
    this.begin(victim);
    return victim;
  }

  private begin(victim: Segment): void {
    this.victimNumber = victim.number;
    this.victimSerial = victim.serial;
    this.offset = 0;
  }

  private worst(isOffered: (segment: Segment) => boolean, minDeadShare: number): Segment | undefined {
    let worst: Segment | undefined;
    let worstShare = minDeadShare;
    for (let number = 1; number < this.store.table.limit; number++) {
      const segment = this.store.table.maybe(number);
      if (segment === undefined || !isOffered(segment)) continue;
      const share = deadShare(segment);
      if (share > worstShare) {
        worst = segment;
        worstShare = share;
      }
    }
    return worst;
  }

  /** Moves records until `budget` is spent or the victim is released; what was spent, or -1 if there is no room. */
  private clean(victim: Segment, budget: number): number {
    const view = this.view;
    let spent = MOVE_COST_BYTES;
    while (victim.liveBytes > 0) {
      if (spent >= budget) return spent;
      const offset = this.offset;
      view.read(victim.bytes, offset);
      spent += LOOK_COST_BYTES;
      if (victim.isLive(offset)) {
        if (!this.moveRecord(victim, offset, view)) return -1;
        spent += MOVE_COST_BYTES + view.sizeBytes;
      }
      this.offset = offset + view.sizeBytes;
    }
    if (this.store.isIntact(victim)) this.commands.release(victim.number);
    this.victimNumber = 0;
    return spent;
  }

  /** Moves one live record, described in `view`, to the open segment for moves. False if there is no room. */
  moveRecord(from: Segment, offset: number, view: RecordView): boolean {
    const size = view.sizeBytes;
    if (!this.placement.canPlace('move', size)) return false;
    const target = this.placement.place('move', size);
    const source = locationAt(from.number, offset);
    const to = this.store.appendMove(target, source, size);
    this.commands.move(to, source, this.store.tagOf(view), size);
    this.movedBytesTotal += size;
    return true;
  }
}

function deadShare({ liveBytes, length }: Segment): number {
  return 1 - liveBytes / length;
}
