import { describe, expect, test } from 'vitest';
import type { ClusterReport, NodeReport } from '../../src/adapters/grpc/backend.js';
import { tellsOfLoss } from '../../src/cli/ecc-status.js';
import { mapTable } from '../../src/cli/map-table.js';
import { statusTable, summary } from '../../src/cli/status-table.js';
import { reportMap, type MapReport } from '../../src/cluster/map-report.js';
import { EMPTY_MAP } from '../../src/cluster/cluster-map.js';
import { groupOf, life, newMap, node as nodeId } from '../cluster/some-maps.js';

const CLUSTER_ID = '0123456789abcdef0123456789abcdef';
const KIB = 1024;

const node = (number: number, changed: Partial<NodeReport> = {}): NodeReport => ({
  nodeId: `n${number}`,
  raftId: number,
  up: true,
  pid: 100 + number,
  clientAddress: `127.0.0.1:710${number}`,
  controlAddress: `127.0.0.1:720${number}`,
  httpAddress: '',
  role: number === 1 ? 'leader' : 'follower',
  term: 4,
  commit: 17,
  applied: 16,
  keys: 10 * number,
  bytes: 8 * KIB,
  uptimeMs: 61_000,
  leader: 'n1',
  version: '0',
  clusterId: CLUSTER_ID,
  mode: 'ecc',
  notServing: '',
  clusterSize: 3,
  needed: 2,
  reachable: 3,
  capBytes: 0,
  freeBytes: 0,
  reserveBytes: 0,
  bytesFor: { live: 4 * KIB, dead: 0, index: KIB, parity: 2 * KIB, tail: KIB, other: 0 },
  ecc: {
    incarnation: life(number).incarnation,
    mapIndex: 9,
    leaseLeftMs: 412,
    k: 2,
    m: 1,
    lostGroups: [],
    transfers: [],
    candidateBytes: 0,
    refillPauseMs: 0,
  },
  supervised: false,
  snapshots: [],
  ...changed,
});
const down = (number: number): NodeReport =>
  node(number, { up: false, pid: 0, keys: 0, bytes: 0, bytesFor: {}, ecc: undefined });

/** RS(2,1) on three nodes. */
const report = (nodes: readonly NodeReport[], map: MapReport = reportMap(newMap(2, 1), 9)): ClusterReport => ({
  clusterId: CLUSTER_ID,
  mode: 'ecc',
  needed: 2,
  up: nodes.filter(({ up }) => up).length,
  nodes,
  map,
});
const cells = (line: string | undefined): string[] => line?.trim().split(/\s{2,}/) ?? [];

describe('cluster status', () => {
  test('shows lease, groups in sync and bytes by what they are held for, and the sums', () => {
    const [head, first, , , total] = statusTable(report([node(1), node(2), node(3)])).split('\n');
    expect(cells(head)).toEqual([
      ...['node', 'pid', 'client', 'role', 'lease', 'in sync', 'keys'],
      ...['live', 'dead', 'index', 'parity', 'tail', 'other', 'bytes', 'uptime'],
    ]);
    expect(cells(first)).toEqual([
      ...['n1', '101', '127.0.0.1:7101', 'leader', '412 ms', '3 of 3', '10'],
      ...['4.0 KiB', '0 B', '1.0 KiB', '2.0 KiB', '1.0 KiB', '0 B', '8.0 KiB', '1 min'],
    ]);
    expect(cells(total)).toEqual([
      ...['total', '-', '-', '-', '-', '-', '60'],
      ...['12.0 KiB', '0 B', '3.0 KiB', '6.0 KiB', '3.0 KiB', '0 B', '24.0 KiB', '-'],
    ]);
  });

  test('of a node that has been started anew says that it is not in sync, and has no lease', () => {
    const { incarnation } = life(2, 2);
    const anew = node(2, {
      ecc: {
        incarnation,
        mapIndex: 9,
        leaseLeftMs: 0,
        k: 2,
        m: 1,
        lostGroups: [],
        transfers: [],
        candidateBytes: 0,
        refillPauseMs: 0,
      },
    });
    const row = cells(statusTable(report([node(1), anew, node(3)])).split('\n')[2]);
    expect(row.slice(4, 6)).toEqual(['none', '0 of 3']);
  });

  test('says which node has too little memory to refill, the way out, and when it tries again', () => {
    const { ecc } = node(3);
    if (ecc === undefined) throw new Error('a node that is up tells of ecc mode');
    const small = node(3, { ecc: { ...ecc, refillPauseMs: 8_000 } });
    const [, line] = statusTable(report([node(1), node(2), small])).split('\n\n');
    expect(line).toBe(
      'n3 cannot hold its part under its --max-memory: start it with more, or delete values; it tries again in 8 s',
    );
  });

  test('says how far a node is that refills', () => {
    const transfer = {
      group: 0,
      position: 0,
      ...life(3),
      totalBytes: 8 * KIB,
      doneBytes: 4 * KIB,
      keptBytes: KIB,
      bytesPerSecond: 2 * KIB,
    };
    const feeder = node(1, {
      ecc: {
        ...life(1),
        mapIndex: 9,
        leaseLeftMs: 412,
        k: 2,
        m: 1,
        lostGroups: [],
        transfers: [transfer],
        candidateBytes: 0,
        refillPauseMs: 0,
      },
    });
    const [, line] = statusTable(report([feeder, node(2), node(3)])).split('\n\n');
    expect(line).toBe('n3 refills: 50%, 4.0 KiB of 8.0 KiB (1.0 KiB of it kept), 2.0 KiB a second, 2 s left');
  });

  test('has dashes for a node that is down', () => {
    const row = cells(statusTable(report([node(1), down(2), node(3)])).split('\n')[2]);
    expect(row).toEqual(['n2', '-', '127.0.0.1:7102', 'down', '-', '0 of 3', ...new Array<string>(9).fill('-')]);
  });
});

