/** Requests and replies of every kind, for property tests of what carries and decides them. */
import fc from 'fast-check';
import type {
  Condition,
  KvReply,
  KvRequest,
  Lifetime,
  ReadRequest,
  ScanEntry,
  WriteReply,
  WriteRequest,
} from '../../src/store/requests.js';

/** Few different keys, so that requests meet. */
export const someKey: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.constantFrom('a', 'b', 'ab', '\u0000', 'ÿ').map((text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0))),
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
);

export const someValue: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((integer) => new TextEncoder().encode(String(integer))),
);

const version = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const ttlMs = fc.integer({ min: 1, max: 100_000 });

export const someCondition: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom<Condition>({ type: 'always' }, { type: 'absent' }, { type: 'present' }),
  version.map((wanted): Condition => ({ type: 'version', version: wanted })),
  fc.integer({ min: 1, max: 20 }).map((wanted): Condition => ({ type: 'version', version: wanted })),
);

const foreverOrTtl: fc.Arbitrary<Lifetime> = fc.oneof(
  fc.constant<Lifetime>({ type: 'forever' }),
  ttlMs.map((ms): Lifetime => ({ type: 'ttl', ttlMs: ms })),
);

export const someWrite: fc.Arbitrary<WriteRequest> = fc.oneof(
  fc.record({
    type: fc.constant('set' as const),
    key: someKey,
    value: someValue,
    lifetime: fc.oneof(foreverOrTtl, fc.constant<Lifetime>({ type: 'keep' })),
    condition: someCondition,
    returnOld: fc.boolean(),
  }),
  fc.record({ type: fc.constant('delete' as const), key: someKey, condition: someCondition }),
  fc.record({ type: fc.constant('expire' as const), key: someKey, lifetime: foreverOrTtl }),
  fc.record({
    type: fc.constant('increment' as const),
    key: someKey,
    delta: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  fc.record({ type: fc.constant('append' as const), key: someKey, value: someValue }),
  fc.constant<WriteRequest>({ type: 'flush' }),
);

export const someRead: fc.Arbitrary<ReadRequest> = fc.oneof(
  fc.record({ type: fc.constant('get' as const), key: someKey }),
  fc.record({ type: fc.constant('inspect' as const), key: someKey }),
  fc.record({
    type: fc.constant('scan' as const),
    prefix: fc.uint8Array({ maxLength: 3 }),
    cursor: fc.uint8Array({ maxLength: 3 }),
    limit: fc.integer({ min: 1, max: 10_000 }),
    withValues: fc.boolean(),
  }),
  fc.constant<ReadRequest>({ type: 'count' }),
);

export const someRequest: fc.Arbitrary<KvRequest> = fc.oneof(someWrite, someRead);

const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const timeLeft = fc.oneof(ttlMs, fc.constant(null));

const someScanEntry: fc.Arbitrary<ScanEntry> = fc.record({ key: someKey, value: someValue, version, ttlMs: timeLeft });

/** Of what a node answers with success; a rejected write travels as an error, a pinned value in pieces. */
export const someReply: fc.Arbitrary<Exclude<KvReply, { type: 'rejected' | 'pinned' }>> = fc.oneof(
  fc.record({ type: fc.constant('get' as const), value: fc.oneof(someValue, fc.constant(null)), version: count }),
  fc.record({
    type: fc.constant('inspect' as const),
    found: fc.boolean(),
    version: count,
    valueBytes: count,
    ttlMs: timeLeft,
  }),
  fc.record({
    type: fc.constant('scan' as const),
    entries: fc.array(someScanEntry, { maxLength: 4 }),
    cursor: fc.uint8Array({ maxLength: 9 }),
  }),
  fc.record({ type: fc.constant('count' as const), keys: count }),
  fc.record<Extract<WriteReply, { type: 'set' }>>({
    type: fc.constant('set' as const),
    applied: fc.boolean(),
    version: count,
    old: fc.oneof(someValue, fc.constant(null)),
  }),
  fc.record({ type: fc.constant('delete' as const), deleted: fc.boolean() }),
  fc.record({ type: fc.constant('expire' as const), changed: fc.boolean() }),
  fc.record({
    type: fc.constant('increment' as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    version,
  }),
  fc.record({ type: fc.constant('append' as const), valueBytes: count, version }),
  fc.record({ type: fc.constant('flush' as const), removed: count }),
);
