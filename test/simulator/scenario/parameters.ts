/** Everything that distinguishes one run from another, drawn from its seed. */
import { Prng } from '../../../src/base/prng.js';
import type { ControlTimings, FlowLimits } from '../../../src/actors/control/control-options.js';
import type { SnapshotPolicy } from '../../../src/actors/control/snapshot-keeper.js';
import type { EccParameters } from './ecc-parameters.js';
import { NO_CAP, type MemoryRules } from '../../../src/store/memory-cap.js';

export interface NetworkParameters {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** Whether packets of one direction keep their order, stragglers apart. */
  readonly ordered: boolean;
  readonly lossPerMille: number;
  readonly doublePerMille: number;
  readonly stragglePerMille: number;
  /** Most by which a straggler is late. */
  readonly straggleMs: number;
  readonly callLossPerMille: number;
  /** Most that it takes to notice a broken connection. */
  readonly maxNoticeMs: number;
}

export interface DiskParameters {
  readonly minWriteMs: number;
  readonly maxWriteMs: number;
  /** Longest step of reading or writing a snapshot file. */
  readonly maxFileStepMs: number;
}

export interface WorkloadParameters {
  readonly clients: number;
  readonly keys: number;
  /** Names of the keys by number; k0, k1, ... where there is none. */
  readonly keyNames: readonly string[];
  /** Longest pause of a client between two operations. */
  readonly maxThinkMs: number;
  readonly maxValueBytes: number;
  /** One value in so many is of a size up to that; the others are of a few bytes. */
  readonly largeOneIn: number;
  readonly timeoutMs: number;
  /** How often a client tries elsewhere what is definitely not done. */
  readonly maxRetries: number;
  readonly readPercent: number;
}

export interface FaultParameters {
  /** Time from one mishap to the next. */
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
  /** How long one lasts. */
  readonly maxDurationMs: number;
  /** Percentage of the mishaps that pick the leader as their victim. */
  readonly leaderPercent: number;
  /** Part of all kinds: a seed with few kinds goes deeper. */
  readonly kindsPercent: number;
  /** Rate of the fastest and slowest monotonic clock, off 1 by at most this many percent. */
  readonly driftPercent: number;
  readonly maxClockJumpMs: number;
}

/** What the state machines of a run keep their data in. */
export type StoreKind = 'segments' | 'map';

export interface Parameters {
  readonly nodes: number;
  readonly store: StoreKind;
  /** What processes are configured with, one each: those of a leader are in force. None lets a value be evicted. */
  readonly memoryRules: readonly MemoryRules[];
  readonly timings: ControlTimings;
  readonly flow: FlowLimits;
  readonly snapshots: SnapshotPolicy;
  /** Length of the phase with faults. */
  readonly safetyMs: number;
  readonly network: NetworkParameters;
  readonly disk: DiskParameters;
  readonly workload: WorkloadParameters;
  readonly faults: FaultParameters;
  /** From one thread of a process to the other. */
  readonly maxHopMs: number;
  /** Of ecc mode; undefined in raft mode. */
  readonly ecc: EccParameters | undefined;
}

/** Fills up, so that writes are refused. */
const TIGHT: MemoryRules = { maxBytes: 300_000, policy: 'noeviction' };
/** Is never reached, but what is read goes through the log. */
const SPACIOUS: MemoryRules = { maxBytes: 2 ** 26, policy: 'lru' };

const SIZES = [1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 7] as const;

export function drawParameters(seed: number): Parameters {
  const prng = new Prng(seed);
  /** One of `values` at random. */
  const one = <T>(...values: readonly T[]): T => prng.pick(values);
  return {
    nodes: prng.pick(SIZES),
    timings: {
      tickMs: one(30, 50),
      heartbeatTicks: one(1, 2),
      electionTicks: one(5, 6, 10),
      hangMs: one(1_500, 2_500),
    },
    flow: drawFlow(prng),
    snapshots: { minLogBytes: one(300, 1_000, 4_000, 1_000_000), keptEntries: one(0, 0, 3, 30) },
    safetyMs: one(3_000, 5_000, 8_000),
    network: {
      minDelayMs: one(0.05, 0.2, 1),
      maxDelayMs: one(0.5, 2, 10, 40),
      ordered: one(true, false),
      lossPerMille: one(0, 0, 10, 50, 200),
      doublePerMille: one(0, 0, 10, 100),
      stragglePerMille: one(0, 0, 10, 50, 300),
      straggleMs: one(50, 500, 2_000),
      callLossPerMille: one(0, 10, 50),
      maxNoticeMs: one(2, 50, 500),
    },
    disk: { minWriteMs: one(0.05, 0.5), maxWriteMs: one(0.5, 2, 15), maxFileStepMs: one(0.2, 20, 100) },
    workload: {
      clients: prng.between(2, 8),
      keys: prng.between(1, 6),
      keyNames: [],
      maxThinkMs: one(5, 20, 60),
      maxValueBytes: one(0, 20, 200, 4_000, 40_000),
      largeOneIn: 4,
      timeoutMs: one(300, 1_000, 3_000),
      maxRetries: prng.between(0, 3),
      readPercent: one(20, 50, 80),
    },
    faults: {
      minIntervalMs: one(20, 200),
      maxIntervalMs: one(200, 500, 1_000),
      maxDurationMs: one(300, 1_000, 2_500),
      leaderPercent: one(30, 60, 90),
      kindsPercent: one(20, 50, 100),
      driftPercent: one(0, 1, 10, 50),
      maxClockJumpMs: one(100, 10_000, 3_600_000),
    },
    maxHopMs: one(0.02, 0.2, 2),
    ecc: undefined,
    memoryRules: one([NO_CAP], [NO_CAP], [SPACIOUS], [NO_CAP, TIGHT, SPACIOUS]),
    store: one<StoreKind>('segments', 'segments', 'segments', 'map'),
  };
}

/** Narrow windows as often as those of a real node, so that messages are cut and senders wait. */
export function drawFlow(prng: Prng): FlowLimits {
  const maxAppendBytes = prng.pick([60, 400, 1_000_000]);
  return {
    maxAppendBytes,
    maxInflightAppends: prng.pick([1, 3, 256]),
    maxInflightBytes: maxAppendBytes * prng.pick([1, 16]),
    maxUncommittedBytes: prng.pick([2_000, 100_000_000]),
    maxCommittedBytesPerReady: prng.pick([100, 4_000_000]),
  };
}
