/** What a node has in the groups of ecc mode, and who would take its places, by the word of the cluster. Pure. */
import type { ClusterReport } from '../adapters/grpc/backend.js';

export interface NodePart {
  /** Partitions that it leads, and groups that it is in sync in; 0 while it is down, and in raft mode. */
  readonly led: number;
  readonly held: number;
}

export function partOf({ map, nodes }: ClusterReport, nodeId: string): NodePart {
  const isUp = nodes.some((node) => node.nodeId === nodeId && node.up);
  if (map === undefined || !isUp) return { led: 0, held: 0 };
  const positions = map.groups.flatMap((group) => group.positions);
  return {
    led: positions.filter(({ primary }) => primary === nodeId).length,
    held: positions.filter(({ holder, state }) => holder === nodeId && state === 'in-sync').length,
  };
}

/** The first node that is up and has no place in any group, as cluster/replacement-plan.ts chooses; undefined when there is none. */
export function spareFor({ map, nodes }: ClusterReport, nodeId: string): string | undefined {
  const holders = new Set(map?.groups.flatMap(({ positions }) => positions.map(({ holder }) => holder)));
  if (holders.size === 0) return undefined;
  const spares = nodes.filter((node) => node.up && node.nodeId !== nodeId && !holders.has(node.nodeId));
  return spares.map((node) => node.nodeId).sort()[0];
}
