/**
 * Memory while a data holder stays away: what a stand-in has folded expires and is evicted there as well. Three nodes, RS(2,1), with real
 * cores and stores, on virtual time.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { DcacheError } from '../../../src/base/errors.js';
import { Prng } from '../../../src/base/prng.js';
import { NO_CAP, type MemoryRules } from '../../../src/store/memory-cap.js';
import { ALWAYS, FOREVER, type KvRequest, type Lifetime } from '../../../src/store/requests.js';
import { applyAll, life } from '../../cluster/some-maps.js';
import { VirtualNodes, type Outcome } from './virtual-nodes.js';
import { ACTING, keysOf, keysOfTheDead, loseN2, MAP, replicaOf, tableOf, WITHOUT_N2 } from './without-n2.js';

const MIB = 1024 * 1024;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const get = (key: string): KvRequest => ({ type: 'get', key: bytes(key) });
const del = (key: string): KvRequest => ({ type: 'delete', key: bytes(key), condition: ALWAYS });
const set = (key: string, size: number, lifetime: Lifetime = FOREVER): KvRequest => ({
  type: 'set',
  key: bytes(key),
  value: new Uint8Array(size).fill(key.length),
  lifetime,
  condition: ALWAYS,
  returnOld: false,
});

let cluster: VirtualNodes;
let rules: MemoryRules;

async function start(given: MemoryRules): Promise<void> {
  rules = given;
  cluster = new VirtualNodes(3, () => rules);
  await cluster.tellMap(5, MAP);
}

function expectWithinCaps(): void {
  for (const { side, isUp, self } of cluster.nodes) {
    if (isUp) expect(side.storeStats.bytes, `bytes of ${self.nodeId}`).toBeLessThanOrEqual(rules.maxBytes);
  }
}

/** All requests at once, at the living nodes in turn. */
function all(requests: readonly KvRequest[], ms = 6_000): Promise<Outcome[]> {
  return cluster.executeAll(requests, ms, expectWithinCaps);
}

const isApplied = (outcome: Outcome): boolean => !(outcome instanceof DcacheError) && outcome?.type === 'set';
const isRefused = (outcome: Outcome): boolean => outcome instanceof DcacheError && outcome.code === 'STORE_FULL';
const isHit = (outcome: Outcome): boolean =>
  !(outcome instanceof DcacheError) && outcome?.type === 'get' && outcome.value !== null;
const isMiss = (outcome: Outcome): boolean =>
  !(outcome instanceof DcacheError) && outcome?.type === 'get' && outcome.value === null;

/** It comes back with nothing, learns what it has to hold, and leads again. */
async function takeN2Back(): Promise<void> {
  const join = WITHOUT_N2.groups.map(({ id, epoch }) => {
    return { type: 'join', group: id, epoch, member: life(2, 2), replaces: 0 } as const;
  });
  const joining = applyAll(WITHOUT_N2, join);
  await cluster.revive(2, 20, joining);
  await cluster.scheduler.advance(4_000);
  const declarations = [1, 3].flatMap((number) => {
    const { self, reports } = cluster.node(number);
    return (reports.at(-1)?.declarations ?? []).map((declaration) => ({ ...declaration, by: self }));
  });
  const promote = joining.groups.map(({ id, epoch, joining: [learner] }) => {
    const own = declarations.filter(({ group }) => group === id);
    const joinIndex = learner?.joinIndex ?? 0;
    return { type: 'promote', group: id, epoch, member: life(2, 2), joinIndex, declarations: own } as const;
  });
  await cluster.tellMap(21, applyAll(joining, promote));
  await cluster.scheduler.advance(200);
}

afterEach(() => {
  expect(cluster.nodes.flatMap((node) => node.failures)).toEqual([]);
});

describe('what has expired at a stand-in', () => {
  test('is read as absent at once, and its memory comes back though nobody asks for it', async () => {
    await start(NO_CAP);
    const keys = keysOf('short', 120);
    await all(keys.map((key) => set(key, 1_000, { type: 'ttl', ttlMs: 4_000 })));
    await all([set(keysOf('large', 1)[0] ?? '', 700_000, { type: 'ttl', ttlMs: 4_000 })]);
    await loseN2(cluster);
    const table = tableOf(cluster, ACTING);
    const parity = replicaOf(cluster, ACTING)?.parity;
    expect(table.droppedCount).toBeGreaterThan(3);
    expect(table.liveBytes).toBeGreaterThan(800_000);
    await cluster.scheduler.advance(4_100);
    expect((await all(keys.slice(0, 10).map(get))).every(isMiss)).toBe(true);
    await cluster.scheduler.advance(15_000);
    expect(table.liveBytes).toBe(0);
    expect(parity?.heldBytes).toBe(0);
  });
});

