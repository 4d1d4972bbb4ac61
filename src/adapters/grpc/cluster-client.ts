/** The Cluster service as a client calls it. Every call opens a connection of its own and closes it. */
import { LIMITS } from '../../base/limits.js';
import type { MapReport } from '../../cluster/map-report.js';
import type { ClusterReport, NodeReport } from './backend.js';
import { openChannel } from './channel.js';
import { ClusterDefinition } from './generated/dcache/v1/cluster.js';
import { serviceDefinition } from './service-definition.js';
import { callUnary } from './unary.js';

const METHODS = serviceDefinition(ClusterDefinition);

/** All reject with a DcacheError. Addresses are host:port of client ports. */
export function fetchClusterReport(address: string, timeoutMs: number): Promise<ClusterReport> {
  return withChannel(address, (client) => callUnary(client, METHODS.status, {}, { peer: address, timeoutMs }));
}

export function fetchNodeReport(address: string, timeoutMs: number): Promise<NodeReport> {
  return withChannel(address, (client) => callUnary(client, METHODS.nodeStatus, {}, { peer: address, timeoutMs }));
}

export function fetchMap(address: string, timeoutMs: number): Promise<MapReport> {
  return withChannel(address, (client) => callUnary(client, METHODS.map, {}, { peer: address, timeoutMs }));
}

export async function addNode(address: string, nodeId: string, timeoutMs: number): Promise<void> {
  await withChannel(address, (client) => callUnary(client, METHODS.addNode, { nodeId }, { peer: address, timeoutMs }));
}

export async function removeNode(address: string, nodeId: string, timeoutMs: number): Promise<void> {
  await withChannel(address, (client) =>
    callUnary(client, METHODS.removeNode, { nodeId }, { peer: address, timeoutMs }),
  );
}

export async function restartNode(address: string, nodeId: string, timeoutMs: number): Promise<void> {
  await withChannel(address, (client) =>
    callUnary(client, METHODS.restartNode, { nodeId }, { peer: address, timeoutMs }),
  );
}

async function withChannel<T>(
  address: string,
  call: (client: ReturnType<typeof openChannel>) => Promise<T>,
): Promise<T> {
  const client = openChannel(address, LIMITS.maxClientMessageBytes);
  try {
    return await call(client);
  } finally {
    client.close();
  }
}
