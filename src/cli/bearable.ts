/** Whether a cluster could do without one of its nodes for a moment, and how far a node is on its way back: from a status report. */
import type { ClusterReport, NodeReport } from '../adapters/grpc/backend.js';
import { serviceStateOf } from './ecc-status.js';
import { summary } from './status-table.js';

/**
 * Why the cluster cannot bear the absence of `nodeId` now, in words for people; undefined when it can. `isFinal`: waiting will not
 * change that by itself.
 */
export function absenceProblem(
  report: ClusterReport,
  nodeId: string,
): { readonly reason: string; readonly isFinal: boolean } | undefined {
  const others = report.nodes.filter((node) => node.nodeId !== nodeId);
  const down = others.filter(({ up }) => !up).map((node) => node.nodeId);
  if (down.length > 0) return { reason: `${down.join(', ')} ${down.length === 1 ? 'is' : 'are'} down`, isFinal: true };
  const unready = report.nodes.filter((node) => node.up && !isBack(report, node)).map((node) => node.nodeId);
  if (unready.length > 0)
    return { reason: `${unready.join(', ')} ${unready.length === 1 ? 'is' : 'are'} not in sync yet`, isFinal: false };
  const target = report.nodes.find((node) => node.nodeId === nodeId);
  if (target?.up === true && mayFail(report) < 1) return { reason: summary(report), isFinal: true };
  return undefined;
}

/** Nodes that may be away beside those that are; below 0: it does not serve. */
function mayFail(report: ClusterReport): number {
  if (report.map === undefined) return report.up - report.needed;
  const state = serviceStateOf(report, report.map);
  return state.type === 'serving' ? state.mayFail : -1;
}

/**
 * Whether the node has everything that it should: in ecc mode it is in sync in all its groups, in raft mode it votes and has applied
 * what there was.
 *
 * @param index raft mode: up to where
 */
export function isBack(report: ClusterReport, node: NodeReport, index = 0): boolean {
  const { done, total } = wayBack(report, node, index);
  return done === total;
}

/** How much of its way back the node has behind it, in steps. */
export function wayBack(
  { map }: ClusterReport,
  node: NodeReport,
  index: number,
): { readonly done: number; readonly total: number } {
  const isThere = node.up && node.notServing === '';
  if (map === undefined) {
    const votes = node.role === 'leader' || node.role === 'follower';
    return { done: (isThere ? 1 : 0) + (isThere && votes && node.applied >= index ? 1 : 0), total: 2 };
  }
  if (map.groups.length === 0) return { done: 0, total: 1 };
  const places = map.groups.flatMap(({ positions }) => positions.filter(({ holder }) => holder === node.nodeId));
  const own = places.filter(({ state, incarnation }) => state === 'in-sync' && incarnation === node.ecc?.incarnation);
  return { done: (isThere ? 1 : 0) + own.length, total: 1 + places.length };
}
