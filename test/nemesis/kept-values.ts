/**
 * Values whose history is over: nobody writes their keys any more, so that every later read has to find what the last one has found,
 * whatever happens to the cluster until then. Keys that are known not to exist are among them.
 */
import { asDcacheError } from '../../src/base/errors.js';
import type { DcacheClient } from '../../src/client/client.js';
import { contract, expand, isSized, sizedValue } from '../support/sized-values.js';
import { Finding } from './verdict.js';

interface Kept {
  readonly value: string | null;
  readonly version: number;
}

/** What a long run holds on to at most; older ones are deleted. */
const MAX_KEPT = 20_000;
const MAX_KEPT_BYTES = 48 * 1024 * 1024;
const WIDTH = 64;
const READ_TIMEOUT_MS = 20_000;

export class KeptValues {
  /** In the order in which they were kept. */
  private readonly kept = new Map<string, Kept>();
  private bytes = 0;
  /** Reads that have found what they had to. */
  reads = 0;

  get size(): number {
    return this.kept.size;
  }

  /** Writes values that are there before the first fault, so that there is something to be recovered. */
  async fill(client: DcacheClient, count: number, bytes: number): Promise<void> {
    const keys = Array.from({ length: count }, (_, i) => `kept ${i}`);
    await inLanes(keys, async (key) => {
      const value = sizedValue(key.replace(' ', '-'), bytes);
      const { version } = await client.set(key, expand(value), { timeoutMs: READ_TIMEOUT_MS });
      this.keep(key, { value, version });
    });
  }

  keep(key: string, entry: Kept): void {
    this.kept.set(key, entry);
    this.bytes += lengthOf(entry);
  }

  /** Deletes the oldest ones beyond what is held on to. */
  async forgetOldest(client: DcacheClient): Promise<void> {
    const forgotten: string[] = [];
    for (const [key, entry] of this.kept) {
      if (this.kept.size <= MAX_KEPT && this.bytes <= MAX_KEPT_BYTES) break;
      this.kept.delete(key);
      this.bytes -= lengthOf(entry);
      forgotten.push(key);
    }
    await client.mdel(forgotten);
  }

  /** Reads every one, or `sample` of them. Rejects with a Finding when one is not what it was, or cannot be read. */
  async check(client: DcacheClient, sample = Infinity): Promise<void> {
    const step = Math.max(1, Math.ceil(this.kept.size / sample));
    const keys = [...this.kept.keys()].filter((_, i) => (i + this.reads) % step === 0);
    await inLanes(keys, async (key) => {
      const expected = this.kept.get(key);
      const found = await read(client, key);
      const value = found === undefined ? null : contract(found.value);
      const version = found?.version ?? 0;
      if (value !== expected?.value || version !== expected.version) {
        const [was, is] = [describe(expected), describe({ value, version })];
        throw new Finding('violation', `"${key}" was ${was} when its last write was over, and is now ${is}`);
      }
      this.reads++;
    });
  }
}

async function read(client: DcacheClient, key: string): Promise<{ value: string; version: number } | undefined> {
  try {
    return await client.getWithVersion(key, { timeoutMs: READ_TIMEOUT_MS });
  } catch (error) {
    const { code, message } = asDcacheError(error);
    throw new Finding('stuck', `"${key}" cannot be read though the cluster is whole: ${code}, ${message}`);
  }
}

function lengthOf({ value }: Kept): number {
  return value === null ? 0 : isSized(value) ? expand(value).length : value.length;
}

function describe(entry: Kept | undefined): string {
  if (entry === undefined || entry.value === null) return 'missing';
  return `${entry.value} (version ${entry.version})`;
}

/** Carries out `work` for all items, some at a time; rejects with the first failure. */
export async function inLanes<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const rest = items.values();
  const lane = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, items.length) }, lane));
}
