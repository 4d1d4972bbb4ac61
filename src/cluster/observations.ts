/** What the Raft leader has observed when it plans a change of the map (map-planner.ts), and what follows from that directly. */
import type { Incarnation, NodeId } from '../base/ids.js';
import { primaryOf, sameMember, type Group, type GroupMember } from './cluster-map.js';
import type { Code } from './code-layout.js';
import { quietAfterElectionMs, type EccTimings } from './ecc-timings.js';
import type { GroupEpoch, Heartbeat } from './heartbeat.js';
import type { Lease, LetGoRequest } from './lease-ledger.js';
import type { LossPolicy } from './loss-policy.js';

export interface NodeObservation {
  /** Of the newest process life that has heartbeat. */
  readonly incarnation: Incarnation;
  readonly heartbeat: Heartbeat;
  readonly lastHeardMs: number;
}

/** The last loss of a group. */
export interface LossName {
  readonly group: number;
  readonly lossGeneration: number;
}

export interface Observations {
  readonly nowMs: number;
  /** Since when this node leads; nodes not heard since count as heard then. */
  readonly leadsSinceMs: number;
  /** Nodes that have heartbeat since then. */
  readonly nodes: ReadonlyMap<NodeId, NodeObservation>;
  /** By group: since when this leader has seen it in its present epoch. */
  readonly epochsSinceMs: readonly number[];
  readonly leases: readonly Lease[];
  readonly overdue: readonly LetGoRequest[];
  readonly timings: EccTimings;
  /** Of the groups that are to be created. */
  readonly code: Code;
  /** Nodes that belong to the cluster. Another one that a group still names was removed for good. */
  readonly members: readonly NodeId[];
  /** Nodes that are about to be taken out of the cluster: they leave their groups first. */
  readonly removing: ReadonlySet<NodeId>;
  /** What happens to a group that is lost; of these groups, in these epochs, a person has said so. */
  readonly lossPolicy: LossPolicy;
  readonly acceptedLosses: readonly GroupEpoch[];
  /** Losses that somebody has taken note of. */
  readonly acknowledgedLosses: readonly LossName[];
}

export function isAlive({ nodes, nowMs, timings }: Observations, nodeId: NodeId): boolean {
  const node = nodes.get(nodeId);
  return node !== undefined && nowMs - node.lastHeardMs < timings.heartbeatTimeoutMs;
}

/** Whether that process life heartbeats. */
export function lives(observed: Observations, { nodeId, incarnation }: GroupMember): boolean {
  return isAlive(observed, nodeId) && observed.nodes.get(nodeId)?.incarnation === incarnation;
}

/** Whether a newer process life of the node has heartbeat: this one is over. */
export function isSucceededBy(observed: Observations, { nodeId, incarnation }: GroupMember): boolean {
  const node = observed.nodes.get(nodeId);
  return node !== undefined && node.incarnation !== incarnation;
}

/** Whether that process life is over, or has not heartbeat for heartbeatTimeoutMs. */
export function isGone(observed: Observations, member: GroupMember): boolean {
  const { nowMs, leadsSinceMs, timings, nodes } = observed;
  const lastHeardMs = nodes.get(member.nodeId)?.lastHeardMs ?? leadsSinceMs;
  return isSucceededBy(observed, member) || nowMs - lastHeardMs >= timings.heartbeatTimeoutMs;
}

/** In how many partitions of the group the member is primary. */
export function primaryRoles(group: Group, k: number, member: GroupMember): number {
  let roles = 0;
  for (let position = 0; position < k; position++) {
    const primary = primaryOf(group, position);
    if (primary !== undefined && sameMember(primary, member)) roles++;
  }
  return roles;
}

/** Whether the main thread of the member has let go of the group in its present epoch. */
export function hasLetGo(observed: Observations, group: Group, member: GroupMember): boolean {
  const node = observed.nodes.get(member.nodeId);
  if (node?.incarnation !== member.incarnation) return false;
  return node.heartbeat.letGo.some(({ group: id, epoch }) => id === group.id && epoch === group.epoch);
}

/** I4(d): whether this node leads for so short a time that leases of the leader before may run. */
export function isQuiet({ nowMs, leadsSinceMs, timings }: Observations): boolean {
  return nowMs - leadsSinceMs < quietAfterElectionMs(timings);
}

/** Whether the leader counts no lease of that process life any more, those of the leader before included (I4 d). */
export function leaseIsOver(observed: Observations, member: GroupMember): boolean {
  const { leases, nowMs } = observed;
  return !isQuiet(observed) && !leases.some((lease) => sameMember(lease.member, member) && lease.endMs > nowMs);
}

/** I4(c) and (d): whether the member may leave the group now. A backup may at once. */
export function mayLeave(observed: Observations, group: Group, k: number, member: GroupMember): boolean {
  if (primaryRoles(group, k, member) === 0) return true;
  return !isQuiet(observed) && (leaseIsOver(observed, member) || hasLetGo(observed, group, member));
}
