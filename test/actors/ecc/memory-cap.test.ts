/** Nodes under a memory cap, RS(2,1), with real cores and stores, on virtual time: nobody ever holds more than its cap. */
import { afterEach, expect, test } from 'vitest';
import { DcacheError } from '../../../src/base/errors.js';
import type { EvictionPolicy } from '../../../src/store/memory-cap.js';
import { ALWAYS, FOREVER, type KvRequest } from '../../../src/store/requests.js';
import { applyAll, life, newMap } from '../../cluster/some-maps.js';
import { VirtualNodes, type Outcome } from './virtual-nodes.js';

const MIB = 1024 * 1024;
const MAP = newMap(2, 1);
const WRITERS = 12;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const get = (key: string): KvRequest => ({ type: 'get', key: bytes(key) });
const del = (key: string): KvRequest => ({ type: 'delete', key: bytes(key), condition: ALWAYS });
const set = (key: string, size: number): KvRequest => ({
  type: 'set',
  key: bytes(key),
  value: new Uint8Array(size).fill(7),
  lifetime: FOREVER,
  condition: ALWAYS,
  returnOld: false,
});

let cluster: VirtualNodes;
let caps: readonly number[];

async function start(policy: EvictionPolicy, ...mib: readonly number[]): Promise<void> {
  caps = mib.map((each) => each * MIB);
  cluster = new VirtualNodes(3, (number) => ({ maxBytes: caps[number - 1] ?? 0, policy }));
  await cluster.tellMap(5, MAP);
}

function expectWithinCaps(): void {
  for (const [i, { side }] of cluster.nodes.entries()) {
    expect(side.storeStats.bytes, `bytes of n${i + 1}`).toBeLessThanOrEqual(caps[i] ?? 0);
  }
}

/** All requests at once, at nodes in turn. */
function all(requests: readonly KvRequest[], ms = 4_000): Promise<Outcome[]> {
  return cluster.executeAll(requests, ms, expectWithinCaps);
}

const isRefused = (outcome: Outcome): boolean => outcome instanceof DcacheError && outcome.code === 'STORE_FULL';
const isApplied = (outcome: Outcome): boolean => !(outcome instanceof DcacheError) && outcome?.type === 'set';

/** Keys that were taken until all writers were refused. */
async function fill(size: number): Promise<string[]> {
  const keys: string[] = [];
  for (let round = 0; round < 2_000; round++) {
    const tried = Array.from({ length: WRITERS }, (_, i) => `${size} ${round} ${i}`);
    const outcomes = await all(tried.map((key) => set(key, size)));
    for (const [i, key] of tried.entries()) if (isApplied(outcomes[i])) keys.push(key);
    expect(outcomes.every((outcome) => isApplied(outcome) || isRefused(outcome))).toBe(true);
    if (!outcomes.some(isApplied)) return keys;
  }
  throw new Error('never full');
}

afterEach(() => {
  expect(cluster.nodes.flatMap((node) => node.failures)).toEqual([]);
});

test('a full cluster refuses values, goes on reading and deleting, and takes values again after deletes', async () => {
  await start('noeviction', 16, 16, 16);
  const keys = await fill(4_000);
  expect(keys.length * 4_000).toBeGreaterThan(10 * MIB);
  for (const key of keys.slice(0, 20)) expect(await cluster.execute(1, get(key), 10)).toMatchObject({ type: 'get' });
  // Overwriting does not make the data larger.
  expect((await all(keys.slice(0, 200).map((key) => set(key, 4_000)))).filter(isApplied)).toHaveLength(200);
  const halved = keys.filter((_, i) => i % 2 === 0);
  expect(await all(halved.map(del))).toEqual(halved.map(() => ({ type: 'delete', deleted: true })));
  await cluster.scheduler.advance(3_000);
  expectWithinCaps();
  const again = Array.from({ length: halved.length / 2 }, (_, i) => `again ${i}`);
  expect((await all(again.map((key) => set(key, 4_000)))).filter(isApplied)).toHaveLength(again.length);
  expect(
    (await all([...keys.filter((_, i) => i % 2 !== 0), ...again].map(get))).filter((outcome) => {
      return outcome !== undefined && 'value' in outcome && outcome.value !== null;
    }),
  ).toHaveLength(keys.length - halved.length + again.length);
});

test('with lru, values are taken for ever, and what is read stays', async () => {
  await start('lru', 16, 16, 16);
  await all([set('hot', 4_000)]);
  for (let round = 0; round < 150; round++) {
    const outcomes = await all(Array.from({ length: 60 }, (_, i) => set(`${round} ${i}`, 4_000)));
    expect(outcomes.filter((outcome) => !isApplied(outcome)).map(String)).toEqual([]);
    expect(await cluster.execute(1, get('hot'), 20)).not.toMatchObject({ value: null });
  }
  expect(await cluster.execute(1, get('0 0'), 20)).toMatchObject({ value: null });
  expect(await cluster.execute(2, get('149 59'), 20)).not.toMatchObject({ value: null });
});

test('of different caps, the smallest decides for what its node would hold', async () => {
  await start('noeviction', 12, 40, 40);
  const keys = await fill(4_000);
  expect(keys.length * 4_000).toBeLessThan(30 * MIB);
});

test('a value of which no node could ever hold its part is refused at once, one that fits is taken', async () => {
  await start('noeviction', 16, 16, 16);
  expect(isRefused((await all([set('huge', 20 * MIB)]))[0])).toBe(true);
  expect(isApplied((await all([set('large', MIB)]))[0])).toBe(true);
  expect(await cluster.execute(2, get('huge'), 20)).toMatchObject({ value: null });
});

test('a node whose cap cannot hold its part says so, stays within it, and tries again after a pause', async () => {
  await start('noeviction', 40, 40, 40);
  for (let round = 0; round < 100; round++) {
    const outcomes = await all(Array.from({ length: 50 }, (_, i) => set(`${round} ${i}`, 4_000)));
    expect(outcomes.every(isApplied)).toBe(true);
  }
  cluster.kill(2);
  const remove = MAP.groups.map(({ id, epoch }) => ({ type: 'remove', group: id, epoch, member: life(2) }) as const);
  const without = applyAll(MAP, remove);
  await cluster.tellMap(6, without);
  caps = [40, 12, 40].map((each) => each * MIB);
  const join = without.groups.map(({ id, epoch }) => {
    return { type: 'join', group: id, epoch, member: life(2, 2), replaces: 0 } as const;
  });
  await cluster.revive(2, 20, applyAll(without, join));
  const paused: boolean[] = [];
  for (let step = 0; step < 400; step++) {
    await cluster.scheduler.advance(10);
    expectWithinCaps();
    const { refillPaused, brokenJoins } = cluster.node(2).reports.at(-1) ?? {};
    if (refillPaused === true) expect(brokenJoins?.length).toBeGreaterThan(0);
    paused.push(refillPaused === true);
  }
  expect(paused).toContain(true);
  expect(await cluster.execute(1, get('0 0'), 50)).toMatchObject({ type: 'get' });
});
