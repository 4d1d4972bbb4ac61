/** Status reports of clusters of three nodes, for tests of what is shown of them. */
import type { ClusterReport, EccNodeReport, NodeReport, TransferReport } from '../../src/adapters/grpc/backend.js';
import type { ClusterMap } from '../../src/cluster/cluster-map.js';
import { reportMap } from '../../src/cluster/map-report.js';
import { life } from '../cluster/some-maps.js';

type Changes = Readonly<Record<number, Partial<NodeReport>>>;

/** Node n`number` of the default layout, up and serving; n1 leads. */
export function reportOf(number: number, mode: 'ecc' | 'raft', changed: Partial<NodeReport> = {}): NodeReport {
  const ports = { clientAddress: `127.0.0.1:${7100 + number}`, controlAddress: `127.0.0.1:${7200 + number}` };
  const numbers = { term: 1, commit: 9, applied: 9, keys: 0, bytes: 0, uptimeMs: 1, capBytes: 0, freeBytes: 0 };
  const rest = {
    reserveBytes: 0,
    clusterSize: 3,
    needed: 2,
    reachable: 3,
    bytesFor: {},
    supervised: false,
    snapshots: [],
  };
  const texts = { httpAddress: '', leader: 'n1', version: '', clusterId: '0123456789abcdef', mode, notServing: '' };
  const id = { nodeId: `n${number}`, raftId: number, pid: number, up: true };
  const role = number === 1 ? 'leader' : 'follower';
  const ecc = mode === 'ecc' ? eccOf(number) : undefined;
  return { ...ports, ...numbers, ...rest, ...texts, ...id, role, ecc, ...changed };
}

export function eccOf(number: number, changed: Partial<EccNodeReport> = {}): EccNodeReport {
  const { incarnation } = life(number);
  const numbers = { mapIndex: 9, leaseLeftMs: 400, k: 2, m: 1, candidateBytes: 0, refillPauseMs: 0 };
  return { ...numbers, incarnation, lostGroups: [], transfers: [], ...changed };
}

export const DOWN: Partial<NodeReport> = { up: false, role: 'down', pid: 0, clusterSize: 0, ecc: undefined };

/** In ecc mode with that map, RS(2,1); else in raft mode. */
export function clusterOf(map: ClusterMap | undefined, changed: Changes = {}): ClusterReport {
  const mode = map === undefined ? 'raft' : 'ecc';
  const nodes = [1, 2, 3].map((number) => reportOf(number, mode, changed[number]));
  const up = nodes.filter((node) => node.up).length;
  return { clusterId: '0123456789abcdef', mode, needed: 2, up, nodes, map: map && reportMap(map, 9) };
}

/** For n`number`, of group 0. */
export function transferTo(number: number, changed: Partial<TransferReport> = {}): TransferReport {
  const bytes = { totalBytes: 4_096, doneBytes: 1_024, keptBytes: 0, bytesPerSecond: 512 };
  return { group: 0, position: 0, ...life(number), ...bytes, ...changed };
}
