import { describe, expect, it } from 'vitest';
import { bytesEqual } from '../../src/base/bytes.js';
import { LIMITS } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { accountOf } from '../../src/store/accounting.js';
import { SipKeyHash } from '../../src/store/key-hash.js';
import { SegmentStore } from '../../src/store/segment-store.js';
import type { SegmentStoreOptions } from '../../src/store/store-options.js';
import { hashOfStore } from '../../src/store/state-hash.js';
import { SEED, bytes, patterned, smallStore } from './store-fixture.js';

const MIB = 1024 * 1024;
const full = expect.objectContaining({ code: 'STORE_FULL' }) as Error;

function standardStore(options: Partial<SegmentStoreOptions> = {}): SegmentStore {
  return new SegmentStore({ hash: new SipKeyHash(SEED), ...options });
}

function valueOf(store: SegmentStore, key: Uint8Array, nowMs = 0): Uint8Array | undefined {
  return store.lookUp(key, nowMs) === 'hit' ? store.entry.value().slice() : undefined;
}

/** Memory of the segments, from the first record to the end of the room that is taken. */
function segmentBytes(store: SegmentStore): number {
  const { liveBytes, deadBytes, unusedBytes } = accountOf(store);
  return liveBytes + deadBytes + unusedBytes;
}

describe('keys and values at their limits', () => {
  it('a key of 64 KiB holds an empty, a small and a large value', () => {
    const store = standardStore();
    const key = patterned(LIMITS.maxKeyBytes, 1);
    for (const [version, size] of [0, 100, 3 * MIB, 70_000].entries()) {
      const value = patterned(size, version);
      store.set(key, value, version, 0);
      const found = valueOf(store, key);
      expect(found !== undefined && bytesEqual(found, value)).toBe(true);
    }
    expect(store.delete(key, 0)).toBe(true);
    expect(store.partition.table.liveBytes).toBe(0);
  });

  it('an empty value is there, and not the same as none', () => {
    const store = standardStore();
    store.set(bytes('k'), new Uint8Array(0), 1, 0);
    expect(store.lookUp(bytes('k'), 0)).toBe('hit');
    expect(store.entry.valueBytes).toBe(0);
    expect(store.lookUp(bytes('other'), 0)).toBe('miss');
  });

  it('a value of exactly the limit is taken, one byte more is refused and changes nothing', () => {
    const store = standardStore({ maxValueBytes: 300_000 });
    const value = patterned(300_000, 1);
    store.set(bytes('k'), value, 1, 0);
    const before = hashOfStore(store);
    const tooLarge = (): boolean => store.set(bytes('k'), patterned(300_001, 2), 2, 0);
    expect(tooLarge).toThrow(expect.objectContaining({ code: 'VALUE_TOO_LARGE' }) as Error);
    expect(hashOfStore(store)).toBe(before);
    expect(valueOf(store, bytes('k'))?.length).toBe(300_000);
  });

  it.each([0, LIMITS.maxKeyBytes + 1])('a key of %i bytes is refused', (length) => {
    const setting = (): boolean => standardStore().set(new Uint8Array(length), bytes('v'), 1, 0);
    expect(setting).toThrow(expect.objectContaining({ code: 'KEY_TOO_LARGE' }) as Error);
  });

  it('a value of 64 MiB comes back whole, also in pinned parts', () => {
    const store = standardStore();
    const value = patterned(LIMITS.maxValueBytes, 5);
    store.set(bytes('large'), value, 1, 0);
    expect(store.lookUp(bytes('large'), 0)).toBe('hit');
    const pinned = store.entry.pin();
    store.delete(bytes('large'), 0);
    for (let i = 0; i < 50; i++) store.set(bytes(`other-${i}`), patterned(200_000, i), i + 2, 0);
    store.tick(0, 1e9);
    expect(Buffer.compare(Buffer.concat(pinned.parts), value)).toBe(0);
    expect(accountOf(store).lingeringBytes).toBeGreaterThan(60 * MIB);
    pinned.release();
    expect(accountOf(store).lingeringBytes).toBe(0);
  });
});

describe('time', () => {
  it('does not run backwards: what has expired once stays expired', () => {
    const store = smallStore();
    store.set(bytes('k'), bytes('v'), 1, 1000, 1500);
    expect(store.lookUp(bytes('k'), 1499)).toBe('hit');
    store.tick(2000, 0);
    expect(store.lookUp(bytes('k'), 1000)).not.toBe('hit');
    expect(store.set(bytes('k'), bytes('w'), 2, 1200, 0, { type: 'present' })).toBe(false);
    expect(store.clockMs).toBe(2000);
  });

  it('removes expired values that nobody asks for and gives their memory back', () => {
    const store = smallStore();
    for (let i = 0; i < 2000; i++) store.set(bytes(`key-${i}`), patterned(100, i), i, 0, 1000 + i);
    const held = store.partition.table.chargedBytes;
    store.tick(10_000, 10_000_000);
    expect(store.partition.index.size).toBe(0);
    expect(store.partition.table.liveBytes).toBe(0);
    expect(store.partition.table.chargedBytes).toBeLessThan(held / 10);
  });
});

