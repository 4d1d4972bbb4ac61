/** Rebuilding segments at an acting primary, with the other nodes of its group played by the test. RS(2,2). */
import { RebuildTurns } from '../../../src/actors/ecc/rebuild-turns.js';
import { unlimitedMemory } from '../../support/unlimited-memory.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { DegradedReads } from '../../../src/actors/ecc/degraded-reads.js';
import { SegmentSolver } from '../../../src/actors/ecc/segment-solver.js';
import { StripeQuestions } from '../../../src/actors/ecc/stripe-questions.js';
import { DcacheError } from '../../../src/base/errors.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import { runJob } from '../../../src/erasure/codec-job.js';
import { erasureCode } from '../../../src/erasure/erasure-code.js';
import { ErasureCodec } from '../../../src/erasure/erasure-codec.js';
import { loopKernel } from '../../../src/erasure/xor-kernel.js';
import type { DataMessage, ShardReply, ShardRequest } from '../../../src/replication/messages.js';
import { ParityShards } from '../../../src/replication/parity-shards.js';
import { EMPTY_HEADER } from '../../../src/replication/entry-codec.js';
import { PartitionLog } from '../../../src/replication/partition-log.js';
import { seedOfCluster, SipKeyHash } from '../../../src/store/key-hash.js';
import { STANDARD_LAYOUT } from '../../../src/store/layout.js';
import { SegmentStore } from '../../../src/store/segment-store.js';
import { SlabPool } from '../../../src/store/slab-pool.js';
import { life } from '../../cluster/some-maps.js';
import { CLUSTER } from '../../cluster/some-members.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const SEGMENTS = 6;
const codec = new ErasureCodec(erasureCode(2, 2), loopKernel);
/** Of group 0: n1 and n2 hold data, n3 is this node, n4 holds the other parity shards. n1 is gone. */
const DATA_HOLDER = life(2);
const PARITY_HOLDER = life(4);

type Shards = Pick<ShardReply, 'data' | 'parity'>;

let scheduler: VirtualScheduler;
let asked: { readonly to: string; readonly request: ShardRequest }[];
/** By data position. */
let stores: readonly SegmentStore[];
let parities: readonly ParityShards[];
/** Bytes of the segments of position 0, which is missing. */
let lost: Map<number, Uint8Array>;
let reads: DegradedReads;
let jobs: number;
/** So many jobs fail, as they do when their codec thread dies. */
let deaths: number;
let questions: StripeQuestions;
let suspects: (readonly string[])[];

beforeEach(() => {
  scheduler = new VirtualScheduler();
  asked = [];
  jobs = 0;
  deaths = 0;
  suspects = [];
  stores = [0, 1].map((position) => filled(position));
  const pool = new SlabPool();
  parities = [0, 1].map((index) => new ParityShards(codec, index, STANDARD_LAYOUT, pool));
  stores.forEach((store, position) => {
    for (const segment of store.partition.table.all()) {
      const bytes = segment.bytes.slice(0, segment.length);
      for (const parity of parities) parity.fold(position, segment.number, bytes, segment.checksum);
    }
  });
  const { table } = storeOf(0).partition;
  lost = new Map([...table.all()].map(({ number, bytes, length }) => [number, bytes.slice(0, length)]));
  for (const number of lost.keys()) table.dropBytes(number);
  reads = newReads();
});

function storeOf(position: number): SegmentStore {
  const store = stores[position];
  if (store === undefined) throw new Error('no such position');
  return store;
}

function filled(position: number): SegmentStore {
  const store = new SegmentStore({ hash: new SipKeyHash(seedOfCluster(CLUSTER)) });
  const { table } = store.partition;
  for (let i = 0; table.limit <= SEGMENTS + 1; i++) {
    store.set(new TextEncoder().encode(`${position}-${i}`), new Uint8Array(500).fill(i + position), i + 1, 0);
  }
  for (const { number, state } of [...table.all()]) if (state === 'open') table.seal(number, number);
  return store;
}

