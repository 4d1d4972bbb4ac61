/** The store of raft mode against the Map store: whatever is asked, both say the same, and replicas stay equal to the byte. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesEqual, concatBytes, EMPTY_BYTES, toHex } from '../../src/base/bytes.js';
import { LIMITS } from '../../src/base/limits.js';
import { MapStore } from '../../src/store/map-store.js';
import { POLICIES, type EvictionPolicy, type MemoryRules } from '../../src/store/memory-cap.js';
import { ALWAYS, FOREVER, type Condition, type Lifetime, type WriteRequest } from '../../src/store/requests.js';
import { SegmentKvStore } from '../../src/store/segment-kv-store.js';
import type { KvStore, StoreSnapshot } from '../../src/store/store.js';
import { bytes, patterned, SMALL_LAYOUT, SMALL_MAX_KEY_BYTES } from './store-fixture.js';

const CLUSTER = '0123456789abcdef0123456789abcdef';

function newStore(): SegmentKvStore {
  return new SegmentKvStore({ layout: SMALL_LAYOUT, maxKeyBytes: SMALL_MAX_KEY_BYTES });
}

function founded(clusterId = CLUSTER): SegmentKvStore {
  const store = newStore();
  store.onFounded(clusterId);
  return store;
}

type Step =
  | { readonly type: 'write'; readonly write: WriteRequest }
  | { readonly type: 'time'; readonly byMs: number }
  | { readonly type: 'rules'; readonly rules: MemoryRules }
  | { readonly type: 'read'; readonly key: Uint8Array }
  | { readonly type: 'cut' }
  | { readonly type: 'restore'; readonly pieceBytes: number }
  | { readonly type: 'scan'; readonly limit: number; readonly withValues: boolean; readonly prefix: string };

const KEY_LENGTHS = [1, 2, 3, 7, 8, 40, 300, SMALL_MAX_KEY_BYTES];
const KEYS = Array.from({ length: 24 }, (_, i) => {
  const name = `${'abc'.charAt(i % 3)}${i}`;
  return bytes(name.padEnd(KEY_LENGTHS[i % KEY_LENGTHS.length] ?? 1, '.'));
});

const key = fc.constantFrom(...KEYS);
const value = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -20, max: 2_000 }).map((integer) => bytes(String(integer))) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(0, 1, 9, 60, 400, 511, 513, 3_000, 9_000, 40_000), fc.nat(50))
      .map(([length, seed]) => patterned(length, seed)),
  },
);
const condition: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(ALWAYS) },
  fc.constant<Condition>({ type: 'absent' }),
  fc.constant<Condition>({ type: 'present' }),
  fc.integer({ min: 1, max: 60 }).map((version): Condition => ({ type: 'version', version })),
);
const lifetime: fc.Arbitrary<Lifetime> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(FOREVER) },
  fc.constant<Lifetime>({ type: 'keep' }),
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 300 }).map((ttlMs): Lifetime => ({ type: 'ttl', ttlMs })) },
);
const write: fc.Arbitrary<WriteRequest> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      type: fc.constant('set' as const),
      key,
      value,
      lifetime,
      condition,
      returnOld: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('delete' as const), key, condition }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('expire' as const), key, lifetime }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('increment' as const), key, delta: fc.bigInt({ min: -9n, max: 9n }) }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('append' as const), key, value }) },
  { weight: 1, arbitrary: fc.constant<WriteRequest>({ type: 'flush' }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 40, arbitrary: write.map((request): Step => ({ type: 'write', write: request })) },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 120 }).map((byMs): Step => ({ type: 'time', byMs })) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: 'cut' }) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 20_000 }).map((pieceBytes): Step => ({ type: 'restore', pieceBytes })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('scan' as const),
      limit: fc.constantFrom(1, 3, 1_000),
      withValues: fc.boolean(),
      prefix: fc.constantFrom('', 'a', 'b1', 'zz'),
    }),
  },
);

/** Caps that some of the values above reach at once, some after a while. */
const rules: fc.Arbitrary<MemoryRules> = fc.record({
  maxBytes: fc.constantFrom(20_000, 60_000, 90_000, 150_000, Infinity),
  policy: fc.constantFrom(...POLICIES),
});
const cappedStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: step },
  { weight: 6, arbitrary: key.map((name): Step => ({ type: 'read', key: name })) },
  { weight: 1, arbitrary: rules.map((next): Step => ({ type: 'rules', rules: next })) },
);

