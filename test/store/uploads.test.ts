/** Large values that come in pieces through the log: the segment store and the Map store answer alike, and nothing stays behind. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeWriteBatch, encodeWriteBatch } from '../../src/store/command-codec.js';
import type { LoggedWrite } from '../../src/store/logged-writes.js';
import { MapStore } from '../../src/store/map-store.js';
import { ALWAYS, FOREVER, type Condition, type WriteReply } from '../../src/store/requests.js';
import { SegmentKvStore } from '../../src/store/segment-kv-store.js';
import type { KvStore } from '../../src/store/store.js';

const KIB = 1024;
const key = (text: string): Uint8Array => Buffer.from(text);
const fill = (bytes: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + seed) & 0xff);

function piece(upload: number, name: string, value: Uint8Array, at: number, end: number): LoggedWrite {
  return { type: 'piece', upload, key: key(name), totalBytes: value.length, at, bytes: value.subarray(at, end) };
}

function finishSet(upload: number, name: string, totalBytes: number, condition: Condition = ALWAYS): LoggedWrite {
  const write = {
    type: 'set',
    key: key(name),
    value: key(''),
    lifetime: FOREVER,
    condition,
    returnOld: false,
  } as const;
  return { type: 'finish', upload, totalBytes, write };
}

function finishAppend(upload: number, name: string, totalBytes: number): LoggedWrite {
  return { type: 'finish', upload, totalBytes, write: { type: 'append', key: key(name), value: key('') } };
}

const valueOf = (store: KvStore, name: string): Buffer | undefined => {
  const reply = store.read({ type: 'get', key: key(name) }, 0);
  return reply.type === 'get' && reply.value !== null ? Buffer.from(reply.value) : undefined;
};

function restored(store: KvStore, empty: KvStore): KvStore {
  const snapshot = store.snapshot();
  const restore = empty.startRestore();
  for (const part of snapshot.pieces()) restore.write(part);
  restore.finish();
  snapshot.release();
  return empty;
}

/** As it comes out of the log. */
const logged = (write: LoggedWrite): LoggedWrite => {
  const batch = { timeMs: 1, memoryRules: undefined, readMarks: [], writes: [write] };
  return decodeWriteBatch(encodeWriteBatch(batch)).writes[0] ?? write;
};

const stores: readonly [string, () => KvStore][] = [
  ['segment store', () => new SegmentKvStore()],
  ['Map store', () => new MapStore()],
];

describe.each(stores)('a large value in a %s', (_, newStore) => {
  const value = fill(700 * KIB, 3);

  test('is there when it is finished, and not before', () => {
    const store = newStore();
    store.apply({ type: 'append', key: key('k'), value: key('old') });
    expect(store.apply(piece(1, 'k', value, 0, 500 * KIB))).toBeUndefined();
    expect(store.apply(piece(1, 'k', value, 500 * KIB, value.length))).toBeUndefined();
    expect(valueOf(store, 'k')).toEqual(Buffer.from('old'));
    expect(store.read({ type: 'count' }, 0)).toEqual({ type: 'count', keys: 1 });
    expect(store.apply(finishSet(1, 'k', value.length))).toEqual({ type: 'set', applied: true, version: 2, old: null });
    expect(valueOf(store, 'k')?.equals(value)).toBe(true);
  });

  test('is put together from pieces in order, each taken once, and not finished before all are there', () => {
    const store = newStore();
    const [a, b, c] = [0, 300 * KIB, 600 * KIB].map((at) => piece(1, 'k', value, at, at + 300 * KIB));
    for (const each of [b, a, c, a, b, b]) if (each !== undefined) expect(store.apply(each)).toBeUndefined();
    expect(store.apply(finishSet(1, 'k', value.length))).toMatchObject({ type: 'rejected', code: 'OVERLOADED' });
    for (const each of [a, b, c, c]) if (each !== undefined) store.apply(each);
    expect(store.apply(finishSet(1, 'k', value.length))).toMatchObject({ applied: true });
    expect(valueOf(store, 'k')?.equals(value)).toBe(true);
    expect(store.apply({ type: 'delete', key: key('k'), condition: ALWAYS })).toEqual({
      type: 'delete',
      deleted: true,
    });
    expect(store.stats().bytesFor.live).toBe(0);
  });

  test('is decided on what is there when it is finished', () => {
    const store = newStore();
    store.apply(piece(1, 'k', value, 0, value.length));
    store.apply({ type: 'append', key: key('k'), value: key('first') });
    expect(store.apply(finishSet(1, 'k', value.length, { type: 'absent' }))).toMatchObject({
      applied: false,
      version: 1,
    });
    expect(valueOf(store, 'k')).toEqual(Buffer.from('first'));
    store.apply(piece(2, 'k', value, 0, value.length));
    expect(store.apply(finishAppend(2, 'k', value.length))).toMatchObject({
      type: 'append',
      valueBytes: value.length + 5,
    });
    expect(valueOf(store, 'k')?.equals(Buffer.concat([Buffer.from('first'), value]))).toBe(true);
  });

  test('that is dropped, by its leader or by the end of its term, leaves nothing, and cannot be finished', () => {
    const store = newStore();
    for (const end of [(): unknown => store.apply({ type: 'drop', upload: 1 }), (): void => store.dropUploads()]) {
      store.apply(piece(1, 'k', value, 0, 400 * KIB));
      expect(store.stats().keys).toBe(0);
      end();
      expect(store.apply(finishSet(1, 'k', value.length))).toMatchObject({ type: 'rejected', code: 'OVERLOADED' });
      expect(store.apply(piece(1, 'k', value, 400 * KIB, value.length))).toBeUndefined();
      expect(store.apply(finishSet(1, 'k', value.length))).toMatchObject({ type: 'rejected', code: 'OVERLOADED' });
      store.apply({ type: 'drop', upload: 1 });
      expect([store.stats().keys, store.stats().bytesFor.live]).toEqual([0, 0]);
    }
  });

  test('goes on after a snapshot as if there had been none', () => {
    const store = newStore();
    store.apply(piece(1, 'k', value, 0, 300 * KIB));
    store.apply(piece(2, 'gone', value, 5, 10));
    const other = restored(store, newStore());
    expect(other.stateHash()).toBe(store.stateHash());
    for (const each of [store, other]) {
      each.apply(piece(1, 'k', value, 300 * KIB, value.length));
      expect(each.apply(finishSet(1, 'k', value.length))).toMatchObject({ applied: true });
      expect(each.apply(finishSet(2, 'gone', value.length))).toMatchObject({ code: 'OVERLOADED' });
      expect(valueOf(each, 'k')?.equals(value)).toBe(true);
    }
    expect(other.stateHash()).toBe(store.stateHash());
  });
});