test.each<[string, ClusterReport]>([
  ['serving; 1 more node may fail', report([node(1), node(2), node(3)])],
  ['serving; taking over from n2; no further node may fail', report([node(1), down(2), node(3)])],
  ['not serving; 1 of 3 nodes up, 2 needed', report([node(1), down(2), down(3)])],
  [
    'waiting for 3 nodes before the groups are created; 2 of 3 are here',
    report([node(1), node(2), down(3)], reportMap(EMPTY_MAP, 3)),
  ],
])('the sentence "%s"', (sentence, state) => {
  expect(summary(state)).toBe(`cluster 01234567, ecc mode, RS(2,1): ${sentence}`);
});

describe('cluster map', () => {
  test('has a row for every position, with who leads it', () => {
    const group = groupOf(newMap(2, 1));
    const joining = [{ ...life(2, 2), joinIndex: 8 }];
    const changed = { ...group, epoch: 2, inSync: [life(1), life(3)], joining, acting: [null, nodeId(3)] };
    const map = reportMap({ k: 2, m: 1, groups: [changed] }, 9);
    const lines = mapTable(report([node(1), node(2), down(3)], map)).split('\n');
    expect(cells(lines[0])).toEqual(['group', 'epoch', 'position', 'role', 'holder', 'state', 'primary']);
    expect(lines.slice(1, 4).map(cells)).toEqual([
      ['0', '2', '0', 'data', 'n1', 'in sync', 'n1'],
      ['1', 'data', 'n2', 'joining', 'n3, acting'],
      ['2', 'parity', 'n3', 'in sync, down', '-'],
    ]);
    expect(lines.at(-1)).toBe('RS(2,1): 1 groups, 2 partitions; map index 9');
  });

  test('is not there in raft mode, nor before the groups are created', () => {
    const raft = { ...report([node(1)]), mode: 'raft', map: undefined };
    expect(mapTable(raft)).toMatch(/^raft mode has no map: every node holds every value/);
    expect(mapTable(report([node(1)], reportMap(EMPTY_MAP, 3)))).toMatch(/^the groups have not been created yet/);
  });
});

describe('a report tells of loss', () => {
  const declared = (loss: string): MapReport => {
    const map = reportMap(newMap(2, 1), 9);
    return { ...map, groups: map.groups.map((group) => ({ ...group, loss })) };
  };
  const of = (map: MapReport, lostGroups: readonly number[] = []): boolean => {
    const nodes = [1, 2, 3].map((number) => {
      const { ecc, ...rest } = node(number);
      return { ...rest, ecc: ecc && { ...ecc, lostGroups } };
    });
    return tellsOfLoss({ ...report(nodes), map });
  };

  test('while a group waits for a decision, and until a declared loss is acknowledged; not after a cold start', () => {
    expect([of(declared('none')), of(declared('none'), [2])]).toEqual([false, true]);
    expect([of(declared('declared')), of(declared('began-empty'))]).toEqual([true, false]);
  });
});
