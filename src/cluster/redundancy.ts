/**
 * Whether the nodes of a cluster have everything that they should, and how far each is on its way there: from what they report of
 * themselves, for both modes. Pure.
 */
import { MAX_VOTERS } from './membership-plan.js';
import type { MapReport } from './map-report.js';

/** What is read of the report of a node. */
export interface ReportedNode {
  readonly nodeId: string;
  readonly up: boolean;
  /** Empty when the node serves. */
  readonly notServing: string;
  readonly role: string;
  readonly applied: number;
  /** Nodes that vote, as far as it knows. */
  readonly clusterSize: number;
  /** Undefined in raft mode, and for a node that is not up. */
  readonly ecc: { readonly incarnation: number } | undefined;
}

export interface ReportedCluster {
  readonly nodes: readonly ReportedNode[];
  /** Undefined in raft mode. */
  readonly map: MapReport | undefined;
}

/**
 * All nodes have what they should, one leads, and in ecc mode every holder leads its own partition.
 *
 * @param index raft mode: as isBack has it
 */
export function isWhole(cluster: ReportedCluster | undefined, index = 0): boolean {
  if (cluster === undefined) return false;
  const { nodes, map } = cluster;
  if (nodes.length === 0 || !nodes.every((node) => isBack(cluster, node, index))) return false;
  if (!nodes.some(({ role }) => role === 'leader')) return false;
  return map === undefined || (nobodyIsMissing(cluster, map) && nodes.every(({ nodeId }) => leadsItsOwn(map, nodeId)));
}

/** Raft mode: the largest index that any node knew to be committed. */
export function committedIn(cluster: { readonly nodes: readonly { readonly commit: number }[] } | undefined): number {
  return Math.max(0, ...(cluster?.nodes ?? []).map(({ commit }) => commit));
}

/**
 * Whether the node has everything that it should: in ecc mode it is in sync in all its groups, in raft mode it votes and has applied
 * what there was.
 *
 * @param index raft mode: up to where
 */
export function isBack(cluster: ReportedCluster, node: ReportedNode, index = 0): boolean {
  const { done, total } = wayBack(cluster, node, index);
  return done === total;
}

/** How much of its way back the node has behind it, in steps. */
export function wayBack(
  { map }: ReportedCluster,
  node: ReportedNode,
  index: number,
): { readonly done: number; readonly total: number } {
  const isThere = node.up && node.notServing === '';
  if (map === undefined) {
    return { done: (isThere ? 1 : 0) + (isThere && hasVote(node) && node.applied >= index ? 1 : 0), total: 2 };
  }
  if (map.groups.length === 0) return { done: 0, total: 1 };
  const places = map.groups.flatMap(({ positions }) => positions.filter(({ holder }) => holder === node.nodeId));
  const own = places.filter(({ state, incarnation }) => state === 'in-sync' && incarnation === node.ecc?.incarnation);
  return { done: (isThere ? 1 : 0) + own.length, total: 1 + places.length };
}

/** Raft mode: whether it votes, or as many do as may. */
export function hasVote({ role, clusterSize }: ReportedNode): boolean {
  return role === 'leader' || role === 'follower' || (role === 'learner' && clusterSize >= MAX_VOTERS);
}

/** ecc mode: whether nobody acts for the node in any partition. */
export function leadsItsOwn({ groups }: MapReport, nodeId: string): boolean {
  return groups.every(({ positions }) =>
    positions.every(({ holder, role, primary }) => holder !== nodeId || role === 'parity' || primary === nodeId),
  );
}

/** ecc mode: holders that the cluster has no such node of any more: taken out for good, and nobody has taken their places. */
export function removedHolders({ nodes, map }: ReportedCluster): readonly string[] {
  const holders = (map?.groups ?? []).flatMap(({ positions }) => positions.map(({ holder }) => holder));
  const known = new Set(nodes.map(({ nodeId }) => nodeId));
  return [...new Set(holders.filter((holder) => !known.has(holder)))].sort();
}

function nobodyIsMissing(cluster: ReportedCluster, map: MapReport): boolean {
  return map.groups.length > 0 && removedHolders(cluster).length === 0;
}
