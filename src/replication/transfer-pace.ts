/**
 * How fast a node sends segments to learners, all groups together: a token bucket, and a look at the link. What clients wait for
 * (Appends, degraded reads) goes over the same links and is not counted: transfers take what is left of a link, and at most
 * their rate.
 *
 * Invariant: over any time t the bytes sent are at most rate * (t + BURST_MS) and one segment, since a segment may go out
 * while there is any token and leaves a debt.
 */
import type { NodeId } from '../base/ids.js';

/** Tokens that an idle bucket holds, in time. */
const BURST_MS = 100;
/** Nothing more is cut for a peer while so much waits for its socket. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;

export interface TransferPaceOptions {
  /** Bytes a second; Infinity: as fast as the links take it. */
  readonly bytesPerSecond: number;
  /** What has been handed to the link to a peer and not been taken by its socket. */
  readonly backlogBytes: (to: NodeId) => number;
}

export class TransferPace {
  private readonly options: TransferPaceOptions;
  private tokens: number;
  private filledAtMs: number | undefined;

  constructor(options: TransferPaceOptions = { bytesPerSecond: Infinity, backlogBytes: () => 0 }) {
    this.options = options;
    this.tokens = this.capacity;
  }

  /** Whether a segment may be cut for `to` now. */
  allows(to: NodeId, nowMs: number): boolean {
    this.refill(nowMs);
    return this.tokens > 0 && this.options.backlogBytes(to) < MAX_BACKLOG_BYTES;
  }

  onCut(bytes: number): void {
    this.tokens -= bytes;
  }

  private get capacity(): number {
    return (this.options.bytesPerSecond * BURST_MS) / 1000;
  }

  private refill(nowMs: number): void {
    const sinceMs = nowMs - (this.filledAtMs ?? nowMs);
    this.filledAtMs = nowMs;
    if (this.capacity === Infinity) this.tokens = Infinity;
    else if (sinceMs > 0) {
      this.tokens = Math.min(this.capacity, this.tokens + (this.options.bytesPerSecond * sinceMs) / 1000);
    }
  }
}
