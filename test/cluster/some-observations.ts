/** What a Raft leader of n nodes has observed, for tests: all nodes alive and well unless something is changed. */
import type { NodeId } from '../../src/base/ids.js';
import type { ClusterMap, GroupMember } from '../../src/cluster/cluster-map.js';
import { DEFAULT_ECC_TIMINGS, withDrift } from '../../src/cluster/ecc-timings.js';
import { EMPTY_REPORT, type DataReport, type Heartbeat } from '../../src/cluster/heartbeat.js';
import type { NodeObservation, Observations } from '../../src/cluster/observations.js';
import { life } from './some-maps.js';

export const NOW = 100_000;
export const TIMINGS = DEFAULT_ECC_TIMINGS;

export function heartbeatOf(
  member: GroupMember,
  report: Partial<DataReport> = {},
  sequence = 1,
  answeredIn = 0,
): Heartbeat {
  return { ...EMPTY_REPORT, ...report, ...member, sequence, answeredIn };
}

interface NodeChange {
  /** Which process life heartbeats, from 1; 0: the node has never been heard. */
  readonly incarnation?: number;
  readonly heardMsAgo?: number;
  readonly report?: Partial<DataReport>;
  /** Whether the leader counts a lease of its first life that is still running. */
  readonly leased?: boolean;
}

/** By number of node, what is different there. All epochs are old; the leader has led for long. */
export function observe(
  map: ClusterMap,
  count: number,
  changes: Readonly<Record<number, NodeChange>> = {},
  changed: Partial<Observations> = {},
): Observations {
  const observed = new Map<NodeId, NodeObservation>();
  const leases: Observations['leases'][number][] = [];
  for (let number = 1; number <= count; number++) {
    const { incarnation = 1, heardMsAgo = 50, report = {}, leased = true } = changes[number] ?? {};
    const member = life(number, Math.max(1, incarnation));
    if (leased) leases.push({ member: life(number), endMs: NOW + withDrift(TIMINGS, TIMINGS.leaseMs) - 50 });
    if (incarnation === 0) continue;
    observed.set(member.nodeId, {
      incarnation: member.incarnation,
      heartbeat: heartbeatOf(member, report),
      lastHeardMs: NOW - heardMsAgo,
    });
  }
  return {
    nowMs: NOW,
    leadsSinceMs: NOW - 60_000,
    nodes: observed,
    epochsSinceMs: map.groups.map(() => NOW - 60_000),
    leases,
    overdue: [],
    timings: TIMINGS,
    code: { k: 3, m: 2 },
    members: [],
    removing: new Set<NodeId>(),
    lossPolicy: 'wait',
    acceptedLosses: [],
    acknowledgedLosses: [],
    ...changed,
  };
}

/** A report that so many Appends to each of these nodes have been unacknowledged for too long. */
export function waitingFor(...numbers: number[]): Partial<DataReport> {
  const ageMs = TIMINGS.linkTimeoutMs + 1;
  return { unacknowledged: numbers.map((number) => ({ nodeId: life(number).nodeId, ageMs })) };
}
