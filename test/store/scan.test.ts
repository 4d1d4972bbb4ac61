import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { SCAN_END, SCAN_START, scan } from '../../src/store/scan.js';
import type { SegmentStore } from '../../src/store/segment-store.js';
import { bytes, collidingHash, patterned, smallStore } from './store-fixture.js';

const text = (key: Uint8Array): string => new TextDecoder().decode(key);

/** All pages from start to end, with `between` run after each page. */
function scanAll(store: SegmentStore, prefix: string, limit: number, between: () => void = () => undefined): string[] {
  const keys: string[] = [];
  let cursor = SCAN_START;
  while (cursor !== SCAN_END) {
    cursor = scan(store, bytes(prefix), cursor, limit, 0, (record) => keys.push(text(record.key())));
    between();
  }
  return keys;
}

describe('scan', () => {
  it('returns every key that is there throughout exactly once while others come, go, move and expire', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 400 }),
        (seed, limit, distinct) => {
          const prng = new Prng(seed);
          const store = smallStore({ hash: collidingHash(distinct) });
          let version = 0;
          const stays = Array.from({ length: 80 }, (_, i) => `stay-${i}`);
          for (const key of stays) store.set(bytes(key), patterned(prng.below(300), 1), ++version, 0);
          const keys = scanAll(store, '', limit, () => {
            for (let i = 0; i < 20; i++) {
              const other = bytes(`other-${prng.below(50)}`);
              const size = prng.chance(1, 10) ? 5000 : 100;
              if (prng.chance(1, 3)) store.delete(other, 0);
              else store.set(other, patterned(size, 2), ++version, 0, prng.below(3) * 10);
              // A key that is overwritten is there throughout.
              store.set(bytes(prng.pick(stays)), patterned(prng.below(300), 3), ++version, 0);
            }
            store.tick(version, 5000);
          });
          expect(keys.filter((key) => key.startsWith('stay-')).sort()).toEqual([...stays].sort());
        },
      ),
      { numRuns: 100 },
    );
  });

  it('returns the keys with the prefix only, of large values the key once', () => {
    const store = smallStore();
    store.set(bytes('user:1'), patterned(10, 1), 1, 0);
    store.set(bytes('user:2'), patterned(40_000, 1), 2, 0);
    store.set(bytes('use'), patterned(10, 1), 3, 0);
    store.set(bytes('session:1'), patterned(10, 1), 4, 0);
    expect(scanAll(store, 'user:', 2).sort()).toEqual(['user:1', 'user:2']);
    expect(scanAll(store, '', 1).length).toBe(4);
    expect(scanAll(store, 'nobody', 1)).toEqual([]);
  });

  it('leaves out what has expired', () => {
    const store = smallStore();
    store.set(bytes('a'), patterned(1, 1), 1, 0, 100);
    store.set(bytes('b'), patterned(1, 1), 2, 0, 200);
    const keys: string[] = [];
    scan(store, bytes(''), SCAN_START, 10, 150, (record) => keys.push(text(record.key())));
    expect(keys).toEqual(['b']);
  });

  it('returns all keys of one tag in one page, whatever the limit', () => {
    const store = smallStore({ hash: collidingHash(1) });
    for (let i = 0; i < 30; i++) store.set(bytes(`key-${i}`), patterned(5, i), i + 1, 0);
    const keys: string[] = [];
    const cursor = scan(store, bytes(''), SCAN_START, 1, 0, (record) => keys.push(text(record.key())));
    expect(keys.length).toBe(30);
    expect(cursor).toBe(SCAN_END);
  });

  it('of an empty store, and beyond the end, is over at once', () => {
    expect(scanAll(smallStore(), '', 10)).toEqual([]);
    expect(scan(smallStore(), bytes(''), SCAN_END, 10, 0, () => expect.fail('there is nothing'))).toBe(SCAN_END);
  });
});
