import { expect, test } from 'vitest';
import type { ClusterReport, NodeReport } from '../../src/adapters/grpc/backend.js';
import { statusTable, summary } from '../../src/cli/status-table.js';
import { presentBytes } from '../../src/cli/tables.js';

const node = (nodeId: string, changed: Partial<NodeReport> = {}): NodeReport => ({
  nodeId,
  raftId: 1,
  up: true,
  pid: 123,
  clientAddress: '127.0.0.1:7101',
  controlAddress: '127.0.0.1:7201',
  httpAddress: '',
  role: 'follower',
  term: 4,
  commit: 17,
  applied: 16,
  keys: 5,
  bytes: 2048,
  uptimeMs: 61_000,
  leader: 'n1',
  version: '0',
  clusterId: '0123456789abcdef0123456789abcdef',
  mode: 'raft',
  notServing: '',
  clusterSize: 3,
  needed: 2,
  reachable: 3,
  capBytes: 0,
  freeBytes: 0,
  reserveBytes: 0,
  bytesFor: {},
  ecc: undefined,
  supervised: false,
  snapshots: [],
  ...changed,
});
const down = (nodeId: string): NodeReport => node(nodeId, { up: false, role: 'down' });
const report = (...nodes: NodeReport[]): ClusterReport => ({
  clusterId: '0123456789abcdef0123456789abcdef',
  mode: 'raft',
  needed: 2,
  up: nodes.filter(({ up }) => up).length,
  nodes,
  map: undefined,
});
const leader = node('n1', { role: 'leader' });

test.each<[string, ClusterReport]>([
  [
    'cluster 01234567, raft mode: serving; 3 of 3 nodes up, 1 more node may fail',
    report(leader, node('n2'), node('n3')),
  ],
  [
    'cluster 01234567, raft mode: serving; 2 of 3 nodes up, no further node may fail',
    report(leader, node('n2'), down('n3')),
  ],
  ['cluster 01234567, raft mode: not serving; 1 of 3 nodes up, 2 needed', report(node('n1'), down('n2'), down('n3'))],
  [
    'cluster 01234567, raft mode: not serving; 2 of 3 nodes up, no leader elected yet',
    report(node('n1'), node('n2'), down('n3')),
  ],
  [
    'cluster not founded yet: not serving; 1 of 2 nodes up, 2 needed',
    { ...report(node('n1'), down('n2')), clusterId: '' },
  ],
])('"%s"', (sentence, state) => {
  expect(summary(state)).toBe(sentence);
});

test('the table has a row for every node, dashes for what a node that is down does not tell', () => {
  const lines = statusTable(report(leader, { ...down('n2'), clientAddress: '' })).split('\n');
  expect(lines[0]?.trim().split(/\s+/)).toEqual([
    'node',
    'pid',
    'client',
    'control',
    'role',
    'term',
    'commit',
    'applied',
    'keys',
    'bytes',
    'uptime',
  ]);
  expect(lines[1]?.trim().split(/\s{2,}/)).toEqual([
    'n1',
    '123',
    '127.0.0.1:7101',
    '127.0.0.1:7201',
    'leader',
    '4',
    '17',
    '16',
    '5',
    '2.0 KiB',
    '1 min',
  ]);
  expect(lines[2]?.trim().split(/\s{2,}/)).toEqual([
    'n2',
    '-',
    '-',
    '127.0.0.1:7201',
    'down',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
  ]);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536 * 1024, '1.5 MiB'],
  [2 ** 50, '1024.0 TiB'],
])('%d bytes are shown as %s', (bytes, shown) => {
  expect(presentBytes(bytes)).toBe(shown);
});

test.each([
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_600_000, '1 h'],
  [47 * 3_600_000, '47 h'],
  [48 * 3_600_000, '2 d'],
])('an uptime of %d ms is shown as %s', (uptimeMs, shown) => {
  expect(statusTable(report(node('n1', { uptimeMs })))).toContain(` ${shown} `);
});