/** Stores that apply the same log; `late` is now and then replaced by one restored from a snapshot. */
class Replicas {
  /** Has no cap, so it only knows what must be said where there is none. */
  private readonly plain: MapStore | undefined;
  private readonly first = founded();
  private late = founded();
  private timeMs = 1_000;
  private cut: { readonly snapshot: StoreSnapshot; readonly since: ((store: KvStore) => void)[] } | undefined;

  constructor(plain?: MapStore) {
    this.plain = plain;
  }

  play(next: Step): void {
    switch (next.type) {
      case 'write': {
        const replies = this.apply((store) => store.apply(next.write));
        for (const reply of replies) expectSame(reply, replies[0]);
        return;
      }
      case 'rules':
        this.apply((store) => store.setMemoryRules(next.rules));
        return;
      case 'read': {
        this.first.read({ type: 'get', key: next.key }, this.timeMs);
        const marks = this.first.takeReadMarks();
        this.apply((store) => store.applyReadMarks(marks));
        return;
      }
      case 'time': {
        const timeMs = this.timeMs + next.byMs;
        this.timeMs = timeMs;
        this.apply((store) => store.advanceTime(timeMs));
        return;
      }
      case 'cut':
        this.cut?.snapshot.release();
        this.cut = { snapshot: this.first.snapshot(), since: [] };
        return;
      case 'restore':
        return this.restore(next.pieceBytes);
      case 'scan': {
        const scanned = this.all().map((store) => scanAll(store, next, this.timeMs));
        for (const each of scanned) expectSame(each, scanned[0]);
      }
    }
  }

  /** What can be asked without a change, of all stores. */
  compare(): void {
    const { plain } = this;
    for (const store of [this.first, this.late]) {
      const other = plain ?? this.first;
      for (const each of KEYS) {
        for (const type of ['get', 'inspect'] as const) {
          expectSame(store.read({ type, key: each }, this.timeMs), other.read({ type, key: each }, this.timeMs));
        }
      }
      expect(store.read({ type: 'count' }, 0)).toEqual(other.read({ type: 'count' }, 0));
      expect(store.timeMs).toBe(other.timeMs);
      if (plain !== undefined) expect(store.upkeepDueMs).toBeLessThanOrEqual(plain.upkeepDueMs);
    }
    expect(this.late.stateHash()).toBe(this.first.stateHash());
  }

  private all(): KvStore[] {
    return this.plain === undefined ? [this.first, this.late] : [this.plain, this.first, this.late];
  }

  private apply<Reply>(change: (store: KvStore) => Reply): Reply[] {
    this.cut?.since.push(change);
    return this.all().map(change);
  }

  private restore(pieceBytes: number): void {
    if (this.cut === undefined) return;
    const { snapshot, since } = this.cut;
    this.late = newStore();
    restoreInto(this.late, snapshot, pieceBytes);
    snapshot.release();
    this.cut = undefined;
    for (const change of since) change(this.late);
    expect(this.late.stateHash()).toBe(this.first.stateHash());
  }
}

/** `toEqual` takes its time over long byte strings, so it is only asked what differs. */
function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}

function scanAll(store: KvStore, request: Extract<Step, { type: 'scan' }>, nowMs: number): unknown[] {
  const { limit, withValues } = request;
  const found: unknown[] = [];
  let cursor = EMPTY_BYTES;
  do {
    const page = store.read({ type: 'scan', prefix: bytes(request.prefix), cursor, limit, withValues }, nowMs);
    if (page.type !== 'scan') throw new Error('a scan is answered by a page');
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    for (const { key: name, value: content, ...rest } of page.entries) {
      found.push({ key: toHex(name), value: content, ...rest });
    }
    cursor = page.cursor;
  } while (cursor.length > 0);
  return found.sort((a, b) => ((a as { key: string }).key < (b as { key: string }).key ? -1 : 1));
}