function newReads(cacheBytes?: number): DegradedReads {
  const state = { store: storeOf(0).partition, log: new PartitionLog(0, 0), appliedIndex: 0, header: EMPTY_HEADER };
  const memory = unlimitedMemory();
  questions = new StripeQuestions({
    group: 0,
    memory,
    scheduler,
    send: (to, message: DataMessage) => {
      if (message.type === 'shard-request') asked.push({ to, request: message });
    },
  });
  questions.onMembers([DATA_HOLDER, PARITY_HOLDER]);
  const solver = new SegmentSolver({
    group: 0,
    k: 2,
    code: codec,
    pool: {
      run: async (job) => {
        jobs++;
        await Promise.resolve();
        if (deaths-- > 0) throw new DcacheError('CODEC_WORKER_LOST', 'a codec thread died');
        runJob(codec, job);
      },
    },
    logger: NULL_LOGGER,
    onWrong: (_, givers) => suspects.push(givers),
  });
  return new DegradedReads({
    self: life(3).nodeId,
    group: 0,
    replica: { state: () => state, shardsOf: (stripe) => shardsOf(3, stripe), parity: parities[0], epoch: 1 },
    questions,
    solver,
    scheduler,
    memory,
    turns: new RebuildTurns(memory, 4),
    ...(cacheBytes === undefined ? {} : { cacheBytes: () => cacheBytes }),
  });
}

/** What the holder n2, n3 or n4 has of a stripe. */
function shardsOf(node: number, stripe: number): Shards {
  if (node === 2) {
    const segment = storeOf(1).partition.table.maybe(stripe);
    if (segment === undefined) return { data: [], parity: null };
    const bytes = segment.bytes.slice(0, segment.length);
    return { data: [{ position: 1, checksum: segment.checksum, bytes }], parity: null };
  }
  const parity = parities[node - 3];
  const bytes = parity?.shard(stripe);
  if (parity === undefined || bytes === undefined) return { data: [], parity: null };
  return { data: [], parity: { index: node - 3, contributions: parity.contributions(stripe), bytes: bytes.slice() } };
}

/** Answers what was asked so far of n2 or n4; `change` may tamper with it. */
async function answer(node: 2 | 4, change: (shards: Shards) => Shards = (shards) => shards): Promise<void> {
  for (const { to, request } of [...asked]) {
    if (to !== `n${node}`) continue;
    const { group, requestId, stripe } = request;
    questions.onReply(life(node), {
      type: 'shard-reply',
      group,
      requestId,
      epoch: 1,
      ...change(shardsOf(node, stripe)),
    });
  }
  asked = asked.filter(({ to }) => to !== `n${node}`);
  await scheduler.settle();
}

function rebuild(...numbers: number[]): { outcome: 'done' | DcacheError | undefined } {
  const tracked: { outcome: 'done' | DcacheError | undefined } = { outcome: undefined };
  reads.rebuild(0, numbers).then(
    () => (tracked.outcome = 'done'),
    (error: unknown) => {
      if (!(error instanceof DcacheError)) throw error;
      tracked.outcome = error;
    },
  );
  return tracked;
}

const bytesNow = (number: number): Uint8Array => {
  const segment = storeOf(0).partition.table.get(number);
  return segment.bytes.slice(0, segment.length);
};
const isRaw = (number: number): boolean => storeOf(0).partition.table.get(number).isRaw;

