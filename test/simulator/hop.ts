/** Carries batches one way between two threads of a simulated process, in order, with a delay. */
import type { Prng } from '../../src/base/prng.js';
import type { SimThread } from './thread.js';
import type { VirtualTime } from './virtual-time.js';

export interface HopOptions {
  readonly time: VirtualTime;
  readonly from: SimThread;
  readonly to: SimThread;
  readonly maxDelayMs: number;
  readonly prng: Prng;
}

export class Hop {
  private readonly options: HopOptions;
  private lastArrivalMs = 0;

  constructor(options: HopOptions) {
    this.options = options;
  }

  send(task: () => void): void {
    const { time, from, to, maxDelayMs, prng } = this.options;
    const delayMs = (maxDelayMs * prng.between(1, 100)) / 100;
    this.lastArrivalMs = Math.max(this.lastArrivalMs, from.effectMs + delayMs);
    time.at(this.lastArrivalMs, () => to.post(task));
  }
}
