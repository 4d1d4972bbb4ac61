/** The workloads that `dcache bench` knows: what kinds of requests, in what proportion, about which keys. Pure. */
import { assert } from '../../base/assert.js';
import { DcacheError } from '../../base/errors.js';
import type { Distribution } from './key-chooser.js';

/**
 * `insert` sets a key that is new; `modify` reads a value and then writes it; `scan` reads up to 100 neighbouring keys in one batch: a cache
 * keeps no order of keys, so that the range of YCSB's E is named key by key.
 */
export const OPERATIONS = ['get', 'set', 'insert', 'scan', 'modify'] as const;
export type OperationType = (typeof OPERATIONS)[number];

export interface Workload {
  readonly name: string;
  readonly summary: string;
  /** Percent of the requests; together 100. */
  readonly mix: Readonly<Partial<Record<OperationType, number>>>;
  readonly distribution: Distribution;
  /** Loaded before the first request. */
  readonly keys: number;
  readonly valueBytes: number;
}

/** The forerunner of this project was measured with these. */
const FORERUNNER = { distribution: 'uniform', keys: 10_000, valueBytes: 100 } as const;
/** Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", SoCC 2010; the records there have 1 KB. */
const YCSB = { keys: 100_000, valueBytes: 1024 } as const;

export const WORKLOADS: readonly Workload[] = [
  { name: 'forerunner-a', summary: 'half sets, half gets', mix: { set: 50, get: 50 }, ...FORERUNNER },
  { name: 'forerunner-b', summary: '5% sets, 95% gets', mix: { set: 5, get: 95 }, ...FORERUNNER },
  { name: 'forerunner-c', summary: 'sets only', mix: { set: 100 }, ...FORERUNNER },
  { name: 'ycsb-a', summary: 'half gets, half sets', mix: { get: 50, set: 50 }, distribution: 'zipfian', ...YCSB },
  { name: 'ycsb-b', summary: '95% gets, 5% sets', mix: { get: 95, set: 5 }, distribution: 'zipfian', ...YCSB },
  { name: 'ycsb-c', summary: 'gets only', mix: { get: 100 }, distribution: 'zipfian', ...YCSB },
  {
    name: 'ycsb-d',
    summary: '95% gets of the newest, 5% new keys',
    mix: { get: 95, insert: 5 },
    distribution: 'latest',
    ...YCSB,
  },
  {
    name: 'ycsb-e',
    summary: '95% ranges of up to 100, 5% new keys',
    mix: { scan: 95, insert: 5 },
    distribution: 'zipfian',
    ...YCSB,
  },
  {
    name: 'ycsb-f',
    summary: 'half gets, half read-modify-writes',
    mix: { get: 50, modify: 50 },
    distribution: 'zipfian',
    ...YCSB,
  },
];

for (const { name, mix } of WORKLOADS) {
  assert(Object.values(mix).reduce((sum, percent) => sum + percent, 0) === 100, `the mix of ${name} is 100%`);
}

/** Throws INVALID_ARGUMENT with the names that there are. */
export function workloadNamed(name: string): Workload {
  const found = WORKLOADS.find((workload) => workload.name === name.toLowerCase());
  if (found !== undefined) return found;
  const names = WORKLOADS.map((workload) => workload.name).join(', ');
  throw new DcacheError('INVALID_ARGUMENT', `there is no workload "${name}"; it is one of ${names}`);
}
