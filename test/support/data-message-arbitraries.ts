/** Data messages of every kind, for property tests of what carries them. */
import { PRESSURES } from '../../src/replication/node-memory.js';
import fc from 'fast-check';
import type { DataMessage, LogEntry, SegmentListing, ShardReply } from '../../src/replication/messages.js';
import type { HeadlessFragment } from '../../src/store/headless-fragments.js';
import type { SegmentFacts, SegmentImage } from '../../src/store/segment-table.js';

const number = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
/** Of stores 32 bits with a sign, of the codec 53 without. */
const checksum = fc.oneof(int32, fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
const data = fc.uint8Array({ maxLength: 40 });
/** Whole words. */
const block = fc
  .array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 40 })
  .map((words) => Uint8Array.from(words.flatMap((word) => [...word])));
const segmentNumber = fc.integer({ min: 1, max: 0xffff });
const partition = { group: number, position: fc.nat(23) };

const listing: fc.Arbitrary<SegmentListing> = fc.record({ number: segmentNumber, checksum });
const fragment: fc.Arbitrary<HeadlessFragment> = fc.record({
  tag: int32,
  location: int32.filter((location) => location !== 0),
  sizeBytes: fc.nat(256 * 1024),
  version: number,
});

function image(state: SegmentImage['state']): fc.Arbitrary<SegmentImage> {
  return block.chain((bytes) => facts(state, bytes.length).map((known) => ({ ...known, bytes })));
}

function facts(state: SegmentImage['state'], length: number): fc.Arbitrary<SegmentFacts> {
  const bits = fc.uint8Array({ maxLength: Math.ceil(length / 512) * 4 });
  return fc.record({
    number: segmentNumber,
    serial: number,
    state: fc.constant(state),
    liveBytes: fc.nat(length),
    stripe: fc.integer({ min: -1, max: 0xffff }),
    checksum,
    soonestExpiryMs: fc.oneof(fc.constant(Infinity), number),
    live: bits,
    touched: bits,
  });
}

const contributions = fc.uniqueArray(fc.record({ position: fc.nat(23), checksum }), {
  selector: ({ position }) => position,
  maxLength: 4,
});
const shards = fc.uniqueArray(fc.record({ position: fc.nat(23), checksum, bytes: block }), {
  selector: ({ position }) => position,
  maxLength: 4,
});
const parity: fc.Arbitrary<ShardReply['parity']> = fc.option(
  fc.record({ index: fc.nat(5), contributions, bytes: block }),
  { nil: null },
);

const type = <Type extends DataMessage['type']>(name: Type): fc.Arbitrary<Type> => fc.constant(name);

/** One for each type: the compiler sees that none is missing. */
export const DATA_MESSAGES: {
  readonly [Type in DataMessage['type']]: fc.Arbitrary<Extract<DataMessage, { type: Type }>>;
} = {
  append: fc
    .record({
      type: type('append'),
      ...partition,
      epoch: number,
      joinIndex: number,
      prevIndex: fc.integer({ min: 0, max: 2 ** 50 }),
      prevEpoch: number,
      commitIndex: number,
      entries: fc.array(fc.record({ epoch: number, bytes: data }), { maxLength: 5 }),
      askedBytes: number,
    })
    .map((append) => ({
      ...append,
      entries: append.entries.map((entry, i): LogEntry => ({ index: append.prevIndex + 1 + i, ...entry })),
    })),
  'append-reply': fc.record({
    type: type('append-reply'),
    ...partition,
    status: fc.constantFrom('matched', 'gap', 'not-yet', 'stale'),
    epoch: number,
    joinIndex: number,
    index: number,
    appliedIndex: number,
    freeBytes: number,
    pressure: fc.constantFrom(...PRESSURES),
  }),
  'transfer-begin': fc.record({
    type: type('transfer-begin'),
    ...partition,
    epoch: number,
    joinIndex: number,
    index: number,
    indexEpoch: number,
    header: data,
    opened: number,
    sealed: fc.array(listing, { maxLength: 5 }),
    open: fc.array(image('open'), { maxLength: 3 }),
    headless: fc.array(fragment, { maxLength: 5 }),
  }),
  'transfer-segment': fc.record({
    type: type('transfer-segment'),
    ...partition,
    joinIndex: number,
    index: number,
    image: image('sealed'),
  }),
  'transfer-kept': fc.record({
    type: type('transfer-kept'),
    ...partition,
    joinIndex: number,
    form: fc.constantFrom('raw', 'folded'),
    numbers: fc.array(segmentNumber, { maxLength: 20 }),
  }),
  'transfer-facts': fc.nat(256 * 1024).chain((length) =>
    fc.record({
      type: type('transfer-facts'),
      ...partition,
      joinIndex: number,
      index: number,
      facts: facts('sealed', Math.min(length, 2_000)),
      length: fc.constant(length),
      records: fc.array(fc.tuple(int32, int32), { maxLength: 10 }).map((pairs) => Int32Array.from(pairs.flat())),
    }),
  ),
  'transfer-taken': fc.record({
    type: type('transfer-taken'),
    ...partition,
    joinIndex: number,
    number: fc.oneof(fc.constant(0), segmentNumber),
    index: number,
    digest: checksum,
  }),
  'transfer-verify': fc.record({
    type: type('transfer-verify'),
    ...partition,
    joinIndex: number,
    index: number,
  }),
  'shard-request': fc.record({
    type: type('shard-request'),
    group: number,
    requestId: number,
    stripe: number,
  }),
  'shard-suspect': fc.record({ type: type('shard-suspect'), group: number, stripe: number }),
  'shard-reply': fc.record({
    type: type('shard-reply'),
    group: number,
    requestId: number,
    epoch: number,
    data: shards,
    parity,
  }),
};

export const ANY_DATA_MESSAGE: fc.Arbitrary<DataMessage> = fc.oneof(...Object.values(DATA_MESSAGES));
