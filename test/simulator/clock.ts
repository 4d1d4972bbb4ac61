/** The wall clock of one host: it drifts, and somebody may set it. */
import type { VirtualTime } from './virtual-time.js';

const START_MS = Date.UTC(2026, 0, 1);

export class WallClock {
  private readonly time: VirtualTime;
  private readonly rate: number;
  private offsetMs: number;

  constructor(time: VirtualTime, rate: number, offsetMs: number) {
    this.time = time;
    this.rate = rate;
    this.offsetMs = offsetMs;
  }

  jump(byMs: number): void {
    this.offsetMs += byMs;
  }

  nowMs(): number {
    return Math.floor(START_MS + this.time.nowMs * this.rate + this.offsetMs);
  }
}
