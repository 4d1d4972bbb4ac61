/**
 * What a leader knows about one peer's log, and with it what it may send there next.
 *
 * - `probe`: where the logs match is not known; one message, then wait for the answer or for a heartbeat's.
 * - `replicate`: they match; messages are sent ahead of their answers, within the window of Inflights.
 * - `snapshot`: the peer needs entries that the leader has compacted; nothing is sent until the snapshot has arrived.
 */
import { Inflights } from './inflights.js';

export type ProgressState = 'probe' | 'replicate' | 'snapshot';

export interface ProgressLimits {
  readonly maxInflightAppends: number;
  readonly maxInflightBytes: number;
}

export class Progress {
  state: ProgressState = 'probe';
  /** Largest index up to which the peer's durable log is known to be the leader's. match < next. */
  match: number;
  /** Next index to send. Entries between match and next are under way. */
  next: number;
  /** The commit index sent last. Goes back where messages may have been lost. While `snapshot`: pendingSnapshot. */
  sentCommit = 0;
  /** State `snapshot`: the index of the snapshot that was sent; else 0. */
  pendingSnapshot = 0;
  /** Heard from since the last check of the quorum. Always true for the leader itself. */
  recentActive: boolean;
  /** One message is out and no other goes until an answer, or a heartbeat's, arrives. */
  appendPaused = false;
  isLearner: boolean;
  readonly inflights: Inflights;

  constructor(
    limits: ProgressLimits,
    initial: {
      readonly match: number;
      readonly next: number;
      readonly isLearner: boolean;
      readonly recentActive: boolean;
    },
  ) {
    this.match = initial.match;
    this.next = initial.next;
    this.isLearner = initial.isLearner;
    this.recentActive = initial.recentActive;
    this.inflights = new Inflights(limits.maxInflightAppends, limits.maxInflightBytes);
  }

  /** Whether sending is throttled for now. */
  get paused(): boolean {
    return this.state === 'snapshot' || this.appendPaused;
  }

  becomeProbe(): void {
    // A snapshot that was sent successfully is where the next probe starts.
    const from = this.state === 'snapshot' ? Math.max(this.match, this.pendingSnapshot) : this.match;
    this.enter('probe', from + 1);
  }

  becomeReplicate(): void {
    this.enter('replicate', this.match + 1);
  }

  becomeSnapshot(snapshotIndex: number): void {
    this.enter('snapshot', snapshotIndex + 1);
    this.pendingSnapshot = snapshotIndex;
    this.sentCommit = snapshotIndex;
  }

  private enter(state: ProgressState, next: number): void {
    this.appendPaused = false;
    this.pendingSnapshot = 0;
    this.state = state;
    this.next = next;
    this.sentCommit = Math.min(this.sentCommit, next - 1);
    this.inflights.reset();
  }

  /** An `append` with `count` entries from `next` on has been sent. */
  sentEntries(count: number, bytes: number): void {
    if (this.state === 'replicate') {
      if (count > 0) {
        this.next += count;
        this.inflights.add(this.next - 1, bytes);
      }
      // With the window full the next message would be a probe for lost ones: one at a time.
      this.appendPaused = this.inflights.full;
    } else if (count > 0) {
      this.appendPaused = true;
    }
  }

  /** Whether sending `commit` could advance the peer's commit index. */
  canBumpCommit(commit: number): boolean {
    return commit > this.sentCommit && this.sentCommit < this.next - 1;
  }

  /** The peer has acknowledged `index`. False when that is old news. */
  maybeUpdate(index: number): boolean {
    if (index <= this.match) return false;
    this.match = index;
    this.next = Math.max(this.next, index + 1);
    this.appendPaused = false;
    return true;
  }

  /**
   * The peer has refused an append after `rejected`, and its log may match at `hint`. False when the refusal is of an
   * older message, which a reordering network can bring back at any time.
   */
  maybeDecrease(rejected: number, hint: number): boolean {
    if (this.state === 'replicate') {
      if (rejected <= this.match) return false;
      this.next = this.match + 1;
      this.sentCommit = Math.min(this.sentCommit, this.next - 1);
      return true;
    }
    // Probes go one at a time, so a refusal of anything but the last one is stale.
    if (this.next - 1 !== rejected) return false;
    this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1);
    this.sentCommit = Math.min(this.sentCommit, this.next - 1);
    this.appendPaused = false;
    return true;
  }
}
