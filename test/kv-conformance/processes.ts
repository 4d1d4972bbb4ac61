/** A cluster of real processes under the suite, which may be made to lose nodes. */
import type { ClusterReport } from '../../src/adapters/grpc/backend.js';
import type { Mode } from '../../src/base/ids.js';
import { ProcessCluster, type ClusterShape, type NodeFlags } from '../support/process-cluster.js';
import type { ClusterUnderTest } from './context.js';

/**
 * The suite is about answers, not about how soon a failure is noticed: with nodes down, one more that a busy machine keeps from running
 * for half a second would be one too many.
 */
const UNHURRIED: Readonly<Record<Mode, NodeFlags>> = {
  raft: { 'election-ticks': '20' },
  ecc: {
    'election-ticks': '20',
    'lease-ms': '2000',
    'heartbeat-timeout-ms': '2500',
    'link-timeout-ms': '5000',
  },
};

export async function startProcesses(shape: ClusterShape): Promise<ClusterUnderTest> {
  const cluster = await ProcessCluster.start(shape, UNHURRIED[shape.mode]);
  const alive = cluster.founders;
  return {
    endpoints: cluster.endpoints,
    loseNode: async () => {
      // Who leads Raft goes first: of all nodes the one whose death sets off the most.
      const lost = await cluster.leader(...alive);
      alive.splice(alive.indexOf(lost), 1);
      await cluster.node(lost).kill();
      await cluster.leader(...alive);
      await cluster.until(`${alive.join(', ')} serve without ${lost}`, async () => {
        const reports = await Promise.all(alive.map((id) => cluster.status(id)));
        return reports.every((report) => report !== undefined && servesWith(report, alive));
      });
      return alive.map((id) => cluster.planOf(id).client);
    },
    stop: () => cluster.stop(),
  };
}

/** Whoever is alive serves, and whoever is not leads nothing. */
function servesWith({ nodes, map }: ClusterReport, alive: readonly string[]): boolean {
  const positions = (map?.groups ?? []).flatMap((group) => group.positions);
  return (
    alive.every((id) => nodes.find(({ nodeId }) => nodeId === id)?.notServing === '') &&
    positions.every(({ role, primary }) => role === 'parity' || alive.includes(primary))
  );
}
