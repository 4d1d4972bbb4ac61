import { describe, expect, it } from 'vitest';
import { playGroup } from './group-play.js';

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
          const world = playGroup(seed, k, m);
          for (const [name, count] of Object.entries(world.counts)) totals[name] = (totals[name] ?? 0) + count;
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error });
        }
      }
      expect(totals.committed).toBeGreaterThan(0);
      if (m > 0) {
        expect(totals.promotions).toBeGreaterThan(0);
        // Those that had been taken out came back with what they had.
        expect(totals.keptRaw).toBeGreaterThan(0);
        expect(totals.keptFolded).toBeGreaterThan(0);
      }
      if (process.env.DCACHE_GROUP_SEEDS !== undefined) console.log(k, m, totals);
    });
  }
});
