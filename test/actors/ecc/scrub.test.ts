/** Bits that flip in what nodes hold, found and mended: five nodes, RS(3,2), with real cores and stores, on virtual time. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ScrubProgress } from '../../../src/actors/data-plane.js';
import { bytesEqual } from '../../../src/base/bytes.js';
import { DcacheError } from '../../../src/base/errors.js';
import { ALWAYS, FOREVER, type KvRequest } from '../../../src/store/requests.js';
import { applyAll, life, newMap } from '../../cluster/some-maps.js';
import { VirtualNodes } from './virtual-nodes.js';

const [K, M] = [3, 2];
const NODES = K + M;
const MAP = newMap(K, M);
const KEYS = 400;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const get = (i: number): KvRequest => ({ type: 'get', key: bytes(`key-${i}`) });
const valueOf = (i: number): Uint8Array => bytes(`value-${i} `.repeat(100));
const set = (i: number): KvRequest => {
  return {
    type: 'set',
    key: bytes(`key-${i}`),
    value: valueOf(i),
    lifetime: FOREVER,
    condition: ALWAYS,
    returnOld: false,
  };
};

/** A sealed segment or parity shard, as its holder has it. */
interface Shard {
  readonly node: number;
  readonly group: number;
  readonly stripe: number;
  readonly kind: 'data' | 'parity';
  /** In the memory of the node; undefined while it has none. */
  readonly bytes: () => Uint8Array | undefined;
}

let cluster: VirtualNodes;

beforeEach(async () => {
  cluster = new VirtualNodes(NODES);
  await cluster.tellMap(5, MAP);
  for (let i = 0; i < KEYS; i++) void cluster.execute(1 + (i % NODES), set(i), 0);
  await cluster.scheduler.advance(500);
});

function shards(): Shard[] {
  const found: Shard[] = [];
  cluster.nodes.forEach(({ replicas, isUp }, at) => {
    replicas.forEach((replica, group) => {
      if (!isUp) return;
      const node = at + 1;
      for (let position = 0; position < K; position++) {
        const table = replica.state(position)?.store.table;
        for (const { number: stripe, state, isRaw, length } of table?.all() ?? []) {
          if (state !== 'sealed' || !isRaw) continue;
          const view = (): Uint8Array | undefined => table?.maybe(stripe)?.bytes.subarray(0, length);
          found.push({ node, group, stripe, kind: 'data', bytes: view });
        }
        for (const { number: stripe } of replica.parity?.listings(position) ?? []) {
          if (found.some((each) => each.node === node && each.group === group && each.stripe === stripe)) continue;
          found.push({ node, group, stripe, kind: 'parity', bytes: () => replica.parity?.shard(stripe) });
        }
      }
    });
  });
  return found;
}

/** Returns what says whether the shard is as it was. */
function flip(shard: Shard | undefined, bit: number): () => boolean {
  const memory = shard?.bytes();
  if (memory === undefined) throw new Error('the shard is there');
  const before = memory.slice();
  const at = (bit >>> 3) % memory.length;
  memory[at] = (memory[at] ?? 0) ^ (1 << (bit & 7));
  return () => bytesEqual(shard?.bytes() ?? new Uint8Array(0), before);
}

async function scrub(node: number): Promise<ScrubProgress> {
  const run = cluster.node(node).side.scrub();
  let result: ScrubProgress | undefined;
  void run.done.then((progress) => (result = progress));
  for (let i = 0; i < 200 && result === undefined; i++) await cluster.scheduler.advance(100);
  if (result === undefined) throw new Error('the scrub did not end');
  return result;
}

async function expectValues(): Promise<void> {
  for (let i = 0; i < KEYS; i += 17) {
    expect(await cluster.execute(1, get(i), 50)).toMatchObject({ value: valueOf(i) });
  }
}

const failures = (): unknown[] => cluster.nodes.flatMap((node) => node.failures);

