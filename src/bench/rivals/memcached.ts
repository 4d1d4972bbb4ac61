/** memcached, one process, through memjs. It keeps no second copy of anything: its failure loses everything. */
import { join } from 'node:path';
import { freePorts } from '../cluster/free-ports.js';
import { NodeProcess } from '../cluster/node-process.js';
import { makeTemporaryFolder, removeTemporaryFolder } from '../cluster/temporary-folder.js';
import { missingClient, untilReady, versionOf, type Contender } from './rival.js';

/** In MiB, so that nothing is evicted. */
const CAPACITY_MIB = 4096;
/** Longest item: the largest value of dcache does not fit, 1 MiB and its key does. */
const ITEM_SIZE = '8m';
const TIMEOUT_SECONDS = 10;

export function memcachedVersion(): string | undefined {
  return versionOf('memcached');
}

/** Rejects with CONFIG_INVALID where memjs is missing. */
export async function startMemcached(signal: AbortSignal): Promise<Contender> {
  const { default: memjs } = await import('memjs').catch((error: unknown) => {
    throw missingClient('memjs', 'memcached', error);
  });
  const folder = makeTemporaryFolder('memcached');
  const [port = 0] = await freePorts(1);
  // It refuses to run as root unless told whom to become, and has nothing to do with files.
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const size = ['-m', String(CAPACITY_MIB), '-I', ITEM_SIZE];
  const command = ['memcached', '-l', '127.0.0.1', '-p', String(port), '-U', '0', ...size, ...user];
  const server = new NodeProcess('memcached', command, join(folder, 'memcached.log'));
  const client = memjs.Client.create(`127.0.0.1:${port}`, { timeout: TIMEOUT_SECONDS, retries: 1 });
  const stats = (): Promise<Record<string, string>> =>
    new Promise((resolve, reject) =>
      client.stats((error, _, answer) =>
        (error ?? answer === null) ? reject(error ?? new Error('no answer')) : resolve(answer),
      ),
    );
  const stop = async (): Promise<void> => {
    client.close();
    await server.kill();
    removeTemporaryFolder(folder);
  };
  try {
    await untilReady('memcached', signal, stats);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name: 'memcached',
    version: memcachedVersion() ?? '',
    tolerates: 0,
    processes: 1,
    pids: [server.pid],
    get: async (key) => (await client.get(key)).value !== null,
    set: async (key, value) => void (await client.set(key, value, {})),
    getMany: async (keys) => {
      const found = await Promise.all(keys.map((key) => client.get(key)));
      return found.filter(({ value }) => value !== null).length;
    },
    // Items with their headers; what its slabs leave empty between them is not in it.
    heldBytes: async () => Number((await stats())['bytes'] ?? 0),
    close: stop,
  };
}
