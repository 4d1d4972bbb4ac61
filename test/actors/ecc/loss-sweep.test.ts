/** What is left of a group after a declared loss: data sides of five nodes, RS(3,2), with real cores and stores, on virtual time. */
import { expect, test } from 'vitest';
import type { ClusterMap } from '../../../src/cluster/cluster-map.js';
import { partitionOfSlot, slotOf } from '../../../src/cluster/slots.js';
import { ALWAYS, FOREVER, type KvRequest } from '../../../src/store/requests.js';
import { applyAll, life, newMap } from '../../cluster/some-maps.js';
import { VirtualNodes } from './virtual-nodes.js';

const MAP = newMap(3, 2);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const get = (key: string): KvRequest => ({ type: 'get', key: bytes(key) });
const set = (key: string, value: string): KvRequest => {
  return { type: 'set', key: bytes(key), value: bytes(value), lifetime: FOREVER, condition: ALWAYS, returnOld: false };
};
const valueOf = (key: string): string => `${key} ${'v'.repeat(400)}`;

/** `count` keys of a data position of group 0, whose holders are n1, n2, n3 and, for parity, n4 and n5. */
function keysAt(position: number, count: number): string[] {
  const keys: string[] = [];
  for (let i = 0; keys.length < count; i++) {
    const found = partitionOfSlot(slotOf(bytes(`key-${i}`)), MAP.groups.length, MAP.k);
    if (found.group === 0 && found.position === position) keys.push(`key-${i}`);
  }
  return keys;
}

/** The loss of group 0 is declared; the others begin empty, so that nothing but group 0 is looked at. */
function lossOf(dead: readonly number[], survivors: readonly number[]): ClusterMap {
  const lost = applyAll(MAP, [
    { type: 'accept-loss', group: 0, epoch: 1, survivors: survivors.map((number) => life(number)), beginners: [] },
  ]);
  const lives = [1, 2, 3, 4, 5].map((number) => life(number, dead.includes(number) ? 2 : 1));
  const groups = lost.groups.map((group) => {
    if (group.id === 0) return group;
    const inSync = group.holders.flatMap((id) => lives.filter(({ nodeId }) => nodeId === id));
    return { ...group, inSync, epoch: 2, logStarts: [9, 9, 9] };
  });
  return { ...lost, groups };
}

interface Written {
  readonly position: number;
  readonly key: string;
}

/** Three nodes lose what they hold and come back with nothing; the loss is declared. @returns which keys are left, by position */
async function lose(cluster: VirtualNodes, dead: readonly number[], counts: readonly number[]): Promise<Written[]> {
  const survivors = [1, 2, 3, 4, 5].filter((number) => !dead.includes(number));
  await cluster.tellMap(5, MAP);
  const written = counts.flatMap((count, position) => keysAt(position, count).map((key) => ({ position, key })));
  for (const { key } of written) void cluster.execute(1, set(key, valueOf(key)), 0);
  await cluster.scheduler.advance(500);
  for (const number of dead) cluster.kill(number);
  const after = lossOf(dead, survivors);
  for (const number of dead) await cluster.revive(number, 6, after);
  await cluster.scheduler.advance(8_000);
  const left: Written[] = [];
  for (const place of written) {
    const reply = await cluster.execute(survivors[0] ?? 1, get(place.key), 20);
    expect(reply).toMatchObject({ type: 'get' });
    if (reply === undefined || !('value' in reply) || reply.value === null) continue;
    expect(Buffer.from(reply.value as Uint8Array).toString()).toBe(valueOf(place.key));
    left.push(place);
  }
  expect(await cluster.execute(survivors[0] ?? 1, { type: 'count' }, 50)).toEqual({ type: 'count', keys: left.length });
  for (const { key } of written) {
    expect(await cluster.execute(survivors[0] ?? 1, set(key, 'new'), 20)).toMatchObject({ applied: true });
    expect(await cluster.execute(survivors[0] ?? 1, get(key), 20)).toMatchObject({ value: bytes('new') });
  }
  expect(cluster.nodes.flatMap((node) => node.failures)).toEqual([]);
  return left;
}

const countAt = (left: readonly Written[], at: number): number => left.filter(({ position }) => position === at).length;

test('with one data and one parity holder left, stripes with one unknown are kept, the others given up', async () => {
  const left = await lose(new VirtualNodes(5), [1, 3, 4], [120, 60, 40]);
  expect(countAt(left, 1)).toBe(60);
  // Stripes 0.. hold segments of both lost positions; behind the end of the shorter one there is one unknown.
  expect(countAt(left, 0)).toBeGreaterThan(60);
  expect(countAt(left, 0)).toBeLessThan(120);
  expect(countAt(left, 2)).toBeLessThan(20);
});

test('with both parity holders left, stripes with two unknowns are kept, those with three given up', async () => {
  const left = await lose(new VirtualNodes(5), [1, 2, 3], [120, 120, 40]);
  expect(countAt(left, 0)).toBeGreaterThan(60);
  expect(countAt(left, 0)).toBeLessThan(120);
  expect(countAt(left, 1)).toBeGreaterThan(60);
  expect(countAt(left, 2)).toBeLessThan(20);
});

test('another survivor dies while it is found out what is lost: what is left then is kept, the rest given up', async () => {
  const cluster = new VirtualNodes(5);
  await cluster.tellMap(5, MAP);
  const keys = [0, 1, 2].flatMap((position) => keysAt(position, [120, 60, 60][position] ?? 0));
  for (const key of keys) void cluster.execute(1, set(key, valueOf(key)), 0);
  await cluster.scheduler.advance(500);
  for (const number of [1, 2, 3]) cluster.kill(number);
  const first = lossOf([1, 2, 3], [4, 5]);
  for (const number of [1, 2, 3]) await cluster.revive(number, 6, first);
  // Two of the three rounds are over.
  await cluster.scheduler.advance(1_500);
  cluster.kill(4);
  const second = applyAll(first, [{ type: 'accept-loss', group: 0, epoch: 2, survivors: [life(5)], beginners: [] }]);
  // n4 keeps its part in the other groups, which are empty.
  await cluster.revive(4, 7, second);
  await cluster.scheduler.advance(8_000);
  let left = 0;
  for (const key of keys) {
    const reply = await cluster.execute(5, get(key), 20);
    expect(reply).toMatchObject({ type: 'get' });
    if (reply === undefined || !('value' in reply) || reply.value === null) continue;
    expect(Buffer.from(reply.value as Uint8Array).toString()).toBe(valueOf(key));
    left++;
  }
  // The open segments of all three, and the stripes of the longest behind the ends of the others.
  expect(left).toBeGreaterThan(40);
  expect(left).toBeLessThan(120);
  for (const key of keys) expect(await cluster.execute(5, set(key, 'new'), 20)).toMatchObject({ applied: true });
  expect(cluster.nodes.flatMap((node) => node.failures)).toEqual([]);
});
