import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.js';

const draws = (seed: number, count: number): number[] => {
  const prng = new Prng(seed);
  return Array.from({ length: count }, () => prng.uint32());
};

/** The published algorithm once more, on big integers: sfc32 of PractRand, seeded and warmed up as Prng says it is. */
function plainSfc32(seed: number, count: number): number[] {
  const mask = 0xffffffffn;
  const multiply = (x: bigint, y: bigint): bigint => (x * y) & mask;
  let state = BigInt.asUintN(32, BigInt(seed));
  const splitmix = (): bigint => {
    state = (state + 0x9e3779b9n) & mask;
    let z = state;
    z = multiply(z ^ (z >> 16n), 0x85ebca6bn);
    z = multiply(z ^ (z >> 13n), 0xc2b2ae35n);
    return z ^ (z >> 16n);
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix() ^ (BigInt(seed) >> 32n);
  let counter = 1n;
  const drawn: number[] = [];
  for (let i = 0; i < count + 12; i++) {
    const result = (a + b + counter++) & mask;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & mask;
    c = ((((c << 21n) | (c >> 11n)) & mask) + result) & mask;
    if (i >= 12) drawn.push(Number(result));
  }
  return drawn;
}

describe('the stream', () => {
  test('is the same on every machine and in every release', () => {
    expect(draws(1, 4)).toEqual([792534090, 3215351813, 160231488, 1151041103]);
    expect(draws(2 ** 40 + 7, 4)).toEqual([2593331918, 4143539930, 3567813404, 99131781]);
  });

  test('is sfc32, as a plain implementation on big integers draws it', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (seed) => {
        expect(draws(seed, 20)).toEqual(plainSfc32(seed, 20));
      }),
    );
  });

  test('differs for seeds that differ in their low or only in their high bits', () => {
    const seeds = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 52, -1];
    expect(new Set(seeds.map((seed) => draws(seed, 2).join())).size).toBe(seeds.length);
  });

  test('of a fork is reproducible and is not the stream of its parent', () => {
    const fork = (): number[] => {
      const parent = new Prng(9);
      const child = parent.fork();
      return [child.uint32(), parent.uint32()];
    };
    expect(fork()).toEqual(fork());
    expect(fork()[0]).not.toBe(fork()[1]);
  });
});

describe('below', () => {
  test('is uniform: no bucket of ten strays by more than chance allows', () => {
    const prng = new Prng(42);
    const counts = new Array<number>(10).fill(0);
    const rounds = 100_000;
    for (let i = 0; i < rounds; i++) {
      const bucket = prng.below(10);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    const expected = rounds / counts.length;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 27.9 is passed by chance once in a thousand seeds (9 degrees of freedom); this seed is fixed.
    expect(chiSquare).toBeLessThan(27.9);
  });

  test('has no bias where the bound does not divide 2^32', () => {
    // With bound 3 * 2^30 a plain remainder would draw the lowest third twice as often.
    const prng = new Prng(7);
    let lowest = 0;
    for (let i = 0; i < 30_000; i++) if (prng.below(3 * 2 ** 30) < 2 ** 30) lowest++;
    expect(lowest / 30_000).toBeCloseTo(1 / 3, 1);
  });

  test('stays below its bound, the extremes included', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        const drawn = new Prng(seed).below(bound);
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < bound).toBe(true);
      }),
    );
    expect(new Prng(1).below(1)).toBe(0);
  });

  test.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN])('refuses the bound %d', (bound) => {
    expect(() => new Prng(1).below(bound)).toThrow(RangeError);
  });
});

test('between draws both ends', () => {
  const prng = new Prng(3);
  const seen = new Set(Array.from({ length: 200 }, () => prng.between(-1, 2)));
  expect([...seen].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
});

test('chance is certain at its ends and proportionate between them', () => {
  const prng = new Prng(5);
  const hits = (numerator: number): number =>
    Array.from({ length: 10_000 }, () => prng.chance(numerator, 4)).filter(Boolean).length;
  expect(hits(0)).toBe(0);
  expect(hits(4)).toBe(10_000);
  expect(hits(1) / 10_000).toBeCloseTo(0.25, 1);
});

test('pick takes every element in time and none from an empty list', () => {
  const prng = new Prng(6);
  expect(new Set(Array.from({ length: 100 }, () => prng.pick(['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']));
  expect(() => prng.pick([])).toThrow(RangeError);
});
