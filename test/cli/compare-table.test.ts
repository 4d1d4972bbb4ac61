import { describe, expect, it } from 'vitest';
import { parseSystems } from '../../src/bench/compare/systems.js';
import type { ComparedSystem, CompareReport } from '../../src/bench/report/compare-report.js';
import { compareTables } from '../../src/cli/compare-table.js';

function compared(name: string, tolerates: number, rates: readonly number[], bytesPerEntry: number): ComparedSystem {
  const rounds = rates.map((perSecond) => ({ perSecond, p50Ms: 1, p99Ms: 2, cpuMicrosPerOperation: 1e6 / perSecond }));
  return {
    system: 'ecc',
    name,
    version: 'v1',
    tolerates,
    processes: 1,
    rounds,
    bytesPerEntry,
    residentGrowthPerEntry: 0,
  };
}

function ratioRow(first: ComparedSystem, other: ComparedSystem): string[] {
  const report: CompareReport = {
    schema: 'dcache.bench.compare',
    version: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    command: 'bench compare',
    dcacheVersion: '0.1.0',
    machine: {
      cpus: 2,
      cpuModel: 'x',
      memoryBytes: 1,
      platform: 'linux x64',
      node: 'v20',
      loadAverage: 0,
      sharedWithNodes: true,
    },
    workload: {
      name: 'ycsb-a',
      mix: { get: 100 },
      distribution: 'uniform',
      keys: 1,
      keyBytes: 16,
      valueBytes: 1,
      seed: 1,
    },
    clients: 1,
    roundMs: 1000,
    rule: 'the rule',
    systems: [first, other],
  };
  const line = compareTables(report)
    .split('\n')
    .filter((text) => text.includes(other.name))
    .at(-1);
  return (line ?? '').trim().split(/\s{2,}/);
}

describe('a comparison', () => {
  const first = compared('ours', 2, [100, 110, 120, 130, 140], 200);

  it('tells the ratio of what is apart, and that rounds overlap where they do', () => {
    expect(ratioRow(first, compared('theirs', 2, [200, 220, 240, 260, 280], 400))).toEqual([
      'theirs',
      '0.50',
      'overlap',
      'overlap',
      '2.00',
      '0.50',
    ]);
    expect(ratioRow(first, compared('theirs', 2, [90, 110, 125, 130, 150], 400))[1]).toBe('overlap');
  });

  it('compares memory only with what tolerates as many failures', () => {
    expect(ratioRow(first, compared('single', 0, [1, 2, 3, 4, 5], 100)).at(-1)).toBe('tolerates none');
    expect(ratioRow(first, compared('fewer', 1, [1, 2, 3, 4, 5], 100)).at(-1)).toBe('tolerates 1');
  });

  it('is between systems that there are, two at least', () => {
    expect(parseSystems('etcd, ecc')).toEqual(['ecc', 'etcd']);
    expect(() => parseSystems('ecc,hazelcast')).toThrow(/--only names "hazelcast"; it takes ecc, raft, redis/);
    expect(() => parseSystems('ecc')).toThrow(/it takes two to compare/);
  });
});
