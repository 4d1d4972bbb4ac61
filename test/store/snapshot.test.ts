import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DcacheError } from '../../src/base/errors.js';
import { Prng } from '../../src/base/prng.js';
import { accountOf } from '../../src/store/accounting.js';
import { SipKeyHash } from '../../src/store/key-hash.js';
import { POLICIES } from '../../src/store/memory-cap.js';
import type { SegmentStore } from '../../src/store/segment-store.js';
import { SnapshotLoader, cutSnapshot } from '../../src/store/snapshot.js';
import { hashOfStore } from '../../src/store/state-hash.js';
import { bytes, patterned, smallStore } from './store-fixture.js';

/** Changes drawn from a seed: overwrites, expiry, deletes, touches, large values. */
class Changes {
  private readonly prng: Prng;
  private version = 0;
  private nowMs = 1000;

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  apply(stores: readonly SegmentStore[], count: number): void {
    for (let i = 0; i < count; i++) {
      const key = bytes(`key-${this.prng.below(60)}`);
      const size = this.prng.chance(1, 20) ? this.prng.below(25_000) : this.prng.below(400);
      const expiresAtMs = this.prng.chance(1, 3) ? this.nowMs + this.prng.between(1, 300) : 0;
      const draw = this.prng.below(20);
      this.nowMs += this.prng.below(5);
      this.version++;
      for (const store of stores) {
        if (draw < 14) {
          try {
            store.set(key, patterned(size, this.version), this.version, this.nowMs, expiresAtMs);
          } catch (error) {
            // Under `ttl` a store fills up with values that do not expire.
            if (!(error instanceof DcacheError) || error.code !== 'STORE_FULL') throw error;
          }
        }
        if (draw >= 14 && draw < 16) store.delete(key, this.nowMs);
        if (draw === 16 || draw === 17) store.touch(key);
        if (draw >= 18) store.tick(this.nowMs, 2000);
      }
    }
  }
}

function load(frames: Iterable<Uint8Array>, target: SegmentStore): SegmentStore {
  const loader = new SnapshotLoader(target);
  for (const frame of frames) loader.accept(frame);
  loader.finish();
  return target;
}

describe('a snapshot', () => {
  it('restores a store with the same state hash, which then decides alike', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 600 }), fc.constantFrom(...POLICIES), (seed, count, policy) => {
        const maxBytes = policy === 'noeviction' ? 10_000_000 : 150_000;
        const store = smallStore({ maxBytes, policy });
        const changes = new Changes(seed);
        changes.apply([store], count);
        const snapshot = cutSnapshot(store);
        const restored = load(snapshot.frames(), smallStore());
        snapshot.release();
        expect(hashOfStore(restored)).toBe(hashOfStore(store));
        changes.apply([store, restored], 300);
        expect(hashOfStore(restored)).toBe(hashOfStore(store));
      }),
      { numRuns: 150 },
    );
  });

  it.each([10, 70, 90])(
    'restores a store that expires %i values in the same order, though its table has never been as large',
    (count) => {
      const store = smallStore({ maxBytes: 10_000_000 });
      let version = 0;
      const setAll = (stores: readonly SegmentStore[], keys: number, nowMs: number, expiresAtMs: number): void => {
        for (let key = 0; key < keys; key++) {
          version++;
          for (const one of stores) one.set(bytes(`key-${key}`), patterned(400, key), version, nowMs, expiresAtMs);
        }
      };
      // The search for what is due ends at a high number, and then nothing is left there.
      setAll([store], 200, 1000, 1100);
      for (let i = 0; i < 50; i++) store.tick(1300, 100_000);
      setAll([store], 60, 2000, 0);
      for (let key = 0; key < 60; key++) store.delete(bytes(`key-${key}`), 2000);
      for (let i = 0; i < 50; i++) store.tick(2000, 100_000);

      const restored = load(cutSnapshot(store).frames(), smallStore());
      expect(restored.partition.table.limit).toBeLessThan(store.partition.table.limit);
      setAll([store, restored], count, 3000, 3100);
      for (const one of [store, restored]) one.tick(3200, 100_000);
      expect(hashOfStore(restored)).toBe(hashOfStore(store));
    },
  );

  it('shows the state at the cut though changes go on while it is streamed', () => {
    const store = smallStore();
    const changes = new Changes(7);
    changes.apply([store], 500);
    const atCut = hashOfStore(store);
    const snapshot = cutSnapshot(store);
    const restored = smallStore();
    const loader = new SnapshotLoader(restored);
    for (const frame of snapshot.frames()) {
      changes.apply([store], 100);
      loader.accept(frame);
    }
    loader.finish();
    expect(hashOfStore(store)).not.toBe(atCut);
    expect(hashOfStore(restored)).toBe(atCut);
    expect(accountOf(store).lingeringBytes).toBeGreaterThan(0);
    snapshot.release();
    expect(accountOf(store).lingeringBytes).toBe(0);
  });

  it('of an empty store is a header', () => {
    const snapshot = cutSnapshot(smallStore());
    const restored = load(snapshot.frames(), smallStore());
    expect(snapshot.segmentCount).toBe(0);
    expect(hashOfStore(restored)).toBe(hashOfStore(smallStore()));
  });

  it.each([
    ['a flipped bit', (frames: Uint8Array[]) => flip(frames, 1)],
    ['a flipped bit in the header', (frames: Uint8Array[]) => flip(frames, 0)],
    ['a frame cut short', (frames: Uint8Array[]) => [...frames.slice(0, -1), frames.at(-1)?.slice(0, -4)]],
    ['an odd length', (frames: Uint8Array[]) => [frames[0]?.slice(0, 21)]],
    ['a missing segment', (frames: Uint8Array[]) => frames.slice(0, -1)],
    ['a missing header', (frames: Uint8Array[]) => frames.slice(1)],
    ['a segment twice', (frames: Uint8Array[]) => [...frames, frames[1]]],
    ['two headers', (frames: Uint8Array[]) => [frames[0], ...frames]],
    ['nothing', () => []],
  ])('with %s is refused', (_what, spoil) => {
    const store = smallStore();
    new Changes(9).apply([store], 300);
    const frames = [...cutSnapshot(store).frames()];
    const spoilt = spoil(frames).filter((frame) => frame !== undefined);
    expect(() => load(spoilt, smallStore())).toThrow(expect.objectContaining({ code: 'DATA_CORRUPT' }));
  });

  it('made under another hash seed is refused as another cluster', () => {
    const store = smallStore();
    new Changes(1).apply([store], 50);
    const other = smallStore({ hash: new SipKeyHash({ low: 1, high: 2 }) });
    const loading = (): SegmentStore => load(cutSnapshot(store).frames(), other);
    expect(loading).toThrow(DcacheError);
    expect(loading).toThrow(expect.objectContaining({ code: 'WRONG_CLUSTER' }));
  });

  it('is read from a buffer at any alignment', () => {
    const store = smallStore();
    new Changes(3).apply([store], 200);
    const shifted = [...cutSnapshot(store).frames()].map((frame) => {
      const buffer = new Uint8Array(frame.length + 1);
      buffer.set(frame, 1);
      return buffer.subarray(1);
    });
    expect(hashOfStore(load(shifted, smallStore()))).toBe(hashOfStore(store));
  });
});

function flip(frames: Uint8Array[], at: number): Uint8Array[] {
  const frame = frames[at];
  if (frame === undefined) throw new Error('the frame to spoil is there');
  const byte = frame.length >> 1;
  frame[byte] = (frame[byte] ?? 0) ^ 4;
  return frames;
}
