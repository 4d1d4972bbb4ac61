/** Whether a cluster has everything in its place. Pure. */
import type { ClusterReport } from '../../adapters/grpc/backend.js';

/**
 * All nodes serve, and hold and lead all that they have a place for; in raft mode, all have applied what the leader had committed
 * when it was asked `before`.
 */
export function isWhole(report: ClusterReport | undefined, before?: ClusterReport): boolean {
  if (report === undefined) return false;
  const { nodes, map } = report;
  if (nodes.length === 0 || !nodes.every(({ up, notServing }) => up && notServing === '')) return false;
  if (!nodes.some(({ role }) => role === 'leader')) return false;
  if (map === undefined) {
    const committed = Math.max(0, ...(before?.nodes ?? []).map(({ commit }) => commit));
    return nodes.every(({ applied }) => applied >= committed);
  }
  const positions = map.groups.flatMap((group) => group.positions);
  const lifeOf = new Map(nodes.map(({ nodeId, ecc }) => [nodeId, ecc?.incarnation]));
  return (
    positions.length > 0 &&
    positions.every(
      ({ state, role, holder, primary, incarnation }) =>
        state === 'in-sync' && incarnation === lifeOf.get(holder) && (role === 'parity' || primary === holder),
    )
  );
}
