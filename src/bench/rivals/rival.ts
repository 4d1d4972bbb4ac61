/** A system that dcache is compared with, as a benchmark sees it: started by it on free loopback ports, stopped and removed by it. */
import { spawnSync } from 'node:child_process';
import { DcacheError } from '../../base/errors.js';
import type { CacheConnection } from '../run/cache-connection.js';

export interface Contender extends CacheConnection {
  /** How it is called in tables: "ecc RS(3,2)", "redis, 2 replicas, WAIT 2". */
  readonly name: string;
  readonly version: string;
  /** Nodes that may fail at once without a loss of acknowledged writes. */
  readonly tolerates: number;
  readonly processes: number;
  /** What the entries are held in, by its own accounting, all processes together; bytes that nothing was loaded into left out. */
  heldBytes(): Promise<number>;
  readonly pids: readonly number[];
  /** Closes connections, ends processes, removes data. Idempotent. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

/** The first line of `program --version`, undefined where it is not installed. */
export function versionOf(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0]?.trim() : undefined;
}

/** Waits until `condition` gives something. Rejects with UNREACHABLE after 30 s, and with the signal's reason. */
export async function untilReady<T>(
  what: string,
  signal: AbortSignal,
  condition: () => Promise<T | undefined>,
): Promise<T> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    signal.throwIfAborted();
    const value = await condition().catch(() => undefined); // not up yet
    if (value !== undefined) return value;
    if (performance.now() > deadlineMs)
      throw new DcacheError('UNREACHABLE', `${what} does not answer ${START_TIMEOUT_MS / 1000} s after its start`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A client library that is there in a clone only: published, dcache does not bring it along. */
export function missingClient(library: string, rival: string, cause: unknown): DcacheError {
  return new DcacheError(
    'CONFIG_INVALID',
    `to compare with ${rival} the package ${library} is needed, which cannot be loaded: npm install ${library}, or leave ${rival} out with --only`,
    { cause },
  );
}
