/** The data sides of three nodes, RS(2,1), with real cores and stores, on virtual time. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { ClusterMap } from '../../../src/cluster/cluster-map.js';
import { partitionOfSlot, slotOf } from '../../../src/cluster/slots.js';
import { DcacheError } from '../../../src/base/errors.js';
import { ALWAYS, FOREVER, type KvRequest } from '../../../src/store/requests.js';
import { applyAll, declared, groupOf, life, newMap } from '../../cluster/some-maps.js';
import { VirtualNodes } from './virtual-nodes.js';

const MAP = newMap(2, 1);
/** n2 has left all groups. */
const WITHOUT_N2: ClusterMap = applyAll(
  MAP,
  [0, 1, 2].map((group) => ({ type: 'remove', group, epoch: 1, member: life(2) }) as const),
);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const get = (key: string): KvRequest => ({ type: 'get', key: bytes(key) });
const set = (key: string, value: string): KvRequest => {
  return { type: 'set', key: bytes(key), value: bytes(value), lifetime: FOREVER, condition: ALWAYS, returnOld: false };
};
const placeOf = (key: string): string => {
  const { group, position } = partitionOfSlot(slotOf(bytes(key)), 3, 2);
  return `${group}.${position}`;
};
/** Keys of a partition: `count` of them. */
function keysIn(place: string, count: number): string[] {
  const keys: string[] = [];
  for (let i = 0; keys.length < count; i++) if (placeOf(`key-${i}`) === place) keys.push(`key-${i}`);
  return keys;
}

let cluster: VirtualNodes;

beforeEach(async () => {
  cluster = new VirtualNodes(3);
  await cluster.tellMap(5, MAP);
});

const failures = (): unknown[] => cluster.nodes.flatMap((node) => node.failures);

describe('three nodes', () => {
  test('serve every key through every node', async () => {
    for (const [i, key] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) {
      expect(await cluster.execute((i % 3) + 1, set(key, `value of ${key}`))).toMatchObject({ applied: true });
      expect(await cluster.execute(((i + 1) % 3) + 1, get(key))).toMatchObject({ value: bytes(`value of ${key}`) });
    }
    expect(failures()).toEqual([]);
  });

  test('count, scan and flush all partitions', async () => {
    const keys = Array.from({ length: 30 }, (_, i) => `key-${i}`);
    await Promise.all(keys.map((key) => cluster.execute(1, set(key, 'v'), 0)));
    await cluster.scheduler.advance(200);
    expect(await cluster.execute(2, { type: 'count' })).toEqual({ type: 'count', keys: 30 });
    const scan = { type: 'scan', prefix: bytes('key-'), cursor: bytes(''), limit: 100, withValues: false } as const;
    const page = await cluster.execute(3, scan);
    const found =
      page !== undefined && 'entries' in page ? page.entries.map(({ key }) => Buffer.from(key).toString()) : [];
    expect(found.sort()).toEqual([...keys].sort());
    expect(await cluster.execute(1, { type: 'flush' })).toEqual({ type: 'flush', removed: 30 });
    expect(await cluster.execute(2, { type: 'count' })).toEqual({ type: 'count', keys: 0 });
    expect(cluster.nodes.map(({ side }) => side.storeStats.keys)).toEqual([0, 0, 0]);
  });

  test('keep links to those with whom they share a group', () => {
    expect(cluster.node(1).peers).toEqual(['n2', 'n3']);
  });

  test('tell where their memory is, in numbers that add up', async () => {
    await cluster.execute(1, set('a', 'x'.repeat(1_000)));
    for (const { side } of cluster.nodes) {
      const { bytes: total, bytesFor } = side.storeStats;
      expect(Object.values(bytesFor).reduce((sum, each) => sum + each, 0)).toBe(total);
      expect(Object.values(bytesFor).every((each) => each >= 0)).toBe(true);
    }
  });
});

