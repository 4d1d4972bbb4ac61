/**
 * When the next batch of requests leaves. What a batch costs at both ends hardly depends on how many are in it, so that fewer
 * requests than are still unanswered of the last batch wait for company. A closed loop of n requests then travels in batches of about
 * n / 2, where replies that come in several parts would cut the batches smaller and smaller.
 *
 * Requests of earlier batches do not count: slow ones hold up nobody for longer than HOLD_MS, and that once.
 */

/** Longest wait of a request for others to travel with. */
export const HOLD_MS = 5;

export class BatchPacer {
  private readonly onDue: () => void;
  /** Number of the last batch, from 1. */
  private batch = 0;
  /** Of its requests. */
  private unanswered = 0;
  private holding = false;

  /** @param onDue what waits may not wait any longer. */
  constructor(onDue: () => void) {
    this.onDue = onDue;
  }

  /** Whether `waiting` requests are to leave now. If not, `onDue` is called in time. */
  mayLeave(waiting: number): boolean {
    if (waiting >= this.unanswered) return true;
    if (!this.holding) {
      this.holding = true;
      setTimeout(() => {
        this.holding = false;
        this.onDue();
      }, HOLD_MS);
    }
    return false;
  }

  /** The requests of another batch follow. */
  beginBatch(): void {
    this.batch++;
    this.unanswered = 0;
  }

  /** A request travels in this batch. Returns the number of the batch, for `onSettled`. */
  add(): number {
    this.unanswered++;
    return this.batch;
  }

  /** Nobody waits any more for the answer to a request that travelled in `batch`. */
  onSettled(batch: number): void {
    if (batch === this.batch && this.unanswered > 0) this.unanswered--;
  }
}