test('a value for which there is no room under the cap is refused with its first piece, and takes none', () => {
  const store = new SegmentKvStore();
  store.setMemoryRules({ maxBytes: 4 * 1024 * KIB, policy: 'noeviction' });
  const value = fill(5 * 1024 * KIB, 1);
  expect(store.apply(piece(1, 'k', value, 0, 512 * KIB))).toMatchObject({ type: 'rejected', code: 'STORE_FULL' });
  expect(store.stats().bytesFor.live).toBe(0);
  expect(store.apply(finishSet(1, 'k', value.length))).toMatchObject({ type: 'rejected', code: 'STORE_FULL' });
});

const whole = fill(60 * 40 * KIB, 9);

test('several at a time, finished, dropped, flushed and evicted in any order: both stores answer alike', () => {
  const step = fc.record({
    act: fc.constantFrom('piece', 'piece', 'piece', 'finish', 'append', 'drop', 'flush', 'small', 'term'),
    upload: fc.integer({ min: 1, max: 3 }),
    name: fc.constantFrom('a', 'b'),
    bytes: fc.integer({ min: 1, max: 40 * KIB }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const segments = new SegmentKvStore();
      const map = new MapStore();
      const sent = new Map<number, { name: string; at: number }>();
      const both = (write: LoggedWrite): void => {
        const replies: (WriteReply | undefined)[] = [segments, map].map((store) => store.apply(logged(write)));
        expect(replies[0]).toEqual(replies[1]);
      };
      for (const { act, upload, name: fresh, bytes } of steps) {
        const { name, at } = sent.get(upload) ?? { name: fresh, at: 0 };
        switch (act) {
          case 'piece':
            both(piece(upload, name, whole, at, at + bytes));
            sent.set(upload, { name, at: at + bytes });
            break;
          case 'finish':
          case 'append':
            both(act === 'finish' ? finishSet(upload, name, at) : finishAppend(upload, name, at));
            sent.delete(upload);
            break;
          case 'drop':
            both({ type: 'drop', upload });
            sent.delete(upload);
            break;
          case 'flush':
            both({ type: 'flush' });
            break;
          case 'small':
            both({ type: 'append', key: key(fresh), value: key('x') });
            break;
          case 'term':
            for (const store of [segments, map]) store.dropUploads();
            sent.clear();
            break;
        }
        for (const each of ['a', 'b']) {
          const values = [segments, map].map((store) => store.read({ type: 'inspect', key: key(each) }, 0));
          expect(values[0]).toEqual(values[1]);
        }
      }
      expect(restored(segments, new SegmentKvStore()).stateHash()).toBe(segments.stateHash());
      expect(restored(map, new MapStore()).stateHash()).toBe(map.stateHash());
      for (const each of ['a', 'b'])
        expect(valueOf(segments, each)?.equals(valueOf(map, each) ?? key('-')) ?? true).toBe(true);
      for (const store of [segments, map]) {
        store.dropUploads();
        for (const each of ['a', 'b']) store.apply({ type: 'delete', key: key(each), condition: ALWAYS });
        expect([store.stats().keys, store.stats().bytesFor.live]).toEqual([0, 0]);
      }
    }),
    { numRuns: 20 },
  );
});
