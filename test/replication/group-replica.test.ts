import { describe, expect, it } from 'vitest';
import { GroupWorld } from './group-world.js';

const CODES: readonly (readonly [number, number])[] = [
  [1, 0],
  [2, 1],
  [3, 1],
  [3, 2],
  [4, 2],
];
const SEEDS = Number(process.env.DCACHE_GROUP_SEEDS ?? 8);

describe('a group under random interleavings', () => {
  for (const [k, m] of CODES) {
    it(`RS(${k},${m}): loses nothing that was acknowledged, and all members come to hold the same`, () => {
      const totals: Record<string, number> = {};
      for (let seed = 1; seed <= SEEDS; seed++) {
        try {
          const world = new GroupWorld(seed, k, m);
          world.settle();
          for (let round = 0; round < 3; round++) {
            for (let i = 0; i < 3000; i++) world.step(true);
            world.settle();
            world.check();
          }
          for (const [name, count] of Object.entries(world.counts)) totals[name] = (totals[name] ?? 0) + count;
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error });
        }
      }
      expect(totals.committed).toBeGreaterThan(0);
      if (m > 0) expect(totals.promotions).toBeGreaterThan(0);
      if (process.env.DCACHE_GROUP_SEEDS !== undefined) console.log(k, m, totals);
    });
  }
});
