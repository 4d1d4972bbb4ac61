/**
 * How many bytes of segments one node may have under way to one learner, all partitions that it feeds it with together. Appends wait
 * behind them on the link and at the learner, and a learner that does not acknowledge Appends in time is given up: so a segment should
 * be taken in soon after it has gone out. The window grows by what is taken in while that is so (it doubles in a round trip),
 * and shrinks in proportion when one is late, once a round trip: the segments that are under way together are all late for one reason.
 */
import { LIMITS } from '../base/limits.js';

/** At least: so that one of the largest segments can be under way. */
const SMALLEST_BYTES = 256 * 1024;
const FIRST_BYTES = 512 * 1024;
/** Taken in so soon, there might be more under way. */
const SOON_MS = 150;
/** A fifth of the time after which a link with an unacknowledged Append counts as broken. */
const LATE_MS = 300;
/** What is taken in even later says more about one pause than about the way. */
const MOST_AT_ONCE = 2;

export class TransferWindow {
  private windowBytes = FIRST_BYTES;
  private underWay = 0;
  /** What went out before has been judged by then. */
  private shrunkAtMs = -Infinity;

  get bytes(): number {
    return this.windowBytes;
  }

  get hasRoom(): boolean {
    return this.underWay < this.windowBytes;
  }

  onCut(bytes: number): void {
    this.underWay += bytes;
  }

  /** A segment of `bytes` on the link, which went out at `sentAtMs`, is taken in. */
  onTaken(bytes: number, sentAtMs: number, nowMs: number): void {
    this.underWay -= bytes;
    const tookMs = nowMs - sentAtMs;
    if (tookMs <= SOON_MS) this.resize(this.windowBytes + bytes);
    else if (tookMs > LATE_MS && sentAtMs >= this.shrunkAtMs) {
      this.shrunkAtMs = nowMs;
      this.resize(this.windowBytes / Math.min(MOST_AT_ONCE, tookMs / LATE_MS));
    }
  }

  /** So much will not be taken in any more: its stream has ended. */
  onGivenUp(bytes: number): void {
    this.underWay -= bytes;
  }

  private resize(bytes: number): void {
    this.windowBytes = Math.min(LIMITS.maxTransferBytes, Math.max(SMALLEST_BYTES, bytes));
  }
}
