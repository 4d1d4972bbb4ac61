/** dcache itself, as one of those that are compared. */
import type { ClusterReport } from '../../adapters/grpc/backend.js';
import { SpawnedCluster } from '../cluster/spawned-cluster.js';
import { describeShape, toleratedFailures, type ClusterShape } from '../cluster/shape.js';
import { DcacheConnection } from '../run/cache-connection.js';
import type { Contender } from './rival.js';

const TIMEOUT_MS = 20_000;

export async function startDcache(shape: ClusterShape, version: string, signal: AbortSignal): Promise<Contender> {
  const cluster = await SpawnedCluster.start(shape, { signal });
  const connection = new DcacheConnection(cluster.endpoints, TIMEOUT_MS);
  const bytesOf = (report: ClusterReport | undefined): number =>
    (report?.nodes ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    name: describeShape(shape),
    version: `dcache ${version}`,
    tolerates: toleratedFailures(shape),
    processes: shape.nodes,
    get pids() {
      return [...cluster.pids.values()];
    },
    get: (key) => connection.get(key),
    set: (key, value) => connection.set(key, value),
    getMany: (keys) => connection.getMany(keys),
    heldBytes: async () => bytesOf(await cluster.report()),
    close: async () => {
      await connection.close();
      await cluster.stop();
    },
  };
}
