/** The entries that clusters are filled with. */
import { randomBytes } from 'node:crypto';
import type { DcacheClient } from '../../../src/index.js';

export interface EntrySize {
  readonly keyBytes: number;
  readonly valueBytes: number;
}

const BATCH = 250;
const BATCHES_UNDER_WAY = 8;
/** Values are pieces of this, so that making them costs nothing and no two neighbours are equal. */
const NOISE = randomBytes(64 * 1024);

export function keyOf({ keyBytes }: EntrySize, n: number): Buffer {
  return Buffer.from(String(n).padStart(keyBytes, '0'));
}

export function valueOf({ valueBytes }: EntrySize, n: number): Buffer {
  const from = (n * 61) % (NOISE.length - valueBytes);
  return NOISE.subarray(from, from + valueBytes);
}

/** Sets entries `from` to `to`, exclusive. */
export async function fill(client: DcacheClient<Buffer>, size: EntrySize, from: number, to: number): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < to) {
      const first = next;
      next = Math.min(to, next + BATCH);
      const entries = Array.from({ length: next - first }, (_, i) => first + i);
      await client.mset(entries.map((n) => [keyOf(size, n), valueOf(size, n)] as const));
    }
  };
  await Promise.all(Array.from({ length: BATCHES_UNDER_WAY }, lane));
}
