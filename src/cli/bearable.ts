/** Whether a cluster could do without one of its nodes for a moment: from a status report. */
import type { ClusterReport } from '../adapters/grpc/backend.js';
import { isBack } from '../cluster/redundancy.js';
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
