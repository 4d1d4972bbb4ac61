/** What an acting primary does while a data holder stays away: three nodes, RS(2,1), with real cores and stores, on virtual time. */
import { beforeEach, describe, expect, test } from 'vitest';
import { bytesEqual } from '../../../src/base/bytes.js';
import { ALWAYS, FOREVER, type KvRequest } from '../../../src/store/requests.js';
import { VirtualNodes } from './virtual-nodes.js';
import { ACTING, dropFolded, keysOf, loseN2, MAP, replicaOf, tableOf } from './without-n2.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const KEYS = keysOf('key', 80);
const valueOf = (key: string, round: number): Uint8Array => bytes(`${key} ${round} `.repeat(80));

let cluster: VirtualNodes;
beforeEach(async () => {
  cluster = new VirtualNodes(3);
  await cluster.tellMap(5, MAP);
});

async function overwrite(round: number, keys = KEYS): Promise<void> {
  for (const key of keys) {
    const value = valueOf(key, round);
    const request = {
      type: 'set',
      key: bytes(key),
      value,
      lifetime: FOREVER,
      condition: ALWAYS,
      returnOld: false,
    } as const;
    void cluster.execute(3, request satisfies KvRequest, 0);
  }
  await cluster.scheduler.advance(300);
}

async function expectValues(roundOf: (at: number) => number): Promise<void> {
  for (const [at, key] of KEYS.entries()) {
    expect(await cluster.execute(3, { type: 'get', key: bytes(key) }, 20)).toMatchObject({
      value: valueOf(key, roundOf(at)),
    });
  }
}

const failures = (): unknown[] => cluster.nodes.flatMap((node) => node.failures);

test('values written over while a data holder is away leave no more behind than else: what was folded is cleaned as well', async () => {
  await overwrite(0);
  await loseN2(cluster);
  const table = tableOf(cluster, ACTING);
  const before = table.writtenBytes;
  expect(table.droppedCount).toBeGreaterThan(3);
  for (let round = 1; round <= 6; round++) {
    // Not all of them, so that there are segments with some live records.
    await overwrite(
      round,
      KEYS.filter((_, at) => at % 4 !== 0),
    );
    dropFolded(cluster);
  }
  await cluster.scheduler.advance(2_000);
  expect(table.writtenBytes).toBeLessThan(before * 1.25);
  expect(table.liveBytes / table.writtenBytes).toBeGreaterThan(0.85);
  // Its own parity shards, and those that it acts for, have given the memory back.
  expect(replicaOf(cluster, ACTING)?.parity?.heldBytes).toBeLessThan(before * 1.5);
  await expectValues((at) => (at % 4 === 0 ? 0 : 6));
  expect(failures()).toEqual([]);
});

describe('in the background', () => {
  test('segments of a holder that stays away are rebuilt, not before the delay', async () => {
    await overwrite(0);
    await loseN2(cluster);
    const dropped = tableOf(cluster, ACTING).droppedCount;
    await cluster.scheduler.advance(25_000);
    expect(tableOf(cluster, ACTING).droppedCount).toBe(dropped);
    await cluster.scheduler.advance(10_000);
    expect(tableOf(cluster, ACTING).droppedCount).toBe(0);
    const asked = cluster.sent.get('shard-request');
    await expectValues(() => 0);
    expect(cluster.sent.get('shard-request')).toBe(asked);
    expect(failures()).toEqual([]);
  });
});

test('a bit that has flipped in a segment that is cleaned or released lives on in no copy and reaches no parity shard', async () => {
  await overwrite(0);
  const table = tableOf(cluster, 2);
  const flipped = [...table.all()].filter(({ state }) => state === 'sealed');
  expect(flipped.length).toBeGreaterThan(3);
  const copies = flipped.map((segment) => {
    const copy = segment.bytes.slice();
    segment.bytes[segment.length - 7] = (segment.bytes[segment.length - 7] ?? 0) ^ 16;
    return { segment, copy };
  });
  expect(copies.every(({ segment, copy }) => !bytesEqual(segment.bytes, copy))).toBe(true);
  for (let round = 1; round <= 3; round++)
    await overwrite(
      round,
      KEYS.filter((_, at) => at % 4 !== 0),
    );
  await cluster.scheduler.advance(2_000);
  expect(failures()).toEqual([]);
  expect(table.liveBytes / table.writtenBytes).toBeGreaterThan(0.85);
  const run = cluster.node(2).side.scrub();
  await cluster.scheduler.advance(5_000);
  expect((await run.done).unmended).toBe(0);
  await expectValues((at) => (at % 4 === 0 ? 0 : 3));
});
