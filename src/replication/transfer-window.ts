/**
 * How many bytes of segments may be under way to a learner. Appends wait behind them on the link and at the learner, and a learner that
 * does not acknowledge Appends in time is given up: so a segment should be taken in soon after it was cut. The window grows while
 * that is so, and halves when it is not.
 */
import { LIMITS } from '../base/limits.js';

/** At first, and at least: so that one of the largest segments can be under way. */
const SMALLEST_BYTES = 256 * 1024;
const TAKEN_WITHIN_MS = 150;

export class TransferWindow {
  private windowBytes = SMALLEST_BYTES;

  get bytes(): number {
    return this.windowBytes;
  }

  /** A segment of `bytes` on the link was taken in `tookMs` after it was cut. */
  onTaken(bytes: number, tookMs: number): void {
    const wanted = tookMs <= TAKEN_WITHIN_MS ? this.windowBytes + bytes : this.windowBytes / 2;
    this.windowBytes = Math.min(LIMITS.maxTransferBytes, Math.max(SMALLEST_BYTES, wanted));
  }
}
