/** Reports as the commands write them, small. */
import type { CompareReport } from '../../../src/bench/report/compare-report.js';
import type { LatencySummary, Machine, RunReport, WorkloadDescription } from '../../../src/bench/report/run-report.js';

const machine: Machine = {
  cpus: 2,
  cpuModel: 'Model X',
  memoryBytes: 2 ** 33,
  platform: 'linux x64',
  node: 'v20.19.0',
  loadAverage: 0.5,
  sharedWithNodes: true,
};
const workload: WorkloadDescription = {
  name: 'ycsb-a',
  mix: { get: 50, set: 50 },
  distribution: 'zipfian',
  keys: 1000,
  keyBytes: 16,
  valueBytes: 1024,
  seed: 1,
};
const latency: LatencySummary = {
  count: 4000,
  meanMs: 2,
  p50Ms: 1,
  p90Ms: 4,
  p99Ms: 40,
  p999Ms: 400,
  maxMs: 800,
  curve: [
    [0, 0.2],
    [50, 1],
    [90, 4],
    [99, 40],
    [99.9, 400],
    [100, 800],
  ],
};
const figures = { answered: 4000, perSecond: 1000, missing: 0, failed: { OUTCOME_UNKNOWN: 3 }, latency };
const memory = {
  entries: 1000,
  payloadBytes: 1_040_000,
  floorBytes: 1_733_333,
  replicationBytes: 3_120_000,
  storeBytes: 2_000_000,
  storeBytesFor: {
    live: 1_050_000,
    parity: 720_000,
    tail: 50_000,
    index: 40_000,
    dead: 0,
    other: 100_000,
    idle: 40_000,
  },
  residentBytes: null,
};
const node = { up: true, residentBytes: 1e8, storeBytes: 4e5, storeBytesFor: null };
const network = { sentPerSecond: null, receivedPerSecond: null, sentToNodesPerSecond: null };

/** Four seconds; n2 is killed at 1 s, back at 2 s, and refilled at 3.5 s. */
export function sampleRun(changes: Partial<RunReport> = {}): RunReport {
  return {
    schema: 'dcache.bench.run',
    version: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    command: 'bench run --spawn ecc',
    dcacheVersion: '0.1.0',
    machine,
    target: { kind: 'spawned', mode: 'ecc', nodes: 5, k: 3, m: 2, tolerates: 2, proxied: false },
    workload,
    load: { type: 'closed', clients: 64 },
    warmUpMs: 1000,
    durationMs: 4000,
    windowMs: 1000,
    total: figures,
    byOperation: { get: figures },
    longestStallMs: 700,
    longestStallAtMs: 1100,
    timeline: [1500, 300, 900, 1300].map((answered, i) => {
      return { atMs: i * 1000, answered, failed: i === 1 ? 3 : 0, p50Ms: 1, p99Ms: 40, maxMs: 800 };
    }),
    nodes: [
      {
        nodeId: 'n1',
        samples: [
          { ...node, ...network, atMs: 0, cpus: 9 },
          { ...node, ...network, atMs: 1000, cpus: 0.5 },
          { ...node, ...network, atMs: 4000, cpus: 0.1 },
        ],
      },
      {
        nodeId: 'n2',
        samples: [
          { ...node, ...network, atMs: 0, cpus: 0.2 },
          { ...node, ...network, atMs: 2000, up: false, cpus: null },
          { ...node, ...network, atMs: 4000, cpus: 0.4 },
        ],
      },
    ],
    driver: {
      samples: [
        { atMs: 0, cpus: 1, residentBytes: 1 },
        { atMs: 4000, cpus: 0.3, residentBytes: 1 },
      ],
    },
    faults: [
      { type: 'kill', nodes: ['n2'], plannedAtMs: 1000, atMs: 1000 },
      { type: 'restart', nodes: ['n2'], plannedAtMs: 2000, atMs: 2000 },
      { type: 'cut', nodes: ['n1', 'n3'], plannedAtMs: 3000, atMs: 3000 },
    ],
    recoveries: [{ nodeId: 'n2', restartedAtMs: 2000, wholeAtMs: 3500 }],
    memory,
    memoryAfter: memory,
    ...changes,
  };
}

/** The first system is twice as fast as the second; their latencies are the same. */
export function sampleCompare(): CompareReport {
  const system = (name: 'ecc' | 'raft', perSecond: number, bytesPerEntry: number) => ({
    system: name,
    name,
    version: `${name} 1.0`,
    tolerates: 2,
    processes: 5,
    rounds: [0, 1, 2, 3, 4].map((i) => {
      return { perSecond: perSecond + i, p50Ms: 1 + i, p99Ms: 2 + i, cpuMicrosPerOperation: 1e6 / (perSecond + i) };
    }),
    bytesPerEntry,
    residentGrowthPerEntry: -3,
  });
  return {
    schema: 'dcache.bench.compare',
    version: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    command: 'bench compare',
    dcacheVersion: '0.1.0',
    machine,
    workload,
    clients: 64,
    roundMs: 500,
    rule: 'the rule',
    systems: [system('ecc', 2000, 1800), system('raft', 1000, 5400)],
  };
}
