import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MalformedBytes } from '../../src/base/byte-reader.js';
import { concatBytes } from '../../src/base/bytes.js';
import { MapStore } from '../../src/store/map-store.js';
import { ALWAYS, FOREVER } from '../../src/store/requests.js';
import { someWrite } from '../support/request-arbitraries.js';

const set = (key: Uint8Array, value: Uint8Array) =>
  ({ type: 'set', key, value, lifetime: FOREVER, condition: ALWAYS, returnOld: false }) as const;

const someStore = fc.array(someWrite, { maxLength: 30 }).map((writes) => {
  const store = new MapStore();
  store.advanceTime(1_000);
  for (const write of writes) store.apply(write);
  return store;
});

const bytesOf = (store: MapStore): Uint8Array => concatBytes([...store.snapshot().pieces()]);

test('a restored store equals the one that was cut, however the bytes are cut into pieces', () => {
  fc.assert(
    fc.property(someStore, fc.array(fc.nat(), { maxLength: 8 }), (store, cuts) => {
      const bytes = bytesOf(store);
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const restored = new MapStore();
      const restore = restored.startRestore();
      places.slice(1).forEach((place, i) => restore.write(bytes.subarray(places[i], place)));
      restore.finish();
      expect(restored.stateHash()).toBe(store.stateHash());
      expect(restored.stats()).toEqual(store.stats());
      expect(restored.upkeepDueMs).toBe(store.upkeepDueMs);
    }),
  );
});

test('the restored store goes on like the other: versions and expiries included', () => {
  fc.assert(
    fc.property(someStore, fc.array(someWrite, { maxLength: 10 }), (store, later) => {
      const restored = new MapStore();
      const restore = restored.startRestore();
      restore.write(bytesOf(store));
      restore.finish();
      for (const write of later) {
        for (const each of [store, restored]) each.advanceTime(each.timeMs + 700);
        expect(restored.apply(write)).toEqual(store.apply(write));
      }
      expect(restored.stateHash()).toBe(store.stateHash());
    }),
  );
});

test('a snapshot does not change when the store does', () => {
  const store = new MapStore();
  const key = Uint8Array.of(1);
  store.apply(set(key, Uint8Array.of(1)));
  const [snapshot, before] = [store.snapshot(), bytesOf(store)];
  store.apply(set(key, Uint8Array.of(2)));
  store.apply({ type: 'flush' });
  expect(concatBytes([...snapshot.pieces()])).toEqual(before);
});

test('an incomplete snapshot is refused and leaves the store as it was', () => {
  fc.assert(
    fc.property(someStore, someStore, (source, target) => {
      const bytes = bytesOf(source);
      const before = target.stateHash();
      for (let length = 0; length < bytes.length; length++) {
        const restore = target.startRestore();
        restore.write(bytes.subarray(0, length));
        expect(() => restore.finish()).toThrow(MalformedBytes);
      }
      expect(target.stateHash()).toBe(before);
    }),
    { numRuns: 10 },
  );
});

test('a snapshot of a later format is refused by name', () => {
  const restore = new MapStore().startRestore();
  restore.write(Uint8Array.of(3, 0, 0, 0));
  expect(() => restore.finish()).toThrow('store snapshot of format 3, this version reads 2');
});

test('a large state comes in pieces', () => {
  const store = new MapStore();
  for (let i = 0; i < 8; i++) store.apply(set(Uint8Array.of(i), new Uint8Array(200_000)));
  const pieces = [...store.snapshot().pieces()];
  expect(pieces.length).toBeGreaterThan(3);
});
