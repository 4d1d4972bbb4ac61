/** The router of ecc mode on node n1 of three, with services and other nodes that the test plays. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { PendingRequest } from '../../../src/actors/data/pending.js';
import { EccRouter } from '../../../src/actors/ecc/ecc-router.js';
import { Troubles } from '../../../src/actors/ecc/troubles.js';
import { DcacheError } from '../../../src/base/errors.js';
import type { NodeId } from '../../../src/base/ids.js';
import { EMPTY_MAP, type ClusterMap } from '../../../src/cluster/cluster-map.js';
import { partitionOfSlot, slotOf } from '../../../src/cluster/slots.js';
import type { ClusterView } from '../../../src/cluster/view.js';
import type { GroupTrouble } from '../../../src/cluster/heartbeat.js';
import type { KvReply, KvRequest } from '../../../src/store/requests.js';
import { ALWAYS, FOREVER } from '../../../src/store/requests.js';
import { applyAll, life, newMap } from '../../cluster/some-maps.js';
import { CLUSTER, member } from '../../cluster/some-members.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const MAP = newMap(2, 1);
/** n2 has left group 1, whose position 0 it held: n1 leads in its place. */
const WITHOUT_N2 = applyAll(MAP, [{ type: 'remove', group: 1, epoch: 1, member: life(2) }]);
const VIEW: ClusterView = {
  nodeId: 'n1' as NodeId,
  raftId: 1,
  clusterId: CLUSTER,
  role: 'follower',
  term: 1,
  leader: 2,
  members: [member(1), member(2), member(3)],
  voters: [1, 2, 3],
  size: 3,
  needed: 2,
  up: 3,
  missing: [],
};

interface Forwarded {
  readonly address: string;
  readonly request: KvRequest;
  readonly resolve: (reply: KvReply) => void;
  readonly reject: (error: unknown) => void;
}

let scheduler: VirtualScheduler;
let router: EccRouter;
let forwarded: Forwarded[];
/** What reached the services here, by partition. */
let served: Map<string, PendingRequest[]>;
let hasServices: boolean;
let troubles: Troubles;

beforeEach(() => {
  scheduler = new VirtualScheduler();
  forwarded = [];
  served = new Map();
  hasServices = true;
  troubles = new Troubles();
  router = new EccRouter({
    self: 'n1' as NodeId,
    forwarder: {
      forward: (address, request) =>
        new Promise((resolve, reject) => forwarded.push({ address, request, resolve, reject })),
    },
    scheduler,
    troubles,
    service: ({ group, position }) => {
      const name = `${group}.${position}`;
      if (!hasServices) return undefined;
      return { execute: (pending) => served.set(name, [...(served.get(name) ?? []), pending]) };
    },
  });
  router.onView(VIEW);
  router.onMap(MAP);
});

interface Tracked {
  outcome: KvReply | DcacheError | undefined;
}

function execute(request: KvRequest, { timeoutMs = 5_000, forwardedHere = false } = {}): Tracked {
  const tracked: Tracked = { outcome: undefined };
  router.execute(request, timeoutMs, forwardedHere).then(
    (reply) => (tracked.outcome = reply),
    (error: unknown) => {
      if (!(error instanceof DcacheError)) throw error;
      tracked.outcome = error;
    },
  );
  return tracked;
}

/** A key of that partition. */
function keyIn(group: number, position: number, map: ClusterMap = MAP): Uint8Array {
  for (let i = 0; ; i++) {
    const key = new TextEncoder().encode(`key-${i}`);
    const found = partitionOfSlot(slotOf(key), map.groups.length, map.k);
    if (found.group === group && found.position === position) return key;
  }
}

const get = (group: number, position: number): KvRequest => ({ type: 'get', key: keyIn(group, position) });
const set = (group: number, position: number): KvRequest => {
  const key = keyIn(group, position);
  return { type: 'set', key, value: key, lifetime: FOREVER, condition: ALWAYS, returnOld: false };
};
const REPLY: KvReply = { type: 'get', value: null, version: 0 };

