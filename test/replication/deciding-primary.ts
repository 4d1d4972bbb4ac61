/** Random requests, and a primary that decides them on a recorded store. */
import fc from 'fast-check';
import { decodeHeader, EMPTY_HEADER, type EntryHeader } from '../../src/replication/entry-codec.js';
import { KvDecisions, type KeyWrite } from '../../src/store/kv-decisions.js';
import { ALWAYS, FOREVER, type Condition, type Lifetime, type WriteReply } from '../../src/store/requests.js';
import type { SegmentStore } from '../../src/store/segment-store.js';
import { bytes, patterned } from '../store/store-fixture.js';
import type { RecordedStore } from './entry-fixture.js';

/** Keys and values by number, so that a counterexample can be read. */
type Spec =
  | { readonly type: 'set'; readonly lifetime: Lifetime; readonly condition: Condition; readonly returnOld: boolean }
  | { readonly type: 'delete'; readonly condition: Condition }
  | { readonly type: 'expire'; readonly lifetime: Lifetime }
  | { readonly type: 'increment' }
  | { readonly type: 'append' };

export type Step =
  | {
      readonly type: 'write';
      readonly key: number;
      readonly length: number;
      readonly seed: number;
      readonly spec: Spec;
    }
  | { readonly type: 'touch'; readonly key: number }
  | { readonly type: 'time'; readonly byMs: number; readonly budgetBytes: number };

const KEY_COUNT = 20;
export const KEYS = Array.from({ length: KEY_COUNT }, (_, i) =>
  bytes(`key-${i}`.padEnd(i % 5 === 0 ? 200 + i : 1, '.')),
);

const key = fc.nat({ max: KEY_COUNT - 1 });
// From nothing to several segments; mostly small.
const length = fc.constantFrom(0, 1, 20, 100, 100, 300, 500, 600, 3_000, 9_000, 30_000);
const lifetime: fc.Arbitrary<Lifetime> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(FOREVER) },
  fc.constant<Lifetime>({ type: 'keep' }),
  fc.integer({ min: 1, max: 300 }).map((ttlMs): Lifetime => ({ type: 'ttl', ttlMs })),
);
const condition: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(ALWAYS) },
  fc.constantFrom<Condition>({ type: 'absent' }, { type: 'present' }),
);
const spec: fc.Arbitrary<Spec> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ type: fc.constant('set' as const), lifetime, condition, returnOld: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('delete' as const), condition }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('expire' as const), lifetime }) },
  { weight: 3, arbitrary: fc.constantFrom<Spec>({ type: 'increment' }, { type: 'append' }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ type: fc.constant('write' as const), key, length, seed: fc.nat(50), spec }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('touch' as const), key }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('time' as const),
      byMs: fc.integer({ min: 0, max: 100 }),
      budgetBytes: fc.nat(30_000),
    }),
  },
);
export const steps = fc.array(step, { minLength: 20, maxLength: 150, size: 'max' });

export function keyOf(number: number): Uint8Array {
  const found = KEYS[number];
  if (found === undefined) throw new RangeError(`no key ${number}`);
  return found;
}

/** The request that a step stands for. One value in ten is an integer. */
export function requestOf(write: Extract<Step, { type: 'write' }>): KeyWrite {
  const { spec: asked, seed } = write;
  const name = keyOf(write.key);
  const value = seed % 10 === 0 ? bytes(String(seed)) : patterned(write.length, seed);
  switch (asked.type) {
    case 'set':
      return { ...asked, key: name, value };
    case 'append':
      return { type: 'append', key: name, value };
    case 'increment':
      return { type: 'increment', key: name, delta: 1n };
    default:
      return { ...asked, key: name };
  }
}

export class DecidingPrimary {
  readonly recorded: RecordedStore;
  /** Of the last entry. */
  lastHeader: EntryHeader = EMPTY_HEADER;
  /** To the last write. */
  lastReply: WriteReply | undefined;
  private readonly decisions: KvDecisions;
  private nowMs = 1_000;
  private version = 0;
  /** Numbers of segments whose release has begun, by the step in which it did. */
  private readonly releasing: number[][] = [];

  constructor(recorded: RecordedStore) {
    this.recorded = recorded;
    this.decisions = new KvDecisions({
      segments: () => recorded.store,
      nextVersion: () => this.version + 1,
      onWritten: (version) => (this.version = version),
      removesExpired: true,
    });
  }

  get store(): SegmentStore {
    return this.recorded.store;
  }

  /** Goes on where another primary ended. */
  follow(before: DecidingPrimary): void {
    this.nowMs = before.nowMs;
    this.version = before.version;
    this.lastHeader = before.lastHeader;
  }

  /** The entries that the step makes. */
  play(next: Step): Uint8Array[] {
    const { store } = this.recorded;
    switch (next.type) {
      case 'write':
        store.tick(this.nowMs, 0);
        this.lastReply = this.decisions.write(requestOf(next));
        break;
      case 'touch':
        store.touch(keyOf(next.key));
        break;
      case 'time':
        this.nowMs += next.byMs;
        store.tick(this.nowMs, next.budgetBytes);
    }
    return this.takeEntries();
  }

  /** Those of what has been done to the store since. */
  takeEntries(): Uint8Array[] {
    const { store, recorder } = this.recorded;
    const known = new Set(this.releasing.flat());
    this.releasing.push(store.partition.releasingNumbers().filter((each) => !known.has(each)));
    const entries = recorder.takeEntry();
    const last = entries.at(-1);
    if (last !== undefined) this.lastHeader = decodeHeader(last);
    return entries;
  }

  /** The members have applied everything but the last `after` steps: what was released then comes free. */
  finishReleases(after: number): void {
    while (this.releasing.length > after) {
      for (const each of this.releasing.shift() ?? []) this.store.partition.finishRelease(each);
    }
  }
}
