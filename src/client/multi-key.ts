/** Requests over many keys: one request a key, atomic for each key and not across keys. */
import { asDcacheError, DcacheError } from '../base/errors.js';

/** Requests of one call that are under way at a time, so that a call with a million keys does not crowd the others out. */
const WIDTH = 512;

export interface KeyFailure {
  /** Position of the key in the call's argument. */
  readonly position: number;
  readonly error: DcacheError;
}

/**
 * Some keys of mget, mset or mdel failed; the others are done. `code` and `outcome` are those of one of the failures: of one whose
 * outcome is unknown if there is any.
 */
export class DcacheBatchError extends DcacheError {
  /** In order of their positions, at least one. */
  readonly failures: readonly KeyFailure[];

  constructor(failures: readonly KeyFailure[], total: number) {
    const gravest = (failures.find(({ error }) => error.outcome === 'unknown') ?? failures[0])?.error;
    const code = gravest?.code ?? 'INTERNAL';
    super(code, `${failures.length} of ${total} keys failed: ${gravest?.message ?? ''}`, { cause: gravest });
    this.failures = failures;
  }
}

/** Results in the order of `items`. Waits for all, then rejects with a DcacheBatchError if any failed. */
export async function forEachKey<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const failures: KeyFailure[] = [];
  const rest = items.entries();
  const lane = async (): Promise<void> => {
    for (const [position, item] of rest) {
      try {
        results[position] = await work(item);
      } catch (error) {
        failures.push({ position, error: asDcacheError(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, items.length) }, lane));
  if (failures.length === 0) return results;
  failures.sort((a, b) => a.position - b.position);
  throw new DcacheBatchError(failures, items.length);
}