function restoreInto(store: KvStore, snapshot: StoreSnapshot, pieceBytes: number): void {
  const whole = concatBytes([...snapshot.pieces()]);
  const restore = store.startRestore();
  for (let at = 0; at < whole.length; at += pieceBytes) restore.write(whole.subarray(at, at + pieceBytes));
  restore.finish();
}

function set(store: KvStore, name: string, content: Uint8Array, ttlMs?: number): void {
  const life: Lifetime = ttlMs === undefined ? FOREVER : { type: 'ttl', ttlMs };
  const reply = store.apply({
    type: 'set',
    key: bytes(name),
    value: content,
    lifetime: life,
    condition: ALWAYS,
    returnOld: false,
  });
  expect(reply).toMatchObject({ applied: true });
}

function playAll(steps: readonly Step[], replicas: Replicas): void {
  for (const next of steps) replicas.play(next);
  replicas.compare();
}

test('whatever is asked, it answers as the Map store does, and replicas and restored stores are equal', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 200, size: 'max' }), (steps) =>
      playAll(steps, new Replicas(new MapStore())),
    ),
    { numRuns: 200 },
  );
});

test('under caps that come and go, replicas and restored stores refuse and evict alike', () => {
  fc.assert(
    fc.property(rules, fc.array(cappedStep, { minLength: 1, maxLength: 200, size: 'max' }), (first, steps) =>
      playAll([{ type: 'rules', rules: first }, ...steps], new Replicas()),
    ),
    { numRuns: 200 },
  );
});

describe('expiry', () => {
  test('moving the time on to the next expiry gives a later one within a few calls, and nothing is left in the end', () => {
    const store = founded();
    const plain = new MapStore();
    for (const each of [store, plain]) {
      for (let i = 0; i < 5_000; i++) set(each, `key ${i}`, bytes('v'), 1 + ((i * 7) % 500));
      for (let i = 0; i < 5_000; i += 2) set(each, `key ${i}`, bytes('w'), 1_000 + i);
    }
    let calls = 0;
    while (store.upkeepDueMs < Infinity) {
      const due = store.upkeepDueMs;
      expect(due).toBeLessThanOrEqual(plain.upkeepDueMs);
      store.advanceTime(due);
      plain.advanceTime(due);
      calls++;
    }
    expect(calls).toBeLessThan(10_000);
    expect(store.read({ type: 'count' }, 0)).toEqual({ type: 'count', keys: 0 });
    expect(plain.read({ type: 'count' }, 0)).toEqual({ type: 'count', keys: 0 });
  });

  test('a key that is over does not exist, though very many are and their removal takes several calls', () => {
    const store = founded();
    for (let i = 0; i < 20_000; i++) set(store, `key ${i}`, bytes('v'), 10);
    store.advanceTime(20);
    expect(store.stats().keys).toBeGreaterThan(0);
    for (let i = 0; i < 20_000; i += 371) {
      expect(store.read({ type: 'get', key: bytes(`key ${i}`) }, 20)).toMatchObject({ value: null });
    }
    let calls = 0;
    while (store.upkeepDueMs <= 20 && calls < 100) {
      store.advanceTime(20);
      calls++;
    }
    expect(store.stats().keys).toBe(0);
    expect(calls).toBeLessThan(20);
  });
});

describe('replies', () => {
  test('belong to the caller: what is written later does not change them', () => {
    const store = founded();
    set(store, 'a', bytes('before'));
    const reply = store.read({ type: 'get', key: bytes('a') }, 0);
    for (let i = 0; i < 3_000; i++) set(store, 'a', patterned(100, i));
    expect(reply).toMatchObject({ value: bytes('before') });
  });

  test('the page of a scan ends at its bytes, but holds one value however large', () => {
    const store = new SegmentKvStore();
    const large = patterned(LIMITS.maxScanPageBytes + 1, 1);
    for (const name of ['a', 'b', 'c']) set(store, name, large);
    const page = store.read({ type: 'scan', prefix: EMPTY_BYTES, cursor: EMPTY_BYTES, limit: 10, withValues: true }, 0);
    if (page.type !== 'scan') throw new Error('a scan is answered by a page');
    expect(page.entries.map((entry) => bytesEqual(entry.value, large))).toEqual([true]);
    expect(page.cursor.length).toBeGreaterThan(0);
  });
});

