/** Situations that clients are to come to in many runs together, counted as they do. */
import type { Mode } from '../../src/base/ids.js';

const IN_ANY_MODE = [
  'values of several fragments written',
  'keys seen to expire',
  'conditions that failed',
  'increments of what is no number',
] as const;
/** Memory caps are drawn in ecc mode only. */
const IN_ECC_MODE = ['writes refused for want of memory'] as const;

export type Situation = (typeof IN_ANY_MODE)[number] | (typeof IN_ECC_MODE)[number];

export class Reach {
  private readonly times: Map<Situation, number>;

  constructor(mode: Mode) {
    const situations = mode === 'ecc' ? [...IN_ANY_MODE, ...IN_ECC_MODE] : IN_ANY_MODE;
    this.times = new Map(situations.map((name) => [name, 0]));
  }

  count(situation: Situation): void {
    this.times.set(situation, (this.times.get(situation) ?? 0) + 1);
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.times);
  }
}
