import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  firstPositions,
  hasPosition,
  positionsOf,
  setOf,
  withoutPosition,
  withPosition,
} from '../../src/erasure/position-set.js';

const positions = fc.uniqueArray(fc.nat(29)).map((list) => list.sort((a, b) => a - b));

describe('a position set', () => {
  it('holds what a set of numbers holds', () => {
    fc.assert(
      fc.property(positions, fc.nat(29), (list, position) => {
        const set = setOf(list);
        expect(positionsOf(set)).toEqual(list);
        expect(hasPosition(set, position)).toBe(list.includes(position));
        expect(positionsOf(withoutPosition(set, position))).toEqual(list.filter((p) => p !== position));
        expect(withPosition(withoutPosition(set, position), position)).toBe(withPosition(set, position));
      }),
    );
  });

  it('of the first positions counts from 0', () => {
    expect(positionsOf(firstPositions(3))).toEqual([0, 1, 2]);
    expect(firstPositions(0)).toBe(0);
    expect(positionsOf(firstPositions(30))).toHaveLength(30);
  });
});