describe('the seed of the hash', () => {
  test('comes with the founding, once, and is that of the cluster', () => {
    const [one, same, other] = [founded(), founded(), founded(CLUSTER.replace('0', 'f'))];
    same.onFounded(CLUSTER.replace('0', 'e'));
    for (const store of [one, same, other]) set(store, 'a', bytes('v'));
    expect(same.stateHash()).toBe(one.stateHash());
    expect(other.stateHash()).not.toBe(one.stateHash());
  });

  test('comes with a snapshot as well', () => {
    const store = founded();
    set(store, 'a', bytes('v'));
    const restored = newStore();
    restoreInto(restored, store.snapshot(), 7);
    restored.onFounded(CLUSTER.replace('0', 'e'));
    expect(restored.stateHash()).toBe(store.stateHash());
    expect(restored.read({ type: 'get', key: bytes('a') }, 0)).toMatchObject({ value: bytes('v'), version: 1 });
  });
});

describe('memory', () => {
  const filled = (): SegmentKvStore => {
    const store = founded();
    for (let i = 0; i < 2_000; i++) set(store, `key ${i}`, patterned(3_000, i));
    return store;
  };

  test('is given back by a flush, or with the snapshot that holds it', () => {
    const store = filled();
    const before = store.stats().bytes;
    const snapshot = store.snapshot();
    expect(store.apply({ type: 'flush' })).toEqual({ type: 'flush', removed: 2_000 });
    expect(store.stats()).toMatchObject({ keys: 0 });
    const restored = newStore();
    restoreInto(restored, snapshot, 100_000);
    expect(restored.stats()).toMatchObject({ keys: 2_000 });
    snapshot.release();
    snapshot.release();
    expect(store.stats().bytes).toBeLessThan(before / 2);
  });

  test('is told by what it is for, and the parts make the whole', () => {
    const store = filled();
    const snapshot = store.snapshot();
    for (let i = 0; i < 500; i++) store.apply({ type: 'delete', key: bytes(`key ${i}`), condition: ALWAYS });
    const { bytes: total, bytesFor } = store.stats();
    expect(Object.values(bytesFor).reduce((sum, each) => sum + each)).toBe(total);
    expect(bytesFor.live).toBeGreaterThan(1_500 * 3_000);
    expect(bytesFor.lingering).toBeGreaterThan(0);
    snapshot.release();
    expect(store.stats().bytesFor.lingering).toBe(0);
  });

  test('of the state that a restore replaces is given back', () => {
    const store = filled();
    const before = store.stats().bytes;
    const snapshot = founded().snapshot();
    restoreInto(store, snapshot, 100);
    expect(store.stats().keys).toBe(0);
    expect(store.stats().bytes).toBeLessThan(before / 2);
  });

  test('of a snapshot that turns out to be damaged is given back, and the store has not changed', () => {
    const store = filled();
    const whole = concatBytes([...store.snapshot().pieces()]);
    const other = founded();
    set(other, 'a', bytes('mine'));
    const before = other.stats();
    const damaged = whole.slice();
    damaged[whole.length - 100] = (damaged[whole.length - 100] ?? 0) ^ 1;
    const restore = other.startRestore();
    expect(() => {
      restore.write(damaged);
      restore.finish();
    }).toThrow('checksum');
    const cutShort = other.startRestore();
    cutShort.write(whole.subarray(0, whole.length - 1));
    expect(() => cutShort.finish()).toThrow('too early');
    expect(other.read({ type: 'get', key: bytes('a') }, 0)).toMatchObject({ value: bytes('mine') });
    expect(other.stats().keys).toBe(before.keys);
    expect(other.stats().bytes).toBeLessThan(4 * before.bytes + 2 ** 21);
  });
});

