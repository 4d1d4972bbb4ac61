/**
 * Redis, alone or a primary with replicas, through ioredis. Nothing is written to disk: no snapshots, no append-only file. All gets of a
 * turn of the event loop travel as one pipeline, as dcache's client does it.
 *
 * With replicas a set is answered when WAIT says that all of them have it. WAIT blocks its connection, so that sets have one of
 * their own, and all sets that come while a WAIT is under way share the next one. This replicates; it does not fail over by itself.
 */
import type { Redis } from 'ioredis';
import { join } from 'node:path';
import { DcacheError } from '../../base/errors.js';
import { freePorts } from '../cluster/free-ports.js';
import { NodeProcess } from '../cluster/node-process.js';
import { makeTemporaryFolder, removeTemporaryFolder } from '../cluster/temporary-folder.js';
import { missingClient, untilReady, versionOf, type Contender } from './rival.js';

const WAIT_TIMEOUT_MS = 5_000;

export function redisVersion(): string | undefined {
  return versionOf('redis-server');
}

/** @param replicas 0: Redis alone, which tolerates nothing. Rejects with CONFIG_INVALID where ioredis is missing. */
export async function startRedis(replicas: number, signal: AbortSignal): Promise<Contender> {
  const { Redis } = await import('ioredis').catch((error: unknown) => {
    throw missingClient('ioredis', 'redis', error);
  });
  const folder = makeTemporaryFolder('redis');
  const ports = await freePorts(1 + replicas);
  const [primaryPort = 0] = ports;
  const processes = ports.map((port) => {
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
    const memoryOnly = [
      '--save',
      '',
      '--appendonly',
      'no',
      '--repl-diskless-sync',
      'yes',
      '--repl-diskless-sync-delay',
      '0',
    ];
    const role = port === primaryPort ? [] : ['--replicaof', '127.0.0.1', String(primaryPort)];
    const command = ['redis-server', ...place, ...memoryOnly, ...role];
    return new NodeProcess(`redis on ${port}`, command, join(folder, `${port}.log`));
  });
  const open = (port: number): Redis => {
    const client = new Redis({ host: '127.0.0.1', port, enableAutoPipelining: true, maxRetriesPerRequest: null });
    client.on('error', () => undefined); // requests reject, and while it starts nobody has asked anything yet
    return client;
  };
  const reader = open(primaryPort);
  const writer = open(primaryPort);
  const stop = async (): Promise<void> => {
    reader.disconnect();
    writer.disconnect();
    await Promise.all(processes.map((process) => process.kill()));
    removeTemporaryFolder(folder);
  };
  try {
    await untilReady('redis', signal, async () => {
      const connected = /connected_slaves:(\d+)/.exec(await reader.info('replication'))?.[1];
      const online = (await reader.info('replication')).match(/state=online/g)?.length ?? 0;
      return Number(connected) === replicas && online === replicas ? true : undefined;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const usedBytes = async (): Promise<number> => {
    let sum = 0;
    for (const port of ports) {
      const client = port === primaryPort ? reader : open(port);
      sum += Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1] ?? 0);
      if (client !== reader) client.disconnect();
    }
    return sum;
  };
  const emptyBytes = await usedBytes();
  const acknowledged = new AcknowledgedSets(writer, replicas);
  return {
    name:
      replicas === 0
        ? 'redis alone'
        : `redis, ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}, WAIT ${replicas}`,
    version: redisVersion() ?? '',
    tolerates: replicas,
    processes: ports.length,
    pids: processes.map(({ pid }) => pid),
    get: async (key) => (await reader.getBuffer(key)) !== null,
    set: async (key, value) => {
      if (replicas === 0) await writer.set(key, value);
      else await acknowledged.set(key, value);
    },
    getMany: async (keys) => (await reader.mgetBuffer([...keys])).filter((value) => value !== null).length,
    heldBytes: async () => (await usedBytes()) - emptyBytes,
    close: stop,
  };
}

interface WaitingSet {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Sets that are answered when all replicas have them: one pipeline with one WAIT at a time. */
class AcknowledgedSets {
  private readonly client: Redis;
  private readonly replicas: number;
  private waiting: WaitingSet[] = [];
  private flushing = false;

  constructor(client: Redis, replicas: number) {
    this.client = client;
    this.replicas = replicas;
  }

  set(key: Buffer, value: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ key, value, resolve, reject });
      if (this.flushing) return;
      this.flushing = true;
      setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.send(batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.flushing = false;
  }

  private async send(batch: readonly WaitingSet[]): Promise<void> {
    const pipeline = this.client.pipeline();
    for (const { key, value } of batch) pipeline.set(key, value);
    pipeline.wait(this.replicas, WAIT_TIMEOUT_MS);
    const results = (await pipeline.exec()) ?? [];
    for (const [error] of results) if (error !== null) throw error;
    const reached = results.at(-1)?.[1];
    if (typeof reached !== 'number' || reached < this.replicas)
      throw new DcacheError(
        'OUTCOME_UNKNOWN',
        `${String(reached)} of ${this.replicas} replicas of redis have the value`,
      );
  }
}
