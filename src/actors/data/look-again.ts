/**
 * When a request that another node has refused looks again where to go: soon at first, since the views of two nodes differ for a
 * moment only, then after twice as long each time.
 */
import type { PendingRequest } from './pending.js';

const FIRST_MS = 2;

export class LookAgain {
  private readonly longestMs: number;
  private readonly nextMs = new WeakMap<PendingRequest, number>();

  constructor(longestMs: number) {
    this.longestMs = longestMs;
  }

  /** How long that request waits now, in ms. */
  waitMs(pending: PendingRequest): number {
    const waitMs = this.nextMs.get(pending) ?? FIRST_MS;
    this.nextMs.set(pending, Math.min(this.longestMs, 2 * waitMs));
    return waitMs;
  }
}
