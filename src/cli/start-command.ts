/** How a node of a cluster is started again, as far as the cluster can tell. */
import type { ClusterReport, NodeReport } from '../adapters/grpc/backend.js';
import { place, placeOf } from '../cluster/default-layout.js';

/** The command line, for the machine of the node. */
export function startCommand(node: NodeReport, { nodes }: Pick<ClusterReport, 'nodes'>): string {
  const flags = isOfDefaultLayout(node)
    ? flagsOf(nodes.find(({ up }) => up) ?? node)
    : '... (as it was started before)';
  return `dcache node start --id ${node.nodeId} ${flags}`;
}

function isOfDefaultLayout({ nodeId, clientAddress }: NodeReport): boolean {
  const number = placeOf(nodeId);
  return number !== undefined && place(number).clientListen === clientAddress;
}

/** What all are started with alike. */
function flagsOf({ mode, clusterSize, ecc }: NodeReport): string {
  const code = ecc === undefined ? '' : ` --k ${ecc.k} --m ${ecc.m}`;
  return `--mode ${mode} --nodes ${clusterSize}${code}`;
}
