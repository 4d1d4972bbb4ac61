/** Carries the requests of a workload out on a connection, and loads its keys. */
import { assertNever } from '../../base/assert.js';
import type { Values } from '../workload/entries.js';
import { keyOf } from '../workload/entries.js';
import type { BenchRequest, KeySpace } from '../workload/request-stream.js';
import type { CacheConnection } from './cache-connection.js';

/** @returns how many keys that had been written were not there. */
export async function carryOut(
  connection: CacheConnection,
  { type, key, count }: BenchRequest,
  values: Values,
  keys: KeySpace,
): Promise<number> {
  switch (type) {
    case 'get':
      return (await connection.get(keyOf(key))) ? 0 : 1;
    case 'set':
      await connection.set(keyOf(key), values.of(key));
      return 0;
    case 'insert':
      try {
        await connection.set(keyOf(key), values.of(key));
      } finally {
        keys.settle(key);
      }
      return 0;
    case 'scan':
      return count - (await connection.getMany(Array.from({ length: count }, (_, i) => keyOf(key + i))));
    case 'modify': {
      const found = await connection.get(keyOf(key));
      await connection.set(keyOf(key), values.of(key + 1));
      return found ? 0 : 1;
    }
    default:
      return assertNever(type, 'operation');
  }
}

const BATCH_BYTES = 1024 * 1024;
const MAX_BATCH = 256;
const BATCHES_UNDER_WAY = 4;

/** Runs `work` for the numbers from 0 to `count`, exclusive, in batches that fit `bytes` each into a bounded amount of memory. */
export async function inBatches(
  count: number,
  bytes: number,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (done: number) => void },
  work: (numbers: readonly number[]) => Promise<unknown>,
): Promise<void> {
  const size = Math.max(1, Math.min(MAX_BATCH, Math.floor(BATCH_BYTES / Math.max(1, bytes))));
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      signal.throwIfAborted();
      const numbers = Array.from({ length: Math.min(size, count - next) }, (_, i) => next + i);
      next += numbers.length;
      await work(numbers);
      done += numbers.length;
      onProgress(done);
    }
  };
  await Promise.all(Array.from({ length: BATCHES_UNDER_WAY }, lane));
}
