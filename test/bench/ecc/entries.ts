/** The entries that clusters are filled with. */
import { inBatches } from '../../../src/bench/run/requests.js';
import { plainKeyOf, Values, type EntrySize } from '../../../src/bench/workload/entries.js';
import type { DcacheClient } from '../../../src/index.js';

export type { EntrySize };

/** By length. */
const values = new Map<number, Values>();

export const keyOf = plainKeyOf;

export function valueOf({ valueBytes }: EntrySize, n: number): Buffer {
  const known = values.get(valueBytes) ?? new Values(valueBytes);
  values.set(valueBytes, known);
  return known.of(n);
}

/** Sets entries `from` to `to`, exclusive. */
export async function fill(client: DcacheClient<Buffer>, size: EntrySize, from: number, to: number): Promise<void> {
  const unwatched = { signal: new AbortController().signal, onProgress: () => undefined };
  await inBatches(to - from, size.keyBytes + size.valueBytes, unwatched, (numbers) =>
    client.mset(numbers.map((n) => [keyOf(size, from + n), valueOf(size, from + n)] as const)),
  );
}