test.each([
  ['it reads that it was taken out', true],
  ['a snapshot skips that', false],
])('a node that is taken out of a group can get another place there: %s', async (_, hearsOfLeaving) => {
  // n9 is nobody: it takes the place of n3, at the parity position, and n3 that of n2.
  const [n3, n9] = [life(3), life(9)];
  const group = 0;
  const without3 = applyAll(MAP, [
    { type: 'remove', group, epoch: 1, member: n3 },
    { type: 'replace-holder', group, epoch: 2, holder: n3.nodeId, by: n9.nodeId },
    { type: 'join', group, epoch: 2, member: n9, replaces: 0 },
  ]);
  const joinIndex = groupOf(without3).joining[0]?.joinIndex ?? 0;
  const declarations = [0, 1].map((position) => declared(without3, group, position, n9, joinIndex));
  const elsewhere = applyAll(without3, [
    { type: 'promote', group, epoch: 2, member: n9, joinIndex, declarations },
    { type: 'remove', group, epoch: 3, member: life(2) },
    { type: 'replace-holder', group, epoch: 4, holder: life(2).nodeId, by: n3.nodeId },
    { type: 'join', group, epoch: 4, member: n3, replaces: 0 },
  ]);
  if (hearsOfLeaving) await cluster.tellMap(6, without3);
  expect(cluster.node(3).side.ecc.partitionsLed).toBe(2);
  await cluster.tellMap(7, elsewhere);
  await cluster.scheduler.advance(200);
  expect(failures()).toEqual([]);
});

describe('when a node dies', () => {
  test('its partitions are served by others once the map says so, rebuilt from the rest', async () => {
    const keys = keysIn('1.0', 40);
    for (const key of keys) void cluster.execute(1, set(key, key.repeat(200)), 0);
    await cluster.scheduler.advance(300);
    cluster.kill(2);
    const [first = ''] = keys;
    const early = cluster.execute(3, get(first), 0);
    await cluster.tellMap(6, WITHOUT_N2);
    await cluster.scheduler.advance(500);
    await early;
    for (const key of keys) {
      expect(await cluster.execute(3, get(key))).toMatchObject({ value: bytes(key.repeat(200)) });
    }
    expect(cluster.sent.get('shard-reply')).toBeGreaterThan(0);
    expect(await cluster.execute(1, set(first, 'new'))).toMatchObject({ applied: true });
    expect(await cluster.execute(3, get(first))).toMatchObject({ value: bytes('new') });
    expect(failures()).toEqual([]);
  });
});

describe('a node that comes back', () => {
  test('refills, is declared complete, and leads again what it held', async () => {
    const keys = keysIn('1.0', 40);
    for (const key of keys) void cluster.execute(1, set(key, key.repeat(200)), 0);
    await cluster.scheduler.advance(300);
    cluster.kill(2);
    await cluster.tellMap(6, WITHOUT_N2);
    await cluster.scheduler.advance(200);
    const joining = applyAll(
      WITHOUT_N2,
      [0, 1, 2].map((group) => ({ type: 'join', group, epoch: 2, member: life(2, 2), replaces: 0 }) as const),
    );
    await cluster.revive(2, 20, joining);
    for (const key of keys.slice(0, 10)) void cluster.execute(3, set(key, 'new'), 0);
    await cluster.scheduler.advance(3_000);
    const declarations = [1, 3].flatMap((number) => {
      const { self, reports } = cluster.node(number);
      return (reports.at(-1)?.declarations ?? []).map((declaration) => ({ ...declaration, by: self }));
    });
    expect(failures()).toEqual([]);
    expect(declarations).toHaveLength(4);
    const promoted = applyAll(
      joining,
      joining.groups.map(({ id, epoch, joining: [learner] }) => {
        const joinIndex = learner?.joinIndex ?? 0;
        const own = declarations.filter(({ group }) => group === id);
        return { type: 'promote', group: id, epoch, member: life(2, 2), joinIndex, declarations: own } as const;
      }),
    );
    await cluster.tellMap(21, promoted);
    await cluster.scheduler.advance(200);
    for (const [i, key] of keys.entries()) {
      expect(await cluster.execute(2, get(key))).toMatchObject({ value: bytes(i < 10 ? 'new' : key.repeat(200)) });
    }
    expect(cluster.node(2).side.storeStats.keys).toBeGreaterThanOrEqual(keys.length);
    expect(failures()).toEqual([]);
  });
});

