/**
 * Less than a member is lost: a bit flips in the only parity shard of a stripe, while one of its segments is away. Three nodes, RS(2,1), with
 * real cores and stores, on virtual time.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DcacheError } from '../../../src/base/errors.js';
import type { ClusterMap } from '../../../src/cluster/cluster-map.js';
import { ALWAYS, FOREVER, type KvRequest } from '../../../src/store/requests.js';
import { applyAll, life } from '../../cluster/some-maps.js';
import { VirtualNodes, type Outcome } from './virtual-nodes.js';
import { ACTING, dropFolded, keysOf, MAP, replicaOf, tableOf } from './without-n2.js';

const KEYS = keysOf('key', 120);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const get = (key: string): KvRequest => ({ type: 'get', key: bytes(key) });
const valueOf = (key: string): Uint8Array => bytes(`${key} `.repeat(80));
const set = (key: string): KvRequest => {
  return { type: 'set', key: bytes(key), value: valueOf(key), lifetime: FOREVER, condition: ALWAYS, returnOld: false };
};
const isUndecodable = (outcome: Outcome): boolean =>
  outcome instanceof DcacheError && outcome.code === 'ECC_UNDECODABLE';
const isMiss = (outcome: Outcome): boolean =>
  !(outcome instanceof DcacheError) && outcome?.type === 'get' && outcome.value === null;

let cluster: VirtualNodes;
beforeEach(async () => {
  cluster = new VirtualNodes(3);
  await cluster.tellMap(5, MAP);
});
afterEach(() => {
  expect(cluster.nodes.flatMap((node) => node.failures)).toEqual([]);
});

const without = (map: ClusterMap): ClusterMap =>
  applyAll(
    map,
    map.groups.map(({ id, epoch }) => ({ type: 'remove', group: id, epoch, member: life(2) }) as const),
  );
const readAll = (): Promise<Outcome[]> => cluster.executeAll(KEYS.map(get), 9_000, () => undefined);
const damaged = (): unknown => cluster.node(ACTING).reports.at(-1)?.damaged;

/** n2 dies while this is the map, and a bit flips. @returns the segment that nobody can decode any more. */
async function damageOne(map: ClusterMap): Promise<number> {
  await cluster.executeAll(KEYS.map(set), 1_000, () => undefined);
  cluster.kill(2);
  await cluster.tellMap(7, without(map));
  await cluster.scheduler.advance(100);
  dropFolded(cluster);
  const segment = [...tableOf(cluster, ACTING).all()].find(({ state, isRaw }) => state === 'sealed' && !isRaw);
  const shard = replicaOf(cluster, ACTING)?.parity?.shard(segment?.number ?? 0);
  if (segment === undefined || shard === undefined) throw new Error('something is folded');
  shard[100] = (shard[100] ?? 0) ^ 4;
  return segment.number;
}

test('it is told as a loss, and nothing is given up before that is declared; then its keys are misses, and can be written', async () => {
  const number = await damageOne(MAP);
  const first = await readAll();
  const lost = KEYS.filter((_, i) => isUndecodable(first[i]));
  expect(lost.length).toBeGreaterThan(3);
  expect(lost.length).toBeLessThan(KEYS.length / 2);
  await cluster.scheduler.advance(4_000);
  expect(damaged()).toEqual([{ group: 1, epoch: 2 }]);
  expect(cluster.node(ACTING).side.ecc.lostGroups).toEqual([1]);
  await cluster.scheduler.advance(10_000);
  expect(tableOf(cluster, ACTING).maybe(number)?.state).toBe('sealed');

  const survivors = [life(1), life(3)];
  const declared = applyAll(without(MAP), [{ type: 'accept-loss', group: 1, epoch: 2, survivors, beginners: [] }]);
  await cluster.tellMap(8, declared);
  await cluster.scheduler.advance(5_000);
  const second = await readAll();
  for (const [i, key] of KEYS.entries()) {
    if (lost.includes(key)) expect(isMiss(second[i]), key).toBe(true);
    else expect(second[i]).toMatchObject({ value: valueOf(key) });
  }
  expect(damaged()).toEqual([]);
  await cluster.executeAll(lost.map(set), 1_000, () => undefined);
  for (const [i, outcome] of (await readAll()).entries())
    expect(outcome).toMatchObject({ value: valueOf(KEYS[i] ?? '') });
});

test('a loss that was declared before is another one', async () => {
  const survivors = [1, 2, 3].map((number) => life(number));
  const earlier = applyAll(MAP, [{ type: 'accept-loss', group: 1, epoch: 1, survivors, beginners: [] }]);
  await cluster.tellMap(6, earlier);
  const number = await damageOne(earlier);
  await readAll();
  await cluster.scheduler.advance(10_000);
  expect(damaged()).toEqual([{ group: 1, epoch: 3 }]);
  expect(tableOf(cluster, ACTING).maybe(number)?.state).toBe('sealed');
});