describe('the memory cap', () => {
  it('smaller than one record refuses everything, under every policy', () => {
    for (const policy of ['noeviction', 'lru', 'ttl'] as const) {
      for (const maxBytes of [0, 10, 5000]) {
        const store = smallStore({ maxBytes, policy });
        expect(() => store.set(bytes('k'), patterned(10, 1), 1, 0)).toThrow(full);
        expect(store.lookUp(bytes('k'), 0)).toBe('miss');
        expect(store.partition.table.liveBytes).toBe(0);
      }
    }
  });

  it('refuses a large value without a trace when it does not fit beside the others', () => {
    const store = smallStore({ maxBytes: 200_000 });
    for (let i = 0; i < 100; i++) store.set(bytes(`key-${i}`), patterned(1000, i), i, 0);
    const live = store.partition.table.liveBytes;
    expect(() => store.set(bytes('large'), patterned(120_000, 1), 1000, 0)).toThrow(full);
    expect(store.partition.table.liveBytes).toBe(live);
    expect(store.partition.headless.count).toBe(0);
    for (let i = 0; i < 100; i++) expect(valueOf(store, bytes(`key-${i}`))).toEqual(patterned(1000, i));
  });

  it('with noeviction, lowered below what is held, refuses growth and still serves reads, deletes and smaller values', () => {
    const store = smallStore({ maxBytes: 500_000 });
    for (let i = 0; i < 300; i++) store.set(bytes(`key-${i}`), patterned(1000, i), i, 0);
    store.setCap(100_000, 'noeviction');
    expect(() => store.set(bytes('new'), patterned(10, 1), 1000, 0)).toThrow(full);
    expect(() => store.set(bytes('key-1'), patterned(1500, 1), 1001, 0)).toThrow(full);
    expect(valueOf(store, bytes('key-1'))).toEqual(patterned(1000, 1));
    expect(store.set(bytes('key-1'), patterned(500, 9), 1002, 0)).toBe(true);
    for (let i = 2; i < 300; i++) expect(store.delete(bytes(`key-${i}`), 0)).toBe(true);
    expect(store.set(bytes('new'), patterned(10, 1), 1003, 0)).toBe(true);
    expect(store.cap.chargedBytes).toBeLessThanOrEqual(100_000);
  });

  it('with lru, lowered below what is held, is reached in small steps', () => {
    const store = standardStore({ maxBytes: 40 * MIB, policy: 'lru' });
    for (let i = 0; i < 30_000; i++) store.set(bytes(`key-${i}`), patterned(1000, 1), i, 0);
    store.setCap(8 * MIB, 'lru');
    let entries = store.partition.index.size;
    let largestStep = 0;
    for (let i = 0; i < 3000; i++) {
      store.set(bytes(`new-${i}`), patterned(1000, 1), 30_000 + i, 0);
      largestStep = Math.max(largestStep, entries - store.partition.index.size);
      entries = store.partition.index.size;
    }
    expect(store.cap.chargedBytes).toBeLessThanOrEqual(8 * MIB);
    // A segment's worth at most.
    expect(largestStep).toBeLessThan(270);
    expect(store.lookUp(bytes('new-2999'), 0)).toBe('hit');
  });

  it.each(['noeviction', 'lru'] as const)(
    'is kept at every step while many small entries grow the index: %s',
    (policy) => {
      for (const maxBytes of [100_000, 1 * MIB, 3 * MIB]) {
        const store = standardStore({ maxBytes, policy });
        let most = 0;
        let refused = 0;
        for (let i = 0; i < maxBytes / 20 && refused < 500; i++) {
          try {
            store.set(bytes(`${i}`), bytes('v'), i, 0);
          } catch (error) {
            expect(error).toEqual(full);
            refused++;
          }
          most = Math.max(most, store.cap.chargedBytes);
        }
        expect(most).toBeLessThanOrEqual(maxBytes);
        expect(refused > 0).toBe(policy === 'noeviction');
        const { totalBytes, idleBytes } = accountOf(store);
        expect(totalBytes - idleBytes).toBeLessThanOrEqual(maxBytes);
      }
    },
  );

  it('with lru keeps what is read again and ends what is not', () => {
    const store = standardStore({ maxBytes: 4 * MIB, policy: 'lru' });
    const hot = Array.from({ length: 200 }, (_, i) => bytes(`hot-${i}`));
    let version = 0;
    for (const key of hot) store.set(key, patterned(500, 1), ++version, 0);
    for (let i = 0; i < 40_000; i++) {
      store.set(bytes(`cold-${i}`), patterned(500, 1), ++version, 0);
      if (i % 10 === 0) for (const key of hot.slice((i / 10) % 10 ? 0 : 100)) store.touch(key);
    }
    expect(hot.filter((key) => store.lookUp(key, 0) === 'hit').length).toBe(200);
    expect(store.lookUp(bytes('cold-0'), 0)).toBe('miss');
    expect(accountOf(store).totalBytes).toBeLessThan(4.2 * MIB);
  });

  it('with ttl ends what expires soon, nothing that does not expire, and refuses when only that is left', () => {
    const store = standardStore({ maxBytes: 4 * MIB, policy: 'ttl' });
    let version = 0;
    for (let i = 0; i < 1000; i++) store.set(bytes(`stays-${i}`), patterned(500, 1), ++version, 0);
    const prng = new Prng(4);
    const expiries = new Map<number, number>();
    for (let i = 0; i < 10_000; i++) {
      expiries.set(i, prng.between(10_000, 1_000_000));
      store.set(bytes(`ends-${i}`), patterned(500, 1), ++version, 0, expiries.get(i));
    }
    const left = [...expiries].filter(([i]) => store.lookUp(bytes(`ends-${i}`), 0) === 'hit');
    const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
    expect(left.length).toBeLessThan(7000);
    expect(mean(left.map(([, at]) => at))).toBeGreaterThan(1.2 * mean([...expiries.values()]));
    for (let i = 0; i < 1000; i++) expect(store.lookUp(bytes(`stays-${i}`), 0)).toBe('hit');
    const fill = (): void => {
      for (let i = 0; i < 10_000; i++) store.set(bytes(`more-${i}`), patterned(500, 1), ++version, 0);
    };
    expect(fill).toThrow(full);
    expect(store.lookUp(bytes('stays-1'), 0)).toBe('hit');
  });
});