describe('a request for a key', () => {
  test('goes to the service here when this node is the primary', () => {
    execute(get(0, 0));
    expect([...served.keys()]).toEqual(['0.0']);
    expect(forwarded).toEqual([]);
  });

  test('goes to the node that the map names otherwise, and its answer back', async () => {
    const request = execute(get(1, 0));
    expect(forwarded[0]).toMatchObject({ address: '127.0.0.1:7102', request: get(1, 0) });
    forwarded[0]?.resolve(REPLY);
    await scheduler.settle();
    expect(request.outcome).toEqual(REPLY);
  });

  test('that was forwarded here by mistake is refused, not done', async () => {
    const request = execute(set(1, 0), { forwardedHere: true });
    await scheduler.settle();
    expect(request.outcome).toMatchObject({ code: 'WRONG_NODE', outcome: 'not-done' });
    expect(forwarded).toEqual([]);
  });

  test.each(['WRONG_NODE', 'NO_LEADER', 'UNREACHABLE', 'SHUTTING_DOWN'] as const)(
    'looks again after %s elsewhere, until its time has run out',
    async (code) => {
      const request = execute(set(1, 0));
      forwarded[0]?.reject(new DcacheError(code, 'not me'));
      await scheduler.settle();
      expect(forwarded).toHaveLength(1);
      router.onMap(WITHOUT_N2);
      await scheduler.advance(100);
      expect([...served.keys()]).toEqual(['1.0']);
      await scheduler.advance(5_000);
      expect(request.outcome).toMatchObject({ code: 'NO_LEADER', outcome: 'not-done' });
    },
  );

  test('whose outcome is unknown elsewhere is not sent again when it is a write', async () => {
    const [write, read] = [execute(set(1, 0)), execute(get(1, 0))];
    for (const { reject } of forwarded.splice(0)) reject(new DcacheError('OUTCOME_UNKNOWN', 'connection lost'));
    await scheduler.advance(100);
    expect(write.outcome).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(read.outcome).toBeUndefined();
    expect(forwarded.map(({ request }) => request.type)).toEqual(['get']);
  });

  test('that nobody answers is unknown when it is a write', async () => {
    const write = execute(set(1, 0));
    await scheduler.advance(5_100);
    expect(write.outcome).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'unknown' });
  });
});

describe('while a partition changes its primary', () => {
  test('a read under way to the old one is asked again of the new one', async () => {
    const read = execute(get(1, 0));
    router.onMap(WITHOUT_N2);
    expect([...served.keys()]).toEqual(['1.0']);
    forwarded[0]?.reject(new DcacheError('UNREACHABLE', 'gone'));
    await scheduler.advance(100);
    expect(read.outcome).toBeUndefined();
    served.get('1.0')?.[0]?.done(REPLY);
    await scheduler.settle();
    expect(read.outcome).toEqual(REPLY);
  });

  test('a request waits until this node has taken over', () => {
    hasServices = false;
    router.onMap(WITHOUT_N2);
    execute(set(1, 0));
    expect(served.size).toBe(0);
    hasServices = true;
    router.onRoles();
    expect([...served.keys()]).toEqual(['1.0']);
  });

  test('a request that a service gives back goes where the map says when that has changed', () => {
    execute(set(0, 0));
    const [pending] = served.get('0.0') ?? [];
    if (pending === undefined) throw new Error('not served');
    router.giveBack(pending);
    expect(forwarded).toEqual([]);
    router.onMap(applyAll(MAP, [{ type: 'remove', group: 0, epoch: 1, member: life(1) }]));
    expect(forwarded.map(({ address }) => address)).toEqual(['127.0.0.1:7103']);
  });
});

