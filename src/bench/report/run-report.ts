/**
 * What `dcache bench run` writes: one JSON object. `version` grows when a field changes its meaning or goes away; new fields may
 * appear in a version. Times named atMs count from the beginning of the measured part; durations are in ms, sizes in bytes.
 */
import type { Distribution } from '../workload/key-chooser.js';
import type { OperationType } from '../workload/workloads.js';

export const RUN_SCHEMA = 'dcache.bench.run';
export const RUN_SCHEMA_VERSION = 1;

export interface RunReport {
  readonly schema: typeof RUN_SCHEMA;
  readonly version: typeof RUN_SCHEMA_VERSION;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** The arguments behind `dcache`. */
  readonly command: string;
  readonly dcacheVersion: string;
  readonly machine: Machine;
  readonly target: TargetDescription;
  readonly workload: WorkloadDescription;
  readonly load: LoadDescription;
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** Length of an element of `timeline`. */
  readonly windowMs: number;
  /** Requests due in the measured part, of all kinds together. */
  readonly total: OperationFigures;
  readonly byOperation: Readonly<Partial<Record<OperationType, OperationFigures>>>;
  /** Longest time without an answer, the one from the last answer to the end included. */
  readonly longestStallMs: number;
  /** When that began. */
  readonly longestStallAtMs: number;
  readonly timeline: readonly TimelineWindow[];
  readonly nodes: readonly NodeSeries[];
  /** Of the process that sends the requests. */
  readonly driver: { readonly samples: readonly ProcessSample[] };
  readonly faults: readonly FaultRecord[];
  readonly recoveries: readonly Recovery[];
  /** Once loaded and settled, before the first measured request. */
  readonly memory: MemoryFigures;
  /** The same after the last one. */
  readonly memoryAfter: MemoryFigures;
}

export interface Machine {
  readonly cpus: number;
  readonly cpuModel: string;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  /** One-minute load average when the run began: what else the machine had to do. */
  readonly loadAverage: number;
  /** Whether requests come from a machine that also runs nodes. */
  readonly sharedWithNodes: boolean;
}

export interface TargetDescription {
  /** `spawned`: started for this run and stopped after it. */
  readonly kind: 'spawned' | 'running';
  readonly mode: 'ecc' | 'raft';
  readonly nodes: number;
  /** ecc mode only. */
  readonly k?: number;
  readonly m?: number;
  /** Nodes that may fail without a loss and without an end of service. */
  readonly tolerates: number;
  /** Whether all traffic goes through proxies, which `--cut` needs and which costs time. */
  readonly proxied: boolean;
}

export interface WorkloadDescription {
  readonly name: string;
  /** Percent. */
  readonly mix: Readonly<Partial<Record<OperationType, number>>>;
  readonly distribution: Distribution;
  readonly keys: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly seed: number;
}

/** In the open loop latencies count from when a request was due (corrected for coordinated omission). */
export type LoadDescription =
  { readonly type: 'closed'; readonly clients: number } | { readonly type: 'open'; readonly perSecond: number };

export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** [percentile, ms], ascending. */
  readonly curve: readonly (readonly [number, number])[];
}

export interface OperationFigures {
  readonly answered: number;
  /** Answered within the measured part, a second. */
  readonly perSecond: number;
  /** Gets and scans that did not find a key that had been written. */
  readonly missing: number;
  /** By error code. Their time is in no latency. */
  readonly failed: Readonly<Record<string, number>>;
  readonly latency: LatencySummary;
}

export interface TimelineWindow {
  /** Beginning of the window. */
  readonly atMs: number;
  readonly answered: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface ProcessSample {
  readonly atMs: number;
  /** Processors kept busy since the sample before; 1 is one whole processor. */
  readonly cpus: number;
  readonly residentBytes: number;
}

export interface NodeSeries {
  readonly nodeId: string;
  readonly samples: readonly NodeSample[];
}

/** What is not known is null: CPU and memory of processes on other machines, the store of a node that does not answer. */
export interface NodeSample {
  readonly atMs: number;
  readonly up: boolean;
  readonly cpus: number | null;
  readonly residentBytes: number | null;
  /** Held by the store, by the node's own accounting, and what for. */
  readonly storeBytes: number | null;
  readonly storeBytesFor: Readonly<Record<string, number>> | null;
  /** A second, of all sockets, since the sample before; of these to other nodes (null behind proxies). Null where `ss` (iproute2) is not at hand. */
  readonly sentPerSecond: number | null;
  readonly receivedPerSecond: number | null;
  readonly sentToNodesPerSecond: number | null;
}

export interface FaultRecord {
  readonly type: 'kill' | 'restart' | 'pause' | 'resume' | 'cut' | 'mend';
  readonly nodes: readonly string[];
  readonly plannedAtMs: number;
  readonly atMs: number;
}

/** From the restart of a node until every node served and held all that it has to hold again. */
export interface Recovery {
  readonly nodeId: string;
  readonly restartedAtMs: number;
  /** Null: not before the run was over. */
  readonly wholeAtMs: number | null;
}

export interface MemoryFigures {
  readonly entries: number;
  /** Of keys and values of these entries, once. */
  readonly payloadBytes: number;
  /** What no code of these parameters can go below: n/k × payload in ecc mode, n × payload in raft mode. */
  readonly floorBytes: number;
  /** What full copies would take that tolerate as many failures: (tolerates + 1) × payload. */
  readonly replicationBytes: number;
  readonly storeBytes: number;
  readonly storeBytesFor: Readonly<Record<string, number>>;
  /** Of all node processes; null where they are on other machines. */
  readonly residentBytes: number | null;
}
