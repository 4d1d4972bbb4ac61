import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesEqual } from '../../src/base/bytes.js';
import { DcacheError } from '../../src/base/errors.js';
import type { EvictionPolicy } from '../../src/store/memory-cap.js';
import type { SegmentStore } from '../../src/store/segment-store.js';
import type { Condition } from '../../src/store/store-options.js';
import { RecordRefs } from '../../src/store/record-refs.js';
import { hashOfPartition, hashOfStore } from '../../src/store/state-hash.js';
import { MapModel } from './map-model.js';
import { Mirror, bytes, collidingHash, patterned, smallStore } from './store-fixture.js';

type Step =
  | { type: 'set'; key: number; size: number; ttlMs: number; condition: 'none' | 'absent' | 'present' | 'version' }
  | { type: 'expire'; key: number; ttlMs: number }
  | { type: 'delete'; key: number; condition: 'none' | 'version' }
  | { type: 'get'; key: number; aheadMs: number }
  | { type: 'touch'; key: number }
  | { type: 'wait'; ms: number }
  | { type: 'tick'; budget: number }
  | { type: 'cap'; maxBytes: number };

const KEY_COUNT = 40;
const KEYS = Array.from({ length: KEY_COUNT }, (_, i) => (i % 13 === 0 ? patterned(300 + i, i) : bytes(`key-${i}`)));

const key = fc.nat({ max: KEY_COUNT - 1 });
// From nothing to several segments of 8 KiB; mostly small.
const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 300, max: 2000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 400, max: 30_000 }) },
);
const set = fc.record({
  type: fc.constant('set' as const),
  key,
  size,
  ttlMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 500 })),
  condition: fc.oneof(
    { weight: 5, arbitrary: fc.constant('none' as const) },
    fc.constantFrom('absent' as const, 'present' as const, 'version' as const),
  ),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: set },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('delete' as const),
      key,
      condition: fc.constantFrom('none' as const, 'version' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('expire' as const), key, ttlMs: fc.constantFrom(0, 1, 100, 1000) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('get' as const), key, aheadMs: fc.nat({ max: 50 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('touch' as const), key }) },
  // The clock also jumps back: the store must not.
  { weight: 2, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: -100, max: 200 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('tick' as const), budget: fc.nat({ max: 30_000 }) }) },
);
const steps = fc.array(step, { minLength: 50, maxLength: 250, size: 'max' });

/** Plays steps on a store and on the model beside it and compares every answer. */
class Play {
  readonly store: SegmentStore;
  readonly model = new MapModel();
  private nowMs = 1000;
  private version = 0;
  refusals = 0;

  constructor(store: SegmentStore) {
    this.store = store;
  }

  step(each: Step): void {
    switch (each.type) {
      case 'set':
        this.set(each);
        break;
      case 'expire':
        this.expire(each);
        break;
      case 'delete':
        this.delete(each);
        break;
      case 'get':
        this.compare(KEYS[each.key] ?? bytes('?'), this.nowMs + each.aheadMs);
        break;
      case 'touch':
        this.store.touch(KEYS[each.key] ?? bytes('?'));
        break;
      case 'wait':
        this.nowMs = Math.max(1, this.nowMs + each.ms);
        break;
      case 'tick':
        this.store.tick(this.nowMs, each.budget);
        this.model.tick(this.nowMs);
        break;
      case 'cap':
        this.store.setCap(each.maxBytes, this.store.cap.policy);
        break;
    }
  }

  private set(each: Extract<Step, { type: 'set' }>): void {
    const name = KEYS[each.key] ?? bytes('?');
    const value = patterned(each.size, ++this.version);
    const expiresAtMs = each.ttlMs === 0 ? 0 : this.nowMs + each.ttlMs;
    const condition = this.condition(name, each.condition);
    this.syncEvicted();
    this.orRefused(() => {
      const done = this.store.set(name, value, this.version, this.nowMs, expiresAtMs, condition);
      expect(this.model.set(name, value, this.version, this.nowMs, expiresAtMs, condition)).toBe(done);
    });
    this.syncEvicted();
  }

