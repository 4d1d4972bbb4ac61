/**
 * Draws parameters by name: what one is follows from the seed and its own name alone. So a parameter or a kind of fault that is
 * added changes no other one, and a run can be repeated with one of them replaced.
 */
import { Fnv32 } from '../../../src/base/fnv.js';
import { Prng } from '../../../src/base/prng.js';

export class Draw {
  private readonly low: number;
  private readonly high: number;

  constructor(seed: number) {
    const prng = new Prng(seed);
    this.low = prng.uint32();
    this.high = prng.uint32() >>> 11;
  }

  /** A stream of random numbers of its own. */
  stream(name: string): Prng {
    const hash = Number.parseInt(new Fnv32().text(name).hex(), 16);
    return new Prng(this.high * 2 ** 32 + ((this.low ^ hash) >>> 0));
  }

  /** One of `values`; what is named twice is drawn twice as often. */
  one<T>(name: string, ...values: readonly T[]): T {
    return this.stream(name).pick(values);
  }

  /** low..high, both included. */
  between(name: string, low: number, high: number): number {
    return this.stream(name).between(low, high);
  }

  /** True in so many percent of the seeds. */
  percent(name: string, percent: number): boolean {
    return this.stream(name).chance(percent, 100);
  }
}
