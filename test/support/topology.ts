/** Topologies for tests, of which most of the fields do not matter to a test. */
import type { Topology } from '../../src/adapters/grpc/backend.js';

export function raftTopology(nodes: readonly string[] = [], leader = ''): Topology {
  return { nodes, leader, mode: 'raft', k: 0, primaries: [], mapIndex: 0, lossGenerations: [] };
}

/** @param primaries k for each group */
export function eccTopology(
  nodes: readonly string[],
  k: number,
  primaries: readonly string[],
  mapIndex: number,
  lossGenerations: readonly number[] = [],
): Topology {
  return { nodes, leader: '', mode: 'ecc', k, primaries, mapIndex, lossGenerations };
}
