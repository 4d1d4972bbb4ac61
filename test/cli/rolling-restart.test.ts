import { describe, expect, test } from 'vitest';
import type { ClusterReport, NodeReport } from '../../src/adapters/grpc/backend.js';
import { absenceProblem } from '../../src/cli/bearable.js';
import { restartOne, restartOrder, type RestartEvent } from '../../src/cli/rolling-restart.js';
import { reportMap } from '../../src/cluster/map-report.js';
import { wayBack } from '../../src/cluster/redundancy.js';
import { applyAll, life, newMap } from '../cluster/some-maps.js';

const MAP = newMap(2, 1);
/** n3 has left group 0. */
const LEFT = applyAll(MAP, [{ type: 'remove', group: 0, epoch: 1, member: life(3) }]);

function node(number: number, changed: Partial<NodeReport> = {}): NodeReport {
  const texts = { clientAddress: '', controlAddress: '', httpAddress: '', leader: 'n1', version: '', clusterId: '' };
  const numbers = {
    term: 1,
    commit: 9,
    applied: 9,
    keys: 0,
    bytes: 0,
    uptimeMs: 1,
    clusterSize: 3,
    needed: 2,
    reachable: 3,
    capBytes: 0,
    freeBytes: 0,
    reserveBytes: 0,
  };
  const ecc = {
    incarnation: life(number).incarnation,
    mapIndex: 9,
    leaseLeftMs: 400,
    k: 2,
    m: 1,
    lostGroups: [],
    transfers: [],
    candidateBytes: 0,
    refillPauseMs: 0,
  };
  const role = number === 1 ? 'leader' : 'follower';
  const id = { nodeId: `n${number}`, raftId: number, pid: number, mode: 'ecc', role };
  return {
    ...texts,
    ...numbers,
    ...id,
    ecc,
    up: true,
    notServing: '',
    bytesFor: {},
    supervised: true,
    snapshots: [],
    ...changed,
  };
}

function report(
  map: typeof MAP | undefined,
  changed: Readonly<Record<number, Partial<NodeReport>>> = {},
): ClusterReport {
  const nodes = [1, 2, 3].map((number) => node(number, changed[number]));
  const up = nodes.filter((each) => each.up).length;
  return { clusterId: '', mode: 'ecc', needed: 2, up, nodes, map: map && reportMap(map, 9) };
}

describe('the order of a rolling restart', () => {
  test('has the leader last', () => {
    expect(restartOrder(report(MAP), [])).toEqual(['n2', 'n3', 'n1']);
  });

  test('is the one that was asked for', () => {
    expect(restartOrder(report(MAP), ['n1', 'n3', 'n1'])).toEqual(['n1', 'n3']);
    expect(() => restartOrder(report(MAP), ['n4'])).toThrow('no node called n4; it has n1, n2, n3');
  });
});

describe('a node can be done without', () => {
  test('when all have what they should', () => {
    expect(absenceProblem(report(MAP), 'n2')).toBeUndefined();
    expect(absenceProblem(report(undefined), 'n2')).toBeUndefined();
  });

  test('not while another one is down, however long one waits', () => {
    for (const map of [MAP, undefined]) {
      expect(absenceProblem(report(map, { 3: { up: false } }), 'n2')).toEqual({ reason: 'n3 is down', isFinal: true });
    }
  });

  test('when it is the one that is down', () => {
    expect(absenceProblem(report(LEFT, { 3: { up: false, ecc: undefined } }), 'n3')).toBeUndefined();
  });

  test('not yet while another one comes back', () => {
    const problem = { reason: 'n3 is not in sync yet', isFinal: false };
    expect(absenceProblem(report(LEFT), 'n2')).toEqual(problem);
    expect(absenceProblem(report(undefined, { 3: { role: 'learner' } }), 'n2')).toEqual(problem);
  });

  test('never without a spare', () => {
    const lone = { ...report(undefined), needed: 3 };
    expect(absenceProblem(lone, 'n2')?.isFinal).toBe(true);
    expect(absenceProblem(lone, 'n2')?.reason).toContain('no further node may fail');
  });
});

test('a node that is too late for one report does not end a rolling restart', async () => {
  // n3 seems to be down, answers, then n2 has been restarted.
  const restarted = report(undefined, { 2: { pid: 77, uptimeMs: 0, ecc: undefined, supervised: false } });
  const before = report(undefined, { 2: { ecc: undefined, supervised: false } });
  const reports = [report(undefined, { 3: { up: false } }), before, restarted];
  const told: RestartEvent[] = [];
  const fetchReport = (): Promise<ClusterReport> => Promise.resolve(reports.shift() ?? restarted);
  await restartOne('n2', { fetchReport, tell: (event) => told.push(event), waitMs: 10_000 });
  expect(told[0]).toEqual({ event: 'waiting', node: 'n2', reason: 'n3 is down' });
  expect(told.map(({ event }) => event)).toEqual(['waiting', 'restart-it-now', 'left', 'returning', 'back']);
});

test('the way back is the groups that the new process life is in sync in, or the log that it has applied', () => {
  const back = report(LEFT);
  expect(wayBack(back, node(3), 0)).toEqual({ done: 3, total: 4 });
  expect(
    wayBack(
      back,
      node(3, {
        ecc: {
          ...node(3).ecc,
          incarnation: 77,
          mapIndex: 0,
          leaseLeftMs: 0,
          k: 2,
          m: 1,
          lostGroups: [],
          transfers: [],
          candidateBytes: 0,
          refillPauseMs: 0,
        },
      }),
      0,
    ),
  ).toEqual({ done: 1, total: 4 });
  expect(wayBack(report(undefined), node(3), 9)).toEqual({ done: 2, total: 2 });
  expect(wayBack(report(undefined), node(3), 10)).toEqual({ done: 1, total: 2 });
});