describe('when nobody can serve', () => {
  test('requests fail at once while fewer nodes are up than are needed, and say how many', async () => {
    const parked = (router.onMap(EMPTY_MAP), execute(get(0, 0)));
    router.onView({ ...VIEW, up: 1, missing: ['n2', 'n3'] });
    await scheduler.settle();
    expect(parked.outcome).toMatchObject({ code: 'NOT_ENOUGH_NODES', message: /1 of 3 nodes up, 2 needed/ });
    router.onMap(MAP);
    const fresh = execute(set(1, 0));
    await scheduler.settle();
    expect(fresh.outcome).toMatchObject({ code: 'NOT_ENOUGH_NODES', outcome: 'not-done' });
    expect(router.notServing).toMatch(/1 of 3 nodes up/);
  });

  test('requests wait for the groups to be created', async () => {
    router.onMap(EMPTY_MAP);
    const request = execute(get(0, 0), { timeoutMs: 100 });
    expect(router.notServing).toMatch(/being set up/);
    await scheduler.advance(200);
    expect(request.outcome).toMatchObject({ code: 'NO_LEADER', message: /being set up/ });
    execute(get(0, 0));
    router.onMap(MAP);
    expect([...served.keys()]).toEqual(['0.0']);
  });
});

describe('a request for all partitions', () => {
  test('asks each of them, here and elsewhere, by its number', async () => {
    const count = execute({ type: 'count' });
    expect([...served.keys()].sort()).toEqual(['0.0', '2.1']);
    expect(forwarded.map(({ request }) => request)).toEqual(
      [1, 2, 3, 4].map((partition) => ({ type: 'count', partition })),
    );
    for (const [pending] of served.values()) pending?.done({ type: 'count', keys: 1 });
    for (const { resolve } of forwarded) resolve({ type: 'count', keys: 10 });
    await scheduler.settle();
    expect(count.outcome).toEqual({ type: 'count', keys: 42 });
  });

  test('that comes from another node concerns the partition that it names', () => {
    execute({ type: 'flush', partition: 0 }, { forwardedHere: true });
    expect(served.get('0.0')?.map(({ request }) => request)).toEqual([{ type: 'flush', partition: 0 }]);
    expect(forwarded).toEqual([]);
  });

  test('is refused for a partition that there is not', async () => {
    const request = execute({ type: 'flush', partition: 6 }, { forwardedHere: true });
    await scheduler.settle();
    expect(request.outcome).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

test('a node that drains finishes what is under way and takes nothing more', async () => {
  const under = execute(get(0, 0));
  let drained = false;
  void router.drain().then(() => (drained = true));
  const late = execute(get(0, 0));
  await scheduler.settle();
  expect(late.outcome).toMatchObject({ code: 'SHUTTING_DOWN' });
  expect(drained).toBe(false);
  served.get('0.0')?.[0]?.done(REPLY);
  await scheduler.settle();
  expect([under.outcome, drained]).toEqual([REPLY, true]);
});

describe('while too few members of a group are up', () => {
  // The primary of partition 1.0 is n2.
  const name = (number: number): NodeId => `n${number}` as NodeId;
  const trouble = (changed: Partial<GroupTrouble> = {}): void => {
    troubles.onMap(MAP);
    troubles.onTroubles([{ group: 1, epoch: 1, over: [], silent: [name(2)], isLost: false, ...changed }]);
    router.onTroubles();
  };

  test('requests for who may return fail with what is missing, others go on', async () => {
    trouble();
    const request = execute(get(1, 0));
    execute(get(0, 0));
    await scheduler.settle();
    expect(request.outcome).toMatchObject({ code: 'NOT_ENOUGH_NODES', outcome: 'not-done' });
    expect([...served.keys()]).toEqual(['0.0']);
    expect(router.notServing).toContain('group 1 waits for n2');
  });

  test('requests for who cannot return fail with DATA_LOSS and the way out', async () => {
    trouble({ over: [name(2)], silent: [], isLost: true });
    const request = execute(set(1, 0));
    await scheduler.settle();
    expect(request.outcome).toMatchObject({ code: 'DATA_LOSS', outcome: 'not-done' });
    expect(request.outcome).toMatchObject({ message: expect.stringContaining('--accept-data-loss') as string });
  });

  test('a word about another epoch than that of the map counts for nothing', () => {
    trouble({ epoch: 2 });
    execute(get(1, 0));
    expect(forwarded).toHaveLength(1);
  });
});