describe('memory', () => {
  it('is at least 85% live under endless overwriting, without a cap', () => {
    const store = standardStore();
    const prng = new Prng(1);
    let version = 0;
    let least = 1;
    for (let i = 0; i < 30_000; i++) store.set(bytes(`key-${i}`), patterned(400, 1), ++version, 0);
    for (let i = 0; i < 90_000; i++) {
      store.set(bytes(`key-${prng.below(30_000)}`), patterned(400, 1), ++version, 0);
      if (i % 100 === 0) least = Math.min(least, store.partition.table.liveBytes / segmentBytes(store));
    }
    expect(least).toBeGreaterThan(0.85);
  });

  it('comes back when everything is deleted', () => {
    const store = standardStore();
    for (let i = 0; i < 50_000; i++) store.set(bytes(`key-${i}`), patterned(300, 1), i, 0);
    for (let i = 0; i < 50_000; i++) store.delete(bytes(`key-${i}`), 0);
    store.tick(0, 1e9);
    const account = accountOf(store);
    expect(account.entries).toBe(0);
    expect(account.liveBytes).toBe(0);
    expect(account.totalBytes).toBeLessThan(3 * MIB);
  });

  it('of a store with few entries is small', () => {
    const store = standardStore();
    for (let i = 0; i < 10; i++) store.set(bytes(`key-${i}`), patterned(50, 1), i, 0);
    const { totalBytes, idleBytes } = accountOf(store);
    expect(totalBytes - idleBytes).toBeLessThan(16 * 1024);
  });

  it('is accounted to the byte', () => {
    const store = smallStore();
    const prng = new Prng(2);
    for (let i = 0; i < 3000; i++) {
      store.set(bytes(`key-${prng.below(300)}`), patterned(prng.below(2000), 1), i, i, prng.chance(1, 2) ? i + 300 : 0);
      const account = accountOf(store);
      const parts =
        account.liveBytes +
        account.deadBytes +
        account.unusedBytes +
        account.tableBytes +
        account.indexBytes +
        account.lingeringBytes +
        account.idleBytes;
      expect(parts).toBe(account.totalBytes);
      expect(account.liveBytes + account.deadBytes + account.unusedBytes).toBe(store.pool.blockBytes);
    }
  });
});

describe('a look-up', () => {
  it('gives a view that is valid until the next change, and changes nothing', () => {
    const store = smallStore();
    store.set(bytes('k'), bytes('value'), 7, 0);
    const before = hashOfStore(store);
    expect(store.lookUp(bytes('k'), 0)).toBe('hit');
    const view = store.entry.value();
    expect(view.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(new TextDecoder().decode(view.slice())).toBe('value');
    expect(store.entry.version).toBe(7);
    expect(hashOfStore(store)).toBe(before);
  });

  it('copies a large value to where the caller wants it', () => {
    const store = smallStore();
    const value = patterned(50_000, 3);
    store.set(bytes('k'), value, 1, 0);
    store.lookUp(bytes('k'), 0);
    const target = new Uint8Array(50_010);
    store.entry.copyValue(target, 10);
    expect(bytesEqual(target.subarray(10), value)).toBe(true);
    expect(store.entry.version).toBe(1);
  });
});
