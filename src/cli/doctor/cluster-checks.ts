/** What a client needs of a cluster: nodes that answer, enough of them, and clocks that agree. */
import type { ClusterReport, NodeReport } from '../../adapters/grpc/backend.js';
import { asDcacheError } from '../../base/errors.js';
import { summary } from '../status-table.js';
import { ok, problem, warning, type Finding } from './finding.js';

/** Wall clocks of nodes that are further apart make keys end visibly early or late when the leader changes. */
const MAX_SKEW_MS = 2_000;

export interface ClusterProbe {
  nodeReport(address: string): Promise<NodeReport>;
  clusterReport(address: string): Promise<ClusterReport>;
  /** The wall clock of a node in ms since 1970, to the second; undefined when it does not tell. */
  wallClock(httpAddress: string): Promise<number | undefined>;
}

/**
 * One finding an endpoint, then what the cluster says of itself.
 * @param named whether somebody has named the endpoints; of those of the default layout some need not be in use.
 */
export async function checkCluster(
  endpoints: readonly string[],
  probe: ClusterProbe,
  named: boolean,
): Promise<Finding[]> {
  const found = await Promise.all(endpoints.map((address) => checkEndpoint(address, probe)));
  const first = endpoints.find((_, i) => found[i]?.state === 'ok');
  if (first === undefined) return found;
  const report = await probe.clusterReport(first);
  const told = named ? found : found.filter((_, i) => isUsed(endpoints[i], report));
  return [...told, checkService(report), ...(await checkClocks(report, probe))];
}

function isUsed(address: string | undefined, { nodes }: ClusterReport): boolean {
  return nodes.some(({ clientAddress }) => clientAddress === address);
}

async function checkEndpoint(address: string, probe: ClusterProbe): Promise<Finding> {
  const check = `endpoint ${address}`;
  try {
    const { nodeId, role, notServing } = await probe.nodeReport(address);
    if (notServing === '') return ok(check, `${nodeId} answers, ${role}`);
    return warning(check, `${nodeId} answers but does not serve: ${notServing}`, 'dcache cluster status --watch');
  } catch (error) {
    const { code, message } = asDcacheError(error);
    const fix =
      'dcache cluster start, or dcache node start; if the cluster is elsewhere: --endpoints HOST:PORT,... or DCACHE_ENDPOINTS';
    return problem(check, code === 'UNREACHABLE' ? 'nobody answers' : message, fix);
  }
}

function checkService(report: ClusterReport): Finding {
  const { nodes, up, needed } = report;
  const down = nodes.filter((node) => !node.up).map(({ nodeId }) => nodeId);
  const start = down.map((nodeId) => `dcache node start --id ${nodeId}`).join(' and ');
  if (up < needed) return problem('cluster', summary(report), start);
  if (down.length > 0) return warning('cluster', summary(report), start);
  return ok('cluster', summary(report));
}

async function checkClocks({ nodes }: ClusterReport, probe: ClusterProbe): Promise<Finding[]> {
  const asked = nodes.filter(({ up, httpAddress }) => up && httpAddress !== '');
  const findings = await Promise.all(
    asked.map(async ({ nodeId, httpAddress }) => {
      const theirsMs = await probe.wallClock(httpAddress);
      if (theirsMs === undefined) return undefined;
      const skewMs = Math.abs(theirsMs - Date.now());
      const check = `clock of ${nodeId}`;
      if (skewMs <= MAX_SKEW_MS) return ok(check, 'agrees with this machine');
      const message = `${Math.round(skewMs / 1000)} s away from this machine; keys may end too early or too late`;
      return problem(check, message, 'sudo timedatectl set-ntp true, on that machine and on this one');
    }),
  );
  return findings.filter((finding) => finding !== undefined);
}
