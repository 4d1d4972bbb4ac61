/** What the tests of the suite share: the cluster under test, a client of each kind, and keys of their own. */
import { randomBytes } from 'node:crypto';
import { bufferCodec, DcacheClient, type DcacheError } from '../../src/index.js';
import { LIMITS } from '../../src/base/limits.js';

/** A running cluster, whatever its mode and size. */
export interface ClusterUnderTest {
  /** Client addresses of all nodes. */
  readonly endpoints: readonly string[];
  /** Kills one more node; resolves with the addresses of those that are left, as soon as they serve without it. */
  loseNode(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** How much is tried. */
export interface Effort {
  /** Size of the largest value. */
  readonly largeValueBytes: number;
  /** Keys of the largest mset. */
  readonly manyKeys: number;
}

/** Values up to the limit, and more keys than a node works on at a time. */
export const ALL: Effort = { largeValueBytes: LIMITS.maxValueBytes, manyKeys: LIMITS.maxRequestsInFlight + 100 };
/** The same paths with less on them: values of several pieces, and msets of several batches. */
export const LESS: Effort = { largeValueBytes: 3 * LIMITS.largeValueBytes, manyKeys: 1_500 };

export interface KvContext extends Effort {
  /** Of the nodes that are up. */
  readonly endpoints: () => readonly string[];
  /** Strings. Asks all nodes, those that have been lost as well. */
  readonly client: () => DcacheClient;
  readonly bytes: () => DcacheClient<Buffer>;
}

/** A key that no other test uses, so that tests need not clean up. */
export function freshKey(name = 'key'): string {
  return `${name}:${randomBytes(6).toString('hex')}`;
}

/** The DcacheError that `work` rejects with; fails when it resolves. */
export async function failure(work: Promise<unknown>): Promise<DcacheError> {
  try {
    await work;
  } catch (error) {
    return error as DcacheError;
  }
  throw new Error('expected a rejection');
}

/** Calls `ask` until its answer satisfies `enough`. */
export async function eventually<T>(ask: () => Promise<T>, enough: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (enough(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`still ${JSON.stringify(answer)} after 10 s`);
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function clientsOf(endpoints: readonly string[]): { text: DcacheClient; bytes: DcacheClient<Buffer> } {
  const options = { endpoints, timeoutMs: 15_000 };
  return { text: new DcacheClient(options), bytes: new DcacheClient({ ...options, codec: bufferCodec }) };
}