describe('a rebuild', () => {
  test('asks all members and takes the first sufficient set of answers', async () => {
    const tracked = rebuild(1);
    await scheduler.settle();
    expect(asked.map(({ to }) => to)).toEqual(['n2', 'n4']);
    await answer(2);
    expect(tracked.outcome).toBe('done');
    expect(bytesNow(1)).toEqual(lost.get(1));
  });

  test('does with parity shards alone', async () => {
    const tracked = rebuild(2);
    await scheduler.settle();
    await answer(4);
    expect(tracked.outcome).toBe('done');
    expect(bytesNow(2)).toEqual(lost.get(2));
  });

  test('is shared by those who need the same segment', async () => {
    const both = [rebuild(1), rebuild(1)];
    await scheduler.settle();
    expect(asked).toHaveLength(2);
    await answer(2);
    expect(both.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect(jobs).toBe(1);
  });

  test('takes another subset when the result is wrong, and suspects who gave what it was made of', async () => {
    const tracked = rebuild(1);
    await scheduler.settle();
    await answer(2, ({ data, parity }) => ({
      parity,
      data: data.map((shard) => ({ ...shard, bytes: shard.bytes.fill(1) })),
    }));
    expect(tracked.outcome).toBeUndefined();
    await answer(4);
    expect(tracked.outcome).toBe('done');
    expect(bytesNow(1)).toEqual(lost.get(1));
    expect(suspects).toEqual([
      ['n2', 'n3'],
      ['n2', 'n4'],
    ]);
  });

  test('takes the segment as it is from whoever has not folded it yet', async () => {
    const tracked = rebuild(1);
    await scheduler.settle();
    const checksum = storeOf(0).partition.table.get(1).checksum;
    await answer(4, () => ({
      data: [{ position: 0, checksum, bytes: lost.get(1)?.slice() ?? new Uint8Array(0) }],
      parity: null,
    }));
    expect(tracked.outcome).toBe('done');
    expect(jobs).toBe(0);
  });

  test('does not listen to nodes that are not in sync', async () => {
    const tracked = rebuild(1);
    await scheduler.settle();
    questions.onMembers([PARITY_HOLDER]);
    await answer(2);
    expect(tracked.outcome).toBeUndefined();
  });

  test('asks again while the answers do not determine the segment, and gives up in the end', async () => {
    const tracked = rebuild(1);
    await scheduler.advance(250);
    expect(asked).toHaveLength(4);
    await scheduler.advance(6_000);
    expect(tracked.outcome).toMatchObject({ code: 'ECC_UNDECODABLE', outcome: 'not-done' });
  });

  test('that the store does not need any more leaves it alone', async () => {
    const tracked = rebuild(1);
    await scheduler.settle();
    storeOf(0).partition.clear();
    await answer(2);
    await scheduler.advance(300);
    expect(tracked.outcome).toBe('done');
    expect(storeOf(0).partition.table.maybe(1)).toBeUndefined();
  });
});

describe('when codec threads die with their jobs', () => {
  test('a rebuild is computed anew, of the same answers and others', async () => {
    deaths = 3;
    const tracked = rebuild(1);
    await scheduler.settle();
    await answer(2);
    expect(tracked.outcome).toBeUndefined();
    await answer(4);
    expect(tracked.outcome).toBe('done');
    expect(bytesNow(1)).toEqual(lost.get(1));
    expect(suspects).toEqual([]);
  });

  test('what all have told is not taken for too little: nothing is given up for lost', async () => {
    deaths = Infinity;
    const verdict = reads.judge(0, 1, () => true);
    await scheduler.settle();
    await answer(2);
    await answer(4);
    await scheduler.advance(250);
    expect(await verdict).toBe('unclear');
  });

  test('and what would be too little is told as such', async () => {
    const verdict = reads.judge(0, 1, () => false);
    await scheduler.settle();
    await answer(2, () => ({ data: [], parity: null }));
    await answer(4, () => ({ data: [], parity: null }));
    expect(await verdict).toBe('undecodable');
  });
});

test('few rebuilds are under way at a time', async () => {
  const tracked = rebuild(1, 2, 3, 4, 5, 6);
  await scheduler.settle();
  expect(new Set(asked.map(({ request }) => request.stripe)).size).toBe(4);
  await answer(2);
  expect(new Set(asked.filter(({ to }) => to === 'n2').map(({ request }) => request.stripe)).size).toBe(2);
  await answer(2);
  expect(tracked.outcome).toBe('done');
});

test('a request does not wait for what is rebuilt ahead of need, not even for the same segment', async () => {
  void reads.rebuild(0, [1, 2, 3, 4, 5], 'patient');
  await scheduler.settle();
  const stripes = (): number[] => [...new Set(asked.map(({ request }) => request.stripe))];
  expect(stripes()).toEqual([1, 2, 3, 4]);
  rebuild(6);
  await scheduler.settle();
  expect(stripes()).toEqual([1, 2, 3, 4, 6]);
  rebuild(5);
  await scheduler.settle();
  expect(stripes()).toEqual([1, 2, 3, 4, 6, 5]);
});

describe('rebuilt segments', () => {
  test('give way within the budget, the oldest first', async () => {
    reads = newReads(2 * 4096);
    for (const number of [1, 2, 3]) {
      rebuild(number);
      await scheduler.settle();
      await answer(2);
    }
    expect([1, 2, 3].map(isRaw)).toEqual([false, true, true]);
  });

  test('and those that this node has sealed and folded itself share the budget', async () => {
    for (const number of [4, 5]) storeOf(0).partition.table.restoreBytes(number, lost.get(number) ?? new Uint8Array(0));
    reads = newReads(2 * 4096);
    reads.adoptFolded(0);
    reads.adoptFolded(0);
    rebuild(1);
    await scheduler.settle();
    await answer(2);
    expect([1, 4, 5].map(isRaw)).toEqual([true, false, true]);
  });

  test('stay while a request waits for more of them, whatever the budget', async () => {
    reads = newReads(4096);
    const raw: boolean[] = [];
    void reads.rebuild(0, [1, 2, 3]).then(() => raw.push(...[1, 2, 3].map(isRaw)));
    await scheduler.settle();
    await answer(2);
    expect(raw).toEqual([true, true, true]);
    expect([1, 2, 3].filter(isRaw)).toHaveLength(1);
  });
});