describe('the lease', () => {
  const [own = ''] = keysIn('0.0', 1);

  test('keeps reads waiting, but not writes', async () => {
    await cluster.execute(1, set(own, '1'));
    cluster.node(1).lease = { leaseEndMs: Infinity, leaseMapIndex: 99 };
    const unusable = new VirtualNodes(3);
    for (const node of unusable.nodes) node.lease = { leaseEndMs: Infinity, leaseMapIndex: 9 };
    await unusable.tellMap(5, MAP);
    expect(await unusable.execute(1, set(own, '1'))).toMatchObject({ applied: true });
    expect(await unusable.execute(1, get(own))).toBeUndefined();
    await unusable.tellMap(9, MAP);
    expect(await unusable.execute(1, get(own))).toMatchObject({ value: bytes('1') });
  });
});

describe('the control side', () => {
  test('is told that the map is applied, and at once what a change may wait for', async () => {
    const node = cluster.node(1);
    expect(node.confirmed).toEqual([5]);
    expect(node.reports.at(-1)).toMatchObject({ mapIndex: 5, letGo: [] });
    const before = node.reports.length;
    node.side.onEvents([{ type: 'let-go', groups: [{ group: 0, epoch: 1 }] }]);
    expect(node.reports.slice(before)).toMatchObject([{ letGo: [{ group: 0, epoch: 1 }] }]);
    const [own = ''] = keysIn('0.0', 1);
    expect(await cluster.execute(1, set(own, '1'))).toBeUndefined();
    const renewed = applyAll(MAP, [{ type: 'renew', group: 0, epoch: 1 }]);
    await cluster.tellMap(6, renewed);
    expect(await cluster.execute(1, set(own, '1'))).toMatchObject({ applied: true });
  });

  test('is told that the node leaves, and that it has let go when all that was accepted is answered', async () => {
    const node = cluster.node(1);
    const [own = '', other = ''] = keysIn('0.0', 2);
    let hasLeft = false;
    void node.side.leave().then(() => (hasLeft = true));
    expect(node.reports.at(-1)).toMatchObject({ leaving: true, letGo: [] });
    const write = cluster.execute(1, set(own, '1'), 0);
    node.side.onEvents([{ type: 'hand-over', groups: [{ group: 0, epoch: 1 }] }]);
    let late: unknown;
    void node.side.execute(set(other, '2'), 5_000, false).then((reply) => (late = reply));
    await cluster.scheduler.advance(50);
    expect(await write).toMatchObject({ applied: true });
    expect(node.reports.at(-1)).toMatchObject({ letGo: [{ group: 0, epoch: 1 }] });

    const out = applyAll(
      MAP,
      [0, 1, 2].map((group) => ({ type: 'remove', group, epoch: 1, member: life(1) }) as const),
    );
    await cluster.tellMap(6, out);
    await cluster.scheduler.advance(100);
    expect(late).toMatchObject({ applied: true });
    expect(hasLeft).toBe(true);
    expect(await cluster.execute(2, get(other))).toMatchObject({ value: bytes('2') });
    expect(failures()).toEqual([]);
  });

  test('gets numbers every 40 ms at most', async () => {
    const node = cluster.node(1);
    const before = node.reports.length;
    await cluster.scheduler.advance(200);
    expect(node.reports.length - before).toBeGreaterThan(2);
    expect(node.reports.length - before).toBeLessThanOrEqual(5);
  });

  test('gets a snapshot when one is due, of the index and term that were applied last', async () => {
    const node = cluster.node(1);
    const entries = [{ index: 7, term: 3, type: 'normal', data: new Uint8Array(0) } as const];
    node.side.onEvents([{ type: 'committed', entries }, { type: 'map', index: 7, map: MAP }, { type: 'snapshot-due' }]);
    await cluster.scheduler.advance(20);
    expect(node.written).toMatchObject([{ index: 7, term: 3 }]);
    node.files.failure = new DcacheError('DISK_FULL', 'full');
    node.side.onEvents([{ type: 'snapshot-due' }]);
    await cluster.scheduler.advance(20);
    expect(node.written.at(-1)).toBeUndefined();
  });
});