  /** A change that the cap refuses has changed nothing. */
  private orRefused(change: () => void): void {
    try {
      change();
    } catch (error) {
      if (!(error instanceof DcacheError) || error.code !== 'STORE_FULL') throw error;
      this.refusals++;
      this.model.tick(this.nowMs);
      if (this.store.cap.policy === 'noeviction') this.compareAll();
    }
  }

  private expire(each: Extract<Step, { type: 'expire' }>): void {
    const name = KEYS[each.key] ?? bytes('?');
    const expiresAtMs = each.ttlMs === 0 ? 0 : this.nowMs + each.ttlMs;
    this.syncEvicted();
    this.orRefused(() => {
      const done = this.store.setExpiry(name, expiresAtMs, ++this.version, this.nowMs);
      // Making room for it may have evicted the value itself.
      if (!done && this.store.cap.policy !== 'noeviction') this.syncEvicted();
      expect(this.model.setExpiry(name, expiresAtMs, this.version, this.nowMs)).toBe(done);
    });
    this.syncEvicted();
  }

  private delete(each: Extract<Step, { type: 'delete' }>): void {
    const name = KEYS[each.key] ?? bytes('?');
    const condition = this.condition(name, each.condition);
    this.syncEvicted();
    const done = this.store.delete(name, this.nowMs, condition);
    expect(this.model.delete(name, this.nowMs, condition)).toBe(done);
  }

  private condition(name: Uint8Array, type: 'none' | Condition['type']): Condition | undefined {
    if (type === 'none') return undefined;
    if (type !== 'version') return { type };
    // Right about half of the time.
    const current = this.model.get(name, this.nowMs)?.version ?? 0;
    return { type, version: this.version % 2 === 0 ? current : current + 1 };
  }

  /** Under an evicting policy, values may end at any change: the model is told which. */
  private syncEvicted(): void {
    if (this.store.cap.policy === 'noeviction') return;
    for (const entry of this.model.live()) {
      if (this.store.lookUp(entry.key, this.nowMs) === 'miss') this.model.forget(entry.key);
    }
  }

  compare(name: Uint8Array, nowMs: number): void {
    this.syncEvicted();
    const answer = this.store.lookUp(name, nowMs);
    const allowed = this.model.allowedLookUps(name, nowMs);
    if (!allowed.includes(answer)) expect.fail(`a look-up is a ${answer} where it should be ${allowed.join(' or ')}`);
    if (answer !== 'hit') return;
    const expected = this.model.get(name, nowMs);
    const { entry } = this.store;
    // Plain comparisons: there are millions, and `expect` costs microseconds.
    const isSame =
      entry.version === expected?.version &&
      entry.expiresAtMs === expected.expiresAtMs &&
      entry.valueBytes === expected.value.length &&
      bytesEqual(entry.value(), expected.value);
    if (!isSame) expect(entry.value()).toEqual(expected?.value);
    if (!isSame) expect.fail(`version or expiry differ from those of version ${expected?.version}`);
  }

  compareAll(): void {
    for (const name of KEYS) this.compare(name, this.nowMs);
  }
}

function check(makeStore: () => SegmentStore, runs: number, afterEach: (play: Play) => void = () => undefined): void {
  fc.assert(
    fc.property(steps, (list) => {
      const play = new Play(makeStore());
      for (const each of list) {
        play.step(each);
        afterEach(play);
      }
      play.compareAll();
      auditStore(play.store);
    }),
    { numRuns: runs },
  );
}

/** Counters against a count. */
function auditStore(store: SegmentStore): void {
  const partition = store.partition;
  let live = 0;
  let charged = 0;
  for (const segment of partition.table.all()) {
    live += segment.liveBytes;
    charged += segment.chargedBytes;
    expect(segment.liveBytes).toBeLessThanOrEqual(segment.length);
  }
  expect(partition.table.liveBytes).toBe(live);
  expect(partition.table.chargedBytes).toBe(charged);
  expect(partition.headless.count).toBe(0);
  expect(store.values.expiringBytes).toBe(countExpiring(store));
  const isThere = (name: Uint8Array): boolean =>
    partition.find(partition.hash.keyTag(name, 0, name.length), name, 0, name.length) !== 0;
  expect(store.values.keyCount).toBe(KEYS.filter(isThere).length);
}

