/**
 * What a primary knows of one backup or learner in the current epoch: how far it has acknowledged, what is under way to it.
 * Forgotten with every epoch, since acknowledgements count only in the epoch that they were given in (DESIGN.md, I5).
 */
import type { GroupMember } from '../cluster/cluster-map.js';
import type { Pressure } from './node-memory.js';
import type { PartitionLog } from './partition-log.js';

export class PeerProgress {
  readonly member: GroupMember;
  /** Of a learner's stream; 0 for a backup. */
  readonly joinIndex: number;
  /**
   * Has matched an Append since its log was last compared from `held` on. Until then it is sent empty ones only: what follows one
   * that is refused would be refused as well.
   */
  isFollowing = false;
  /** Has accepted an Append of this epoch, and so refuses every earlier one. */
  promised = false;
  /** Acknowledged in this epoch up to here: matched < next. */
  matched = 0;
  /** Is known to be in its log up to here, by acknowledgements of earlier epochs of this primary too: matched <= held. */
  held = 0;
  /** Applied there up to here, in whatever epoch; never goes back. */
  applied = 0;
  /** Entries below have been sent over the connection that stands. */
  next: number;
  /** Whether an Append has to go out even if it is empty: to open the epoch, to tell the commit index, to be answered. */
  owesAppend = true;
  /** The last commit index that it was told. */
  toldCommit = 0;
  lastSentMs = -Infinity;
  /** When the oldest Append that is not acknowledged was sent; undefined: all are. */
  unacknowledgedSinceMs: number | undefined;
  /** Entries up to here, on the log's scale of costs, have been granted by it. */
  private grantedThrough = 0;
  /** How it stood with its memory when it was last heard, which was at `heardAtMs`. */
  pressure: Pressure = 'none';
  heardAtMs = -Infinity;
  /** Memory to ask it for with the next Append; when it was asked last. */
  askedBytes = 0;
  askedAtMs = -Infinity;
  /** Nothing is sent before: the peer's map is older than this epoch. */
  pausedUntilMs = -Infinity;

  /** @param heldIndex what it has for certain: everything behind that is sent to it. */
  constructor(member: GroupMember, joinIndex: number, heldIndex: number) {
    this.member = member;
    this.joinIndex = joinIndex;
    this.held = heldIndex;
    this.next = heldIndex + 1;
  }

  /** What entries behind the last one of `log` may cost it. */
  grantedBytes(log: PartitionLog): number {
    if (this.grantedThrough >= Number.MAX_SAFE_INTEGER) return Infinity;
    return this.grantedThrough - log.costAt(log.lastIndex);
  }

  /** It has granted `freeBytes` behind `index`. */
  onGranted(log: PartitionLog, index: number, freeBytes: number): void {
    // What comes late, of an index that is dropped here, says less than what was told since.
    if (index < log.firstIndex - 1) return;
    this.grantedThrough = Math.max(this.grantedThrough, log.costAt(index) + freeBytes);
  }

  /** A learner's stream begins with the state at `index`. */
  beginAt(index: number): void {
    this.matched = this.held = index;
    this.next = index + 1;
  }

  /** The opening Append, or the answer to it, may be lost. */
  reopen(): void {
    this.promised = false;
    this.owesAppend = true;
  }

  /** An Append ending at `lastIndex` has been sent. */
  onSent(lastIndex: number, commitIndex: number, nowMs: number): void {
    this.next = lastIndex + 1;
    this.toldCommit = Math.max(this.toldCommit, commitIndex);
    this.owesAppend = false;
    this.askedBytes = 0;
    this.lastSentMs = nowMs;
    this.unacknowledgedSinceMs ??= nowMs;
  }

  onMatched(index: number, nowMs: number): void {
    this.promised = true;
    this.isFollowing = true;
    if (index > this.matched) this.matched = index;
    if (index > this.held) this.held = index;
    if (this.next <= index) this.next = index + 1;
    this.unacknowledgedSinceMs = this.matched >= this.next - 1 ? undefined : nowMs;
  }

  /** Sends again from behind what the peer has for certain. */
  rewind(): void {
    this.isFollowing = false;
    this.next = this.held + 1;
    this.owesAppend = true;
  }
}
