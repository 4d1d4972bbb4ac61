/** The cluster that a run is against: one that runs already, or one that is started for it. */
import type { ClusterReport } from '../../adapters/grpc/backend.js';
import { fetchClusterReport } from '../../adapters/grpc/cluster-client.js';
import { DcacheError } from '../../base/errors.js';
import { LinkProxies } from '../cluster/link-proxies.js';
import { SpawnedCluster } from '../cluster/spawned-cluster.js';
import { toleratedFailures, type ClusterShape } from '../cluster/shape.js';
import { localPids } from '../measure/node-sampler.js';
import type { TargetDescription } from '../report/run-report.js';
import type { FaultStep } from '../workload/fault-schedule.js';

export interface RunTarget {
  readonly description: TargetDescription;
  readonly nodeIds: readonly string[];
  readonly endpoints: readonly string[];
  /** Undefined while no node answers. */
  report(): Promise<ClusterReport | undefined>;
  pids(report: ClusterReport | undefined): ReadonlyMap<string, number>;
  /** Whether this run started its nodes and may do things to them. */
  readonly carryOut: ((step: FaultStep) => Promise<void>) | undefined;
  stop(): Promise<void>;
}

const ASK_TIMEOUT_MS = 2_000;

export interface SpawnTargetOptions {
  /** Puts a proxy in front of every node, which `cut` needs. */
  readonly proxied: boolean;
  readonly signal: AbortSignal;
}

/** Rejects with INVALID_ARGUMENT where links cannot be cut. */
export async function spawnTarget(shape: ClusterShape, options: SpawnTargetOptions): Promise<RunTarget> {
  const { proxied, signal } = options;
  if (proxied) LinkProxies.refuseWhereImpossible();
  const cluster = await SpawnedCluster.start(shape, { network: proxied ? new LinkProxies() : undefined, signal });
  return {
    description: { kind: 'spawned', ...describe(shape), proxied },
    nodeIds: cluster.nodeIds,
    endpoints: cluster.endpoints,
    report: () => cluster.report(),
    pids: () => cluster.pids,
    carryOut: (step) => cluster.carryOut(step),
    stop: () => cluster.stop(),
  };
}

/** Rejects with UNREACHABLE when nobody answers at these addresses, NOT_ENOUGH_NODES when the cluster does not serve. */
export async function runningTarget(endpoints: readonly string[]): Promise<RunTarget> {
  const first = await firstReport(endpoints);
  const { nodes, map } = first;
  const ecc = nodes.find((node) => node.ecc !== undefined)?.ecc;
  const code = map === undefined ? undefined : ecc && { k: ecc.k, m: ecc.m };
  const shape: ClusterShape = { mode: map === undefined ? 'raft' : 'ecc', nodes: nodes.length, code };
  const dumb = nodes.find(({ up, notServing }) => up && notServing !== '');
  if (dumb !== undefined)
    throw new DcacheError(
      'NOT_ENOUGH_NODES',
      `${dumb.nodeId} does not serve: ${dumb.notServing}; see \`dcache cluster status\``,
    );
  return {
    description: { kind: 'running', ...describe(shape), proxied: false },
    nodeIds: nodes.map(({ nodeId }) => nodeId),
    endpoints,
    report: () => firstReport(endpoints).catch(() => undefined), // whoever measures sees that it does not answer
    pids: localPids,
    carryOut: undefined,
    stop: () => Promise.resolve(),
  };
}

function describe(shape: ClusterShape): Omit<TargetDescription, 'kind' | 'proxied'> {
  return { mode: shape.mode, nodes: shape.nodes, ...(shape.code ?? {}), tolerates: toleratedFailures(shape) };
}

async function firstReport(endpoints: readonly string[]): Promise<ClusterReport> {
  for (const address of endpoints) {
    try {
      return await fetchClusterReport(address, ASK_TIMEOUT_MS);
    } catch (error) {
      if (!(error instanceof DcacheError)) throw error; // the next one may be up
    }
  }
  throw new DcacheError(
    'UNREACHABLE',
    `nobody answers at ${endpoints.join(', ')}; start a cluster with \`dcache cluster start\`, name another one with --endpoints, or let this command start one with --spawn`,
  );
}