/** Bytes of all values with an expiry, fragments included. */
function countExpiring(store: SegmentStore): number {
  const refs = new RecordRefs();
  for (const name of KEYS) {
    const tag = store.partition.hash.keyTag(name, 0, name.length);
    const location = store.partition.find(tag, name, 0, name.length);
    if (location === 0 || store.partition.found.expiresAtMs === 0) continue;
    store.values.collect(tag, location, store.partition.found, refs);
  }
  return refs.totalBytes();
}

describe('the segment store answers like a Map', () => {
  it('over random changes, expiry, a clock that jumps and ticks at any point', () => {
    check(() => smallStore(), 400);
  });

  it('when all keys have one tag', () => {
    check(() => smallStore({ hash: collidingHash(1) }), 150);
  });

  it('when fragments and keys share three tags', () => {
    check(() => smallStore({ hash: collidingHash(3) }), 150);
  });

  it('under a cap that refuses, and a refused write disturbs no key', () => {
    let refusals = 0;
    check(
      () => smallStore({ maxBytes: 90_000, policy: 'noeviction' }),
      250,
      (play) => {
        expect(play.store.cap.chargedBytes).toBeLessThanOrEqual(90_000);
        refusals += play.refusals;
      },
    );
    expect(refusals).toBeGreaterThan(0);
  });

  it.each<EvictionPolicy>(['lru', 'ttl'])('under a cap with policy %s, apart from what is evicted', (policy) => {
    check(
      () => smallStore({ maxBytes: 90_000, policy }),
      200,
      (play) => expect(play.store.cap.chargedBytes).toBeLessThanOrEqual(90_000),
    );
  });

  it('while the cap moves up and down', () => {
    const capStep = fc.record({ type: fc.constant('cap' as const), maxBytes: fc.integer({ min: 1000, max: 200_000 }) });
    const mixed = fc.array(fc.oneof({ weight: 15, arbitrary: step }, capStep), {
      minLength: 50,
      maxLength: 250,
      size: 'max',
    });
    fc.assert(
      fc.property(mixed, fc.constantFrom<EvictionPolicy>('noeviction', 'lru', 'ttl'), (list, policy) => {
        const play = new Play(smallStore({ maxBytes: 150_000, policy }));
        for (const each of list) play.step(each);
        play.compareAll();
        auditStore(play.store);
      }),
      { numRuns: 200 },
    );
  });
});

describe('replicas', () => {
  it('that are told the same location commands hold byte-identical stores', () => {
    let mirror: Mirror | undefined;
    fc.assert(
      fc.property(steps, fc.constantFrom<EvictionPolicy>('noeviction', 'lru', 'ttl'), (list, policy) => {
        const store = smallStore({
          maxBytes: 120_000,
          policy,
          intercept: (primary) => (mirror = new Mirror(primary)),
        });
        const play = new Play(store);
        for (const each of list) if (each.type !== 'touch') play.step(each);
        expect(mirror === undefined ? '' : hashOfPartition(mirror.copy)).toBe(hashOfPartition(store.partition));
      }),
      { numRuns: 150 },
    );
  });

  it('that apply the same log decide alike, on memory laid out differently', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom<EvictionPolicy>('noeviction', 'lru', 'ttl'), (list, policy) => {
        const one = new Play(smallStore({ maxBytes: 120_000, policy }));
        const other = new Play(smallStore({ maxBytes: 120_000, policy }));
        // The other's pool is used by somebody else as well, and its readers pin segments for ever.
        const foreign = other.store.pool.allocate(8192);
        for (const each of list) {
          one.step(each);
          other.step(each);
          for (const segment of other.store.partition.table.all()) if (segment.length > 4000) segment.pin();
        }
        other.store.pool.free(foreign);
        expect(hashOfStore(other.store)).toBe(hashOfStore(one.store));
      }),
      { numRuns: 100 },
    );
  });
});
