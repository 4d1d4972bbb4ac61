/**
 * Linearizable reads without a log entry (Raft thesis, 6.4): a read may be answered from the commit index of the moment
 * at which it arrived, once a quorum has confirmed that this node was still the leader after that moment.
 *
 * Each waiting read gets the next value of a counter that never repeats in the life of this object. Heartbeats carry
 * the newest value, answers bring it back, and an answer confirms every read up to the value that it carries. The caller's
 * context is only handed through: two reads with the same context, or an answer to a read of an earlier life, cannot
 * confirm one another.
 */
import { quorumIndex, type Quorum } from './quorum.js';

export interface PendingRead {
  /** Raft id of the node that asked; this node's own for a local read. */
  readonly from: number;
  readonly context: Uint8Array;
}

interface WaitingRead extends PendingRead {
  readonly counter: number;
  /** The commit index when the read arrived. */
  readonly index: number;
}

export interface ConfirmedRead extends PendingRead {
  readonly index: number;
}

export class ReadQueue {
  /** Reads that arrived before this leader had committed an entry of its term; their index is not known yet. */
  private postponed: PendingRead[] = [];
  /** In the order of arrival: counters and indexes ascend. */
  private waiting: WaitingRead[] = [];
  private counter = 0;
  /** The newest counter that each peer has confirmed. */
  private readonly confirmedBy = new Map<number, number>();

  get size(): number {
    return this.postponed.length + this.waiting.length;
  }

  /** The counter for the next heartbeats: the newest read's, 0 when none waits for a quorum. */
  get newestCounter(): number {
    return this.waiting.at(-1)?.counter ?? 0;
  }

  postpone(read: PendingRead): void {
    this.postponed.push(read);
  }

  takePostponed(): readonly PendingRead[] {
    const reads = this.postponed;
    this.postponed = [];
    return reads;
  }

  /** Waits for a quorum to confirm. */
  add({ from, context }: PendingRead, commitIndex: number): void {
    this.counter++;
    this.waiting.push({ from, context, counter: this.counter, index: commitIndex });
  }

  /** Whether `counter` has ever been sent out. */
  hasIssued(counter: number): boolean {
    return counter <= this.counter;
  }

  /** `peer` has answered a heartbeat that carried `counter`. */
  acknowledge(peer: number, counter: number): void {
    this.confirmedBy.set(peer, Math.max(counter, this.confirmedBy.get(peer) ?? 0));
  }

  /** Takes out the reads that a quorum has confirmed; the leader itself always agrees. */
  takeConfirmed(quorum: Quorum, leader: number): readonly ConfirmedRead[] {
    const confirmed = quorumIndex(quorum, (id) => (id === leader ? this.counter : (this.confirmedBy.get(id) ?? 0)));
    const count = this.waiting.findIndex((read) => read.counter > confirmed);
    return this.waiting.splice(0, count === -1 ? this.waiting.length : count);
  }

  /** Forgets all reads: this node leads no more, and whoever asked asks again. The counter goes on. */
  clear(): void {
    this.postponed = [];
    this.waiting = [];
    this.confirmedBy.clear();
  }
}
