import { describe, expect, it } from 'vitest';
import { Ladder } from './ladder.js';

const allowed = (ladder: Ladder, items: number): readonly number[] =>
  [...Array(items).keys()].filter((item) => ladder.allows(item));

describe('a ladder', () => {
  it('allows the items with the lowest number, and those without a number', () => {
    expect(allowed(new Ladder([7, 3, undefined, 3]), 4)).toEqual([1, 2, 3]);
  });

  it('allows the next number when the lowest are taken, and not before', () => {
    const ladder = new Ladder([7, 3, undefined, 3]);
    ladder.take(1);
    expect(ladder.allows(0)).toBe(false);
    ladder.take(3);
    expect(ladder.allows(0)).toBe(true);
  });

  it('goes back when items are put back', () => {
    const ladder = new Ladder([1, 2, 3]);
    for (const item of [0, 1, 2]) ladder.take(item);
    for (const item of [2, 1]) ladder.putBack(item);
    expect(ladder.allows(1)).toBe(true);
    expect(ladder.allows(2)).toBe(false);
  });
});
