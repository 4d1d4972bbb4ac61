import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, overlapOf, ratioOf, spreadOf } from '../../../src/bench/measure/statistics.js';

const rounds = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 9 });

describe('rounds of two systems', () => {
  it('overlap by the part of pairs that are in the other order', () => {
    expect(overlapOf([1, 2, 3], [4, 5, 6])).toBe(0);
    expect(overlapOf([4, 5, 6], [1, 2, 3])).toBe(0);
    expect(overlapOf([1, 2, 5], [4, 5, 6])).toBeCloseTo(1.5 / 9);
    expect(overlapOf([1, 2, 3], [1, 2, 3])).toBe(0.5);
  });

  it('overlap alike from either side, whatever the unit', () => {
    fc.assert(
      fc.property(rounds, rounds, (one, other) => {
        expect(overlapOf(one, other)).toBeCloseTo(overlapOf(other, one));
        const scaled = (list: readonly number[]): number[] => list.map((value) => value * 1000);
        expect(overlapOf(scaled(one), scaled(other))).toBe(overlapOf(one, other));
      }),
    );
  });

  it('have a ratio when they are apart, and none when they are mixed, or too few', () => {
    expect(ratioOf([10, 11, 12, 13, 14], [20, 22, 24, 26, 28])).toBe(0.5);
    // Two of 25 pairs the other way: Mann-Whitney's U of 2, which is its bound at 5%.
    expect(ratioOf([10, 11, 12, 13, 23], [20, 22, 24, 26, 28])).toBe(0.5);
    expect(ratioOf([10, 11, 12, 13, 25], [20, 22, 24, 26, 28])).toBeUndefined();
    expect(ratioOf([10, 11, 12, 13], [20, 22, 24, 26])).toBeUndefined();
    expect(ratioOf([1, 1, 1, 1, 1], [0, 0, 0, 0, 0])).toBeUndefined();
  });

  it('have their median among them', () => {
    fc.assert(
      fc.property(rounds, (list) => {
        const { least, most, median: middle } = spreadOf(list);
        expect(middle).toBe(median(list));
        expect(list).toContain(middle);
        expect(list.filter((value) => value <= middle).length * 2).toBeGreaterThanOrEqual(list.length);
        expect(list.filter((value) => value >= middle).length * 2).toBeGreaterThanOrEqual(list.length);
        expect([least, most]).toEqual([Math.min(...list), Math.max(...list)]);
      }),
    );
  });
});
