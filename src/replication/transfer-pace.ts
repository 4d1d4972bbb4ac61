/**
 * How fast a node sends segments to learners, all groups together: a token bucket, a look at the link, and a window for each
 * learner (transfer-window.ts). What clients wait for (Appends, degraded reads) goes over the same links and is not counted:
 * transfers take what is left of a link, and at most their rate.
 *
 * The streams of a learner share its window, and those that are asked first have it first: so its partitions are complete one after
 * the other, and the first can come in sync while the last are still sent. Each may have one segment under way whatever the others
 * have, or one whose commits wait for somebody would hold up all.
 *
 * Invariant: over any time t the bytes sent are at most rate * (t + BURST_MS) and one segment, since a segment may go out
 * while there is any token and leaves a debt.
 */
import type { NodeId } from '../base/ids.js';
import { TransferWindow } from './transfer-window.js';

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

/** Of one stream: its part of the learner's window. */
export interface StreamFlow {
  /** Whether a segment may be cut now. */
  mayCut(nowMs: number): boolean;
  /** A segment of `bytes` on the link has been cut. */
  onCut(bytes: number): void;
  /** One that has gone out at `sentAtMs` is taken in. */
  onTaken(bytes: number, sentAtMs: number, nowMs: number): void;
  /** The stream has ended; what was under way is nobody's business any more. May be called again. */
  end(): void;
}

export class TransferPace {
  private readonly options: TransferPaceOptions;
  private readonly windows = new Map<NodeId, TransferWindow>();
  private tokens: number;
  private filledAtMs: number | undefined;

  constructor(options: TransferPaceOptions = { bytesPerSecond: Infinity, backlogBytes: () => 0 }) {
    this.options = options;
    this.tokens = this.capacity;
  }

  /** For a stream that begins to feed `to`. */
  flowTo(to: NodeId): StreamFlow {
    const window = this.windows.get(to) ?? new TransferWindow();
    this.windows.set(to, window);
    let underWay = 0;
    return {
      mayCut: (nowMs) => (underWay === 0 || window.hasRoom) && this.allows(to, nowMs),
      onCut: (bytes) => {
        underWay += bytes;
        window.onCut(bytes);
        this.tokens -= bytes;
      },
      onTaken: (bytes, sentAtMs, nowMs) => {
        underWay -= bytes;
        window.onTaken(bytes, sentAtMs, nowMs);
      },
      end: () => {
        window.onGivenUp(underWay);
        underWay = 0;
      },
    };
  }

  private allows(to: NodeId, nowMs: number): boolean {
    this.refill(nowMs);
    return this.tokens > 0 && this.options.backlogBytes(to) < MAX_BACKLOG_BYTES;
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
