/** Flags that the bench commands share, and what they mean. */
import { Flags } from '@oclif/core';
import { DcacheError } from '../base/errors.js';
import type { LoadDescription } from '../bench/report/run-report.js';
import { checkValueBytes } from '../bench/workload/entries.js';
import { workloadNamed, WORKLOADS, type Workload } from '../bench/workload/workloads.js';

/** Clients of the closed loop when nobody says. */
export const DEFAULT_CLIENTS = 64;
export const MAX_CLIENTS = 16_384;
const MAX_KEYS = 100_000_000;
const MAX_RATE = 10_000_000;

export const workloadFlags = {
  workload: Flags.string({
    char: 'w',
    description: `what is asked for: ${WORKLOADS.map(({ name, summary }) => `${name} (${summary})`).join(', ')}`,
    env: 'DCACHE_WORKLOAD',
    default: 'ycsb-a',
    helpValue: 'NAME',
  }),
  keys: Flags.integer({ description: 'keys that are loaded first [default: by the workload]', env: 'DCACHE_KEYS' }),
  'value-bytes': Flags.integer({
    description: 'length of the values [default: by the workload]',
    env: 'DCACHE_VALUE_BYTES',
  }),
  seed: Flags.integer({
    description: 'the same seed asks for the same keys in the same order',
    env: 'DCACHE_SEED',
    default: 1,
  }),
};

export const clientsFlag = {
  clients: Flags.integer({
    description: `closed loop: so many requests under way, each followed by the next when it is answered [default: ${DEFAULT_CLIENTS}]`,
    env: 'DCACHE_CLIENTS',
  }),
};

/** Throws INVALID_ARGUMENT or VALUE_TOO_LARGE. */
export function workloadOf(flags: {
  readonly workload: string;
  readonly keys?: number | undefined;
  readonly 'value-bytes'?: number | undefined;
}): Workload {
  const workload = workloadNamed(flags.workload);
  return {
    ...workload,
    keys: inRange('keys', flags.keys ?? workload.keys, 1, MAX_KEYS),
    valueBytes: checkValueBytes(flags['value-bytes'] ?? workload.valueBytes),
  };
}

/** Throws INVALID_ARGUMENT. */
export function loadOf(flags: {
  readonly clients?: number | undefined;
  readonly rate?: number | undefined;
}): LoadDescription {
  if (flags.rate === undefined)
    return { type: 'closed', clients: inRange('clients', flags.clients ?? DEFAULT_CLIENTS, 1, MAX_CLIENTS) };
  if (flags.clients !== undefined)
    throw new DcacheError('INVALID_ARGUMENT', '--clients (closed loop) and --rate (open loop) exclude each other');
  return { type: 'open', perSecond: inRange('rate', flags.rate, 1, MAX_RATE) };
}

/** Throws INVALID_ARGUMENT naming the flag. */
export function inRange(flag: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new DcacheError(
    'INVALID_ARGUMENT',
    `--${flag} is ${value}; it must be a whole number from ${least} to ${most}`,
  );
}