describe('a full cluster without one of its nodes', () => {
  test.each(['lru', 'ttl'] as const)('takes values for ever with %s, and gives them back', async (policy) => {
    await start({ maxBytes: 12 * MIB, policy });
    const lifetime: Lifetime = policy === 'ttl' ? { type: 'ttl', ttlMs: 3_600_000 } : FOREVER;
    for (let round = 0; round < 40; round++) {
      const outcomes = await all(Array.from({ length: 60 }, (_, i) => set(`before ${round} ${i}`, 4_000, lifetime)));
      expect(outcomes.filter((outcome) => !isApplied(outcome)).map(String)).toEqual([]);
    }
    await loseN2(cluster);
    // Only the keys of the dead are written, more than all that the stand-in may hold.
    const keys = keysOfTheDead('after');
    let hits = 0;
    for (let round = 0; round < 60; round++) {
      const written = Array.from({ length: 60 }, () => keys.next().value);
      const outcomes = await all(written.map((key) => set(key, 4_000, lifetime)));
      expect(outcomes.filter((outcome) => !isApplied(outcome)).map(String), `round ${round}`).toEqual([]);
      hits += (await all(written.slice(0, 20).map(get))).filter(isHit).length;
    }
    // What has just been written is not what goes first.
    expect(hits).toBeGreaterThan(20 * 60 * 0.95);
  });

  test('refuses without a policy, reads and deletes, and takes values again after deletes', async () => {
    await start({ maxBytes: 12 * MIB, policy: 'noeviction' });
    await loseN2(cluster);
    const keys = keysOfTheDead('after');
    const taken: string[] = [];
    for (;;) {
      const written = Array.from({ length: 12 }, () => keys.next().value);
      const outcomes = await all(written.map((key) => set(key, 4_000)));
      expect(outcomes.every((outcome) => isApplied(outcome) || isRefused(outcome))).toBe(true);
      taken.push(...written.filter((_, i) => isApplied(outcomes[i])));
      if (!outcomes.some(isApplied)) break;
    }
    expect((await all(taken.slice(0, 40).map(get))).every(isHit)).toBe(true);
    const gone = taken.filter((_, i) => i % 2 === 0);
    expect(await all(gone.map(del), 60_000)).toEqual(gone.map(() => ({ type: 'delete', deleted: true })));
    await cluster.scheduler.advance(5_000);
    const again = Array.from({ length: Math.floor(gone.length / 2) }, () => keys.next().value);
    const outcomes = await all(
      again.map((key) => set(key, 4_000)),
      20_000,
    );
    expect(outcomes.filter((outcome) => !isApplied(outcome)).map(String)).toEqual([]);
    expect((await all(again.map(get))).every(isHit)).toBe(true);
  });

  test('never reads what was evicted, nor anything but what was written last, whoever leads', async () => {
    await start({ maxBytes: 12 * MIB, policy: 'lru' });
    const prng = new Prng(7);
    const generator = keysOfTheDead('any');
    const keys = Array.from({ length: 500 }, (_, i) => (i % 4 === 0 ? generator.next().value : `other ${i}`));
    /** By key: length of the value that was written last; undefined when the key is gone. */
    const lengths = new Map<string, number>();
    const seen = { hits: 0, evictions: 0 };
    const play = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        const first = prng.below(keys.length);
        const chosen = Array.from({ length: 60 }, (_, i) => keys[(first + i) % keys.length] ?? '');
        const [written, read, deleted] = [chosen.slice(0, 30), chosen.slice(10, 55), chosen.slice(55)];
        const sizes = written.map(() => (prng.chance(1, 6) ? 100_000 : 8_000) + prng.below(1_000));
        const sets = await all(written.map((key, i) => set(key, sizes[i] ?? 0)));
        expect(sets.filter((outcome) => !isApplied(outcome)).map(String)).toEqual([]);
        for (const [i, key] of written.entries()) lengths.set(key, sizes[i] ?? 0);
        for (const [i, got] of (await all(read.map(get))).entries()) {
          const key = read[i] ?? '';
          if (got === undefined || got instanceof DcacheError || got.type !== 'get') throw new Error('no answer');
          if (got.value !== null) expect(got.value.length, key).toBe(lengths.get(key));
          seen[got.value === null ? 'evictions' : 'hits'] += lengths.has(key) ? 1 : 0;
          if (got.value === null) lengths.delete(key);
        }
        for (const [i, gone] of (await all(deleted.map(del))).entries()) {
          const key = deleted[i] ?? '';
          if (gone === undefined || gone instanceof DcacheError || gone.type !== 'delete') throw new Error('no answer');
          // What has been found gone is not there to be deleted.
          if (gone.deleted) expect(lengths.has(key), key).toBe(true);
          lengths.delete(key);
        }
      }
    };
    await play(12);
    await loseN2(cluster);
    const before = { ...seen };
    await play(25);
    expect(seen.evictions).toBeGreaterThan(before.evictions + 20);
    expect(seen.hits).toBeGreaterThan(before.hits + 200);
    await takeN2Back();
    expect(cluster.node(2).side.storeStats.keys).toBeGreaterThan(0);
    await play(6);
  });
});
