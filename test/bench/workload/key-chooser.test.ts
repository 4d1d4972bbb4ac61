import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { DISTRIBUTIONS, keyChooser, scramble, ZipfianRanks } from '../../../src/bench/workload/key-chooser.js';

const DRAWS = 40_000;

function countRanks(items: number, theta: number): number[] {
  const ranks = new ZipfianRanks(theta);
  const counts = new Array<number>(items).fill(0);
  for (let i = 0; i < DRAWS; i++) {
    const rank = ranks.next(items, (i + 0.5) / DRAWS);
    counts[rank] = (counts[rank] ?? 0) + 1;
  }
  return counts;
}

describe('zipfian ranks', () => {
  it.each([
    [100, 0.99],
    [1000, 0.99],
    [1000, 0.5],
  ])('come as often as the law says: %i items, exponent %f', (items, theta) => {
    const counts = countRanks(items, theta);
    const weights = counts.map((_, i) => 1 / (i + 1) ** theta);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    // The two most popular ranks are exact; behind them Gray's formula is an approximation of the cumulative law.
    expect(counts[0]).toBeCloseTo((DRAWS * (weights[0] ?? 0)) / sum, -1);
    expect(counts[1]).toBeCloseTo((DRAWS * (weights[1] ?? 0)) / sum, -1);
    for (const part of [0.1, 0.5]) {
      const first = (list: readonly number[]): number =>
        list.slice(0, items * part).reduce((total, value) => total + value, 0);
      expect(Math.abs(first(counts) / DRAWS - first(weights) / sum)).toBeLessThan(0.03);
    }
  });

  it('are the same for a number of items that was reached step by step', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (steps, u) => {
          const grown = new ZipfianRanks();
          let items = 0;
          for (const step of steps) grown.next((items += step), u);
          expect(grown.next(items, u)).toBe(new ZipfianRanks().next(items, u));
        },
      ),
    );
  });
});

describe('a key chooser', () => {
  it.each(DISTRIBUTIONS)('of %s keys stays among those that there are', (distribution) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 0, max: 500 }),
        fc.integer(),
        (loaded, more, seed) => {
          const chooser = keyChooser(distribution, loaded);
          const prng = new Prng(seed);
          for (let keys = loaded; keys <= loaded + more; keys += 50) {
            const key = chooser.next(keys, prng);
            expect(Number.isInteger(key) && key >= 0 && key < keys).toBe(true);
          }
        },
      ),
    );
  });

  it('of the latest keys prefers the newest, wherever that is by now', () => {
    const chooser = keyChooser('latest', 1000);
    const prng = new Prng(1);
    const newest = (keys: number): number =>
      Array.from({ length: 2000 }, () => chooser.next(keys, prng)).filter((key) => key === keys - 1).length;
    expect(newest(1000)).toBeGreaterThan(150); // 1 / zeta(1000) is 13%
    expect(newest(1500)).toBeGreaterThan(150);
  });

  it('of zipfian keys spreads the popular ones over all keys', () => {
    const popular = Array.from({ length: 100 }, (_, rank) => scramble(rank, 10_000));
    expect(new Set(popular).size).toBeGreaterThan(95);
    expect(popular.filter((key) => key < 5_000).length).toBeGreaterThan(30);
    expect(popular.filter((key) => key >= 5_000).length).toBeGreaterThan(30);
  });
});
