/** What `dcache bench compare` writes: one JSON object; `version` as in run-report.ts. */
import type { SystemName } from '../compare/systems.js';
import type { Machine, WorkloadDescription } from './run-report.js';

export const COMPARE_SCHEMA = 'dcache.bench.compare';
export const COMPARE_SCHEMA_VERSION = 1;

export interface CompareReport {
  readonly schema: typeof COMPARE_SCHEMA;
  readonly version: typeof COMPARE_SCHEMA_VERSION;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly command: string;
  readonly dcacheVersion: string;
  readonly machine: Machine;
  readonly workload: WorkloadDescription;
  /** Requests under way at a time, closed loop. */
  readonly clients: number;
  readonly roundMs: number;
  /** When a ratio is told and when not, in words. */
  readonly rule: string;
  /** In the order in which they took turns; ratios are to the first one. */
  readonly systems: readonly ComparedSystem[];
}

export interface ComparedSystem {
  readonly system: SystemName;
  readonly name: string;
  readonly version: string;
  /** Nodes that may fail at once without a loss of acknowledged writes. */
  readonly tolerates: number;
  readonly processes: number;
  readonly rounds: readonly ComparedRound[];
  /** Of all processes, by the system's own accounting, after loading. */
  readonly bytesPerEntry: number;
  /** By how much the resident memory of all processes grew while the entries were loaded. */
  readonly residentGrowthPerEntry: number;
}

export interface ComparedRound {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of all processes of the system; the client's is not in it. */
  readonly cpuMicrosPerOperation: number;
}