describe('a scrub', () => {
  test('of what is right finds nothing, and has looked at everything', async () => {
    const all = shards();
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(['data', 'parity']));
    for (let node = 1; node <= NODES; node++) {
      const result = await scrub(node);
      expect(result).toMatchObject({ mended: 0, unmended: 0, unchecked: 0 });
      expect(result.stripesDone).toBe(result.stripes);
      expect(result.shards).toBe(all.filter((shard) => shard.node === node).length);
    }
    expect(cluster.sent.get('shard-suspect')).toBeUndefined();
    expect(failures()).toEqual([]);
  });

  test('finds and mends a flipped bit in any segment or parity shard', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat({ max: 2 ** 31 - 1 }), async (which, bit) => {
        const all = shards();
        const shard = all[which % all.length];
        const isRight = flip(shard, bit);
        expect(await scrub(shard?.node ?? 0)).toMatchObject({ mended: 1, unmended: 0, unchecked: 0 });
        expect(isRight()).toBe(true);
      }),
      { numRuns: 12, endOnFailure: true },
    );
    await expectValues();
    expect(failures()).toEqual([]);
  });

  test('mends two damaged shards of one stripe, whichever node begins', async () => {
    const all = shards();
    const parity = all.filter(({ kind }) => kind === 'parity')[1];
    const data = all.find(({ group, stripe, kind }) => {
      return kind === 'data' && group === parity?.group && stripe === parity.stripe;
    });
    const areRight = [flip(data, 77), flip(parity, 99)];
    await scrub(parity?.node ?? 0);
    await scrub(data?.node ?? 0);
    expect(areRight.map((isRight) => isRight())).toEqual([true, true]);
    await expectValues();
  });

  test('goes on with a node away, and mends what the rest can make', async () => {
    cluster.kill(2);
    const without = applyAll(
      MAP,
      MAP.groups.map(({ id }) => ({ type: 'remove', group: id, epoch: 1, member: life(2) }) as const),
    );
    await cluster.tellMap(6, without);
    const isRight = flip(
      shards().find(({ kind, node }) => kind === 'parity' && node === 4),
      5,
    );
    expect(await scrub(4)).toMatchObject({ mended: 1, unmended: 0, unchecked: 0 });
    expect(isRight()).toBe(true);
  });

  test('reports what it cannot mend, and nobody is answered from it', async () => {
    const all = shards();
    const data = all.find(({ kind, node }) => kind === 'data' && node === 1);
    flip(data, 4_000);
    const removed = [2, 3, 4].filter((node) => MAP.groups[data?.group ?? 0]?.holders.includes(life(node).nodeId));
    // More than m: the other nodes of the stripe are silent for a while.
    for (const node of removed) cluster.node(node).isUp = false;
    expect(await scrub(1)).toMatchObject({ mended: 0, unmended: 1 });
    expect(data?.bytes()?.length).toBe(0);
    for (const node of removed) cluster.node(node).isUp = true;
    expect(await scrub(1)).toMatchObject({ mended: 1, unmended: 0 });
    await expectValues();
  });

  test('is refused where nothing could be mended', async () => {
    const alone = new VirtualNodes(2);
    expect(() => alone.node(1).side.scrub()).toThrow(expect.objectContaining({ code: 'NO_LEADER' }));
    await alone.tellMap(5, newMap(2, 0));
    expect(() => alone.node(1).side.scrub()).toThrow(DcacheError);
    expect(() => alone.node(1).side.scrub()).toThrow(/keeps no parity \(m = 0\).*--m 1 or more/);
  });
});

test('a degraded read that meets a damaged shard has its holder mend it', async () => {
  cluster.kill(2);
  const without = applyAll(
    MAP,
    MAP.groups.map(({ id }) => ({ type: 'remove', group: id, epoch: 1, member: life(2) }) as const),
  );
  await cluster.tellMap(6, without);
  const damaged = shards().filter(({ kind, node }) => kind === 'data' && node === 3);
  const areRight = damaged.map((shard) => flip(shard, 1234));
  await expectValues();
  await cluster.scheduler.advance(1_000);
  expect(areRight.some((isRight) => isRight())).toBe(true);
  expect(cluster.sent.get('shard-suspect')).toBeGreaterThan(0);
  expect(failures()).toEqual([]);
});
