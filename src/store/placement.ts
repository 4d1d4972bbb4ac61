/**
 * Decides where records go: to the end of an open segment, of which there are two, one for writes and one for records that
 * cleaning and eviction move. Kept apart, records that survive collect in segments that then hardly need cleaning.
 * A function of the requests in their order, so replicas in raft mode place alike without being told.
 */
import { assert } from '../base/assert.js';
import type { LocationCommands } from './location-commands.js';
import type { MemoryCap } from './memory-cap.js';
import type { PartitionStore } from './partition-store.js';
import { type Head, NO_STRIPE } from './segment.js';

export class Placement {
  private readonly store: PartitionStore;
  private readonly commands: LocationCommands;
  private readonly cap: MemoryCap;
  /** Numbers of the open segments, 0 for none. */
  private readonly heads: Record<Head, number> = { write: 0, move: 0 };

  constructor(store: PartitionStore, commands: LocationCommands, cap: MemoryCap) {
    this.store = store;
    this.commands = commands;
    this.cap = cap;
  }

  headOf(head: Head): number {
    return this.heads[head];
  }

  restore(write: number, move: number): void {
    this.heads.write = write;
    this.heads.move = move;
  }

  /** Goes on with the open segments of a store that another placement has left. */
  adopt(): void {
    const open = [...this.store.table.all()].filter((segment) => segment.state === 'open');
    assert(open.length <= 2, 'a store has at most one open segment a head');
    const [first, second] = open;
    // One that came from another replica does not say what it was for; either will do.
    const swap = first?.head === 'move' || second?.head === 'write';
    const [write, move] = swap ? [second, first] : [first, second];
    this.restore(write?.number ?? 0, move?.number ?? 0);
  }

  /** Bytes left in the open segment of `head`, 0 if there is none. */
  roomBytes(head: Head): number {
    const number = this.heads[head];
    return number === 0 ? 0 : this.store.table.get(number).roomBytes;
  }

  /** Whether `place` would succeed. */
  canPlace(head: Head, sizeBytes: number): boolean {
    if (this.roomBytes(head) >= sizeBytes || this.sharesHead(head, sizeBytes)) return true;
    const number = this.store.table.lowestFree(sizeBytes);
    return number !== 0 && this.cap.mayOpen(this.store.table.layout.sizeBytes(number), head === 'move');
  }

  /** The open segment to append `sizeBytes` to; seals the one that is too full and opens another if need be. */
  place(head: Head, sizeBytes: number): number {
    if (this.roomBytes(head) >= sizeBytes) return this.heads[head];
    if (this.sharesHead(head, sizeBytes)) return this.heads.write;
    const number = this.store.table.lowestFree(sizeBytes);
    assert(number !== 0, 'whoever places a record has asked whether it can be placed');
    this.seal(head);
    this.commands.open(number, head);
    this.heads[head] = number;
    return number;
  }

  /** Where memory is shared and no segment may be opened for moves, they go to that for writes: better mixed than never cleaned. */
  private sharesHead(head: Head, sizeBytes: number): boolean {
    if (this.cap.isLimited || head === 'write' || this.roomBytes('write') < sizeBytes) return false;
    const number = this.store.table.lowestFree(sizeBytes);
    return number === 0 || !this.cap.mayOpen(this.store.table.layout.sizeBytes(number), true);
  }

  /** Closes the open segment of `head`, if there is one that holds records. */
  seal(head: Head): boolean {
    const number = this.heads[head];
    if (number === 0 || this.store.table.get(number).length === 0) return false;
    this.commands.seal(number, NO_STRIPE);
    this.heads[head] = 0;
    return true;
  }
}
