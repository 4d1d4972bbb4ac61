/** The Cluster service as a client calls it. Every call opens a connection of its own and closes it. */
import { LIMITS } from '../../base/limits.js';
import type { GroupEpoch } from '../../cluster/heartbeat.js';
import type { GroupLossReport } from '../../cluster/loss-report.js';
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

export async function fetchLosses(address: string, timeoutMs: number): Promise<readonly GroupLossReport[]> {
  const request = { dryRun: true, losses: [] };
  const { losses } = await withChannel(address, (client) =>
    callUnary(client, METHODS.acceptLoss, request, { peer: address, timeoutMs }),
  );
  return losses;
}

export async function acceptLosses(address: string, losses: readonly GroupEpoch[], timeoutMs: number): Promise<void> {
  const request = { dryRun: false, losses: losses.map(({ group, epoch }) => ({ group, epoch })) };
  await withChannel(address, (client) => callUnary(client, METHODS.acceptLoss, request, { peer: address, timeoutMs }));
}

export async function acknowledgeLosses(address: string, timeoutMs: number): Promise<void> {
  await withChannel(address, (client) => callUnary(client, METHODS.acknowledgeLoss, {}, { peer: address, timeoutMs }));
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