describe('the memory cap', () => {
  const CAP = 400_000;
  const capped = (policy: EvictionPolicy): SegmentKvStore => {
    const store = founded();
    store.setMemoryRules({ maxBytes: CAP, policy });
    return store;
  };
  const put = (store: KvStore, name: string, content: Uint8Array): string => {
    const lifetime = { type: 'ttl', ttlMs: 600_000 } as const;
    const reply = store.apply({
      type: 'set',
      key: bytes(name),
      value: content,
      lifetime,
      condition: ALWAYS,
      returnOld: false,
    });
    return reply.type === 'rejected' ? reply.code : reply.type;
  };
  const has = (store: KvStore, name: string): boolean => {
    const reply = store.read({ type: 'inspect', key: bytes(name) }, 0);
    return reply.type === 'inspect' && reply.found;
  };

  test('with noeviction, a write that does not fit is refused with STORE_FULL, and all else goes on', () => {
    const store = capped('noeviction');
    let count = 0;
    while (put(store, `key ${count}`, patterned(1_000, count)) === 'set') count++;
    expect(put(store, 'one more', patterned(1_000, 1))).toBe('STORE_FULL');
    expect(store.stats().keys).toBe(count);
    expect(store.apply({ type: 'append', key: bytes('key 0'), value: patterned(5_000, 1) })).toMatchObject({
      type: 'rejected',
      code: 'STORE_FULL',
    });
    for (let i = 0; i < count; i++) {
      expect(store.read({ type: 'get', key: bytes(`key ${i}`) }, 0)).toMatchObject({ value: patterned(1_000, i) });
    }
    for (let i = 0; i < count / 2; i++) store.apply({ type: 'delete', key: bytes(`key ${i}`), condition: ALWAYS });
    expect(put(store, 'one more', patterned(1_000, 1))).toBe('set');
  });

  test.each(['lru', 'ttl'] as const)('with %s, a write that does not fit evicts others', (policy) => {
    const store = capped(policy);
    for (let i = 0; i < 1_000; i++) expect(put(store, `key ${i}`, patterned(1_000, i))).toBe('set');
    expect(has(store, 'key 999')).toBe(true);
    expect(store.stats().keys).toBeGreaterThan(100);
    expect(store.stats().keys).toBeLessThan(CAP / 1_000);
  });

  test('with lru, what the leader reads stays on all replicas once its marks are in the log', () => {
    const leader = capped('lru');
    const follower = capped('lru');
    for (let i = 0; i < 2_000; i++) {
      leader.read({ type: 'get', key: bytes(`key ${i % 20}`) }, 0);
      const marks = leader.takeReadMarks();
      for (const store of [leader, follower]) {
        store.applyReadMarks(marks);
        put(store, `key ${i}`, patterned(1_000, i));
      }
    }
    // Approximate: where there is no room to move what is spared, it goes all the same.
    const left = (from: number): number =>
      Array.from({ length: 20 }, (_, i) => has(leader, `key ${from + i}`)).filter(Boolean).length;
    expect(left(0)).toBeGreaterThan(10);
    expect(left(20)).toBe(0);
    expect(follower.stateHash()).toBe(leader.stateHash());
  });

  test('read marks are few: none for what is marked already, each key once, and none without lru', () => {
    const store = capped('lru');
    for (let i = 0; i < 100; i++) put(store, `key ${i}`, bytes('v'));
    for (let i = 0; i < 1_000; i++) store.read({ type: 'get', key: bytes(`key ${i % 100}`) }, 0);
    const marks = store.takeReadMarks();
    expect(marks).toHaveLength(100);
    store.applyReadMarks(marks);
    store.read({ type: 'get', key: bytes('key 1') }, 0);
    expect(store.takeReadMarks()).toEqual([]);
    store.setMemoryRules({ maxBytes: CAP, policy: 'ttl' });
    put(store, 'key 1', bytes('w'));
    store.read({ type: 'get', key: bytes('key 1') }, 0);
    expect(store.takeReadMarks()).toEqual([]);
  });

  test('lowered below what is held, it is reached by upkeep alone, in steps', () => {
    const store = founded();
    for (let i = 0; i < 2_000; i++) put(store, `key ${i}`, patterned(1_000, i));
    store.setMemoryRules({ maxBytes: CAP, policy: 'lru' });
    let steps = 0;
    while (store.upkeepDueMs <= store.timeMs && steps < 1_000) {
      store.advanceTime(store.timeMs);
      steps++;
    }
    expect(steps).toBeGreaterThan(3);
    expect(steps).toBeLessThan(50);
    expect(store.stats().keys).toBeLessThan(CAP / 1_000);
    expect(store.stats().keys).toBeGreaterThan(100);
  });
});
