import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HashIndex, IndexCursor } from '../../src/store/hash-index.js';
import { Prng } from '../../src/base/prng.js';

/** The index as a sorted list. */
class ListIndex {
  readonly entries: (readonly [tag: number, location: number])[] = [];

  insert(tag: number, location: number): void {
    this.entries.push([tag, location]);
  }

  remove(tag: number, location: number): void {
    this.entries.splice(
      this.entries.findIndex((entry) => entry[0] === tag && entry[1] === location),
      1,
    );
  }

  sorted(): string[] {
    return [...this.entries].sort((a, b) => a[0] - b[0] || (a[1] >>> 0) - (b[1] >>> 0)).map(String);
  }
}

function listOf(index: HashIndex): string[] {
  const cursor = new IndexCursor();
  const list: string[] = [];
  for (let more = index.seek(cursor, -(2 ** 31)); more; more = index.advance(cursor)) {
    list.push(String([cursor.tag, cursor.location]));
  }
  return list;
}

function locationsOf(index: HashIndex, tag: number): number[] {
  const locations: number[] = [];
  for (let location = index.first(tag); location !== 0; location = index.next(tag)) locations.push(location);
  return locations;
}

/** Tags as they come, at both ends, in one place, and all the same. */
const tagKinds: Record<string, (prng: Prng) => number> = {
  uniform: (prng) => prng.uint32() | 0,
  highest: (prng) => 0x7fffffff - prng.below(3),
  lowest: (prng) => -0x80000000 + prng.below(3),
  'around zero': (prng) => prng.below(5) - 2,
  'one bucket': (prng) => 0x12340000 + prng.below(5000),
  'all equal': () => 77,
  'two clusters': (prng) => (prng.chance(1, 2) ? -5 : 0x40000000) + prng.below(2000),
};

describe('the hash index', () => {
  it.each(Object.keys(tagKinds))('is the sorted list of its entries through growth and shrinking: %s tags', (kind) => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 3000 }), (seed, count) => {
        const prng = new Prng(seed);
        const index = new HashIndex();
        const list = new ListIndex();
        let nextLocation = 1;
        const addOne = (): void => {
          const tag = tagKinds[kind]?.(prng) ?? 0;
          // Locations are any non-zero 32 bits, the sign bit included.
          const location = Math.imul(nextLocation++, 0x9e3779b1);
          index.insert(tag, location);
          list.insert(tag, location);
        };
        for (let i = 0; i < count; i++) {
          const draw = prng.below(10);
          const victim = list.entries[prng.below(Math.max(1, list.entries.length))];
          if (victim === undefined || draw < 7) addOne();
          else if (draw < 9) {
            index.remove(victim[0], victim[1]);
            list.remove(victim[0], victim[1]);
          } else {
            const moved = Math.imul(nextLocation++, 0x9e3779b1);
            index.replace(victim[0], victim[1], moved);
            list.remove(victim[0], victim[1]);
            list.insert(victim[0], moved);
          }
        }
        expect(listOf(index)).toEqual(list.sorted());
        expect(index.size).toBe(list.entries.length);
        for (const [tag] of list.entries.slice(0, 20)) {
          const expected = list.entries.filter((entry) => entry[0] === tag).map((entry) => entry[1]);
          expect(locationsOf(index, tag)).toEqual(expected.sort((a, b) => (a >>> 0) - (b >>> 0)));
        }
        expect(locationsOf(index, 0x55555555)).toEqual([]);
      }),
      { numRuns: kind === 'uniform' ? 60 : 25 },
    );
  });

  it('seeks to the first entry at or after a tag', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { maxLength: 600 }), fc.integer(), (tags, from) => {
        const index = new HashIndex();
        for (const tag of tags) index.insert(tag, 1);
        const cursor = new IndexCursor();
        const expected = tags.filter((tag) => tag >= from).sort((a, b) => a - b)[0];
        expect(index.seek(cursor, from) ? cursor.tag : undefined).toBe(expected);
      }),
    );
  });

  it('stays within 12 bytes an entry from 20 thousand entries on, and gives the memory back', () => {
    const index = new HashIndex();
    const prng = new Prng(3);
    const tags: number[] = [];
    let worst = 0;
    for (let i = 1; i <= 200_000; i++) {
      const tag = prng.uint32() | 0;
      tags.push(tag);
      index.insert(tag, i);
      // Besides pages: one chunk that is not full, the scratch space and the objects of the buckets.
      if (i >= 20_000 && i % 1000 === 0) worst = Math.max(worst, (index.heldBytes - 400_000) / i);
    }
    expect(worst).toBeLessThan(12);
    expect(index.heldBytes / 200_000).toBeLessThan(12);
    for (let i = 200_000; i >= 1; i--) index.remove(tags[i - 1] ?? 0, i);
    expect(index.size).toBe(0);
    expect(index.heldBytes).toBeLessThan(700_000);
  });

  it('finds every entry when one bucket is filled to its load limit again and again', () => {
    const index = new HashIndex();
    for (let i = 0; i < 12_000; i++) {
      index.insert(i, i + 1);
      if (i % 397 === 0) for (let j = 0; j <= i; j += 101) expect(index.first(j)).toBe(j + 1);
    }
    expect(index.first(12_000)).toBe(0);
    expect(index.first(-1)).toBe(0);
  });
});
