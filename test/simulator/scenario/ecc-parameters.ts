/** The parameters of a run in ecc mode: codes, leases, segment sizes and data links on top of what both modes have. */
import { Prng } from '../../../src/base/prng.js';
import { checkCode, defaultCode, type Code } from '../../../src/cluster/code-layout.js';
import type { EccTimings } from '../../../src/cluster/ecc-timings.js';
import { partitionOfSlot, slotOf } from '../../../src/cluster/slots.js';
import { MAX_SEGMENTS, SegmentLayout } from '../../../src/store/layout.js';
import { NO_CAP } from '../../../src/store/memory-cap.js';
import { drawFlow, type FaultParameters, type NetworkParameters, type Parameters } from './parameters.js';

export interface DataLinkParameters {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** A connection that lets nothing through breaks after so long: between these. */
  readonly minBreakMs: number;
  readonly maxBreakMs: number;
  /** What a socket takes without being read from. */
  readonly socketBytes: number;
}

const TROUBLES = ['losses', 'disturbances', 'both'] as const;
export type Trouble = (typeof TROUBLES)[number];

export interface EccParameters {
  readonly code: Code;
  readonly timings: EccTimings;
  readonly layout: SegmentLayout;
  readonly dataLinks: DataLinkParameters;
  /** Nodes are seldom allowed to lose their memory while others are held up, so a run goes for one or the other, or both. */
  readonly trouble: Trouble;
  /** Longest that a rebuild takes in the codec pool. */
  readonly maxRebuildMs: number;
}

const MAX_KEYS = 24;
const SIZES = [1, 2, 3, 3, 4, 4, 5, 5, 5, 5, 6, 6] as const;

export function drawEccParameters(seed: number): Parameters {
  const prng = new Prng(seed);
  const one = <T>(...values: readonly T[]): T => prng.pick(values);
  const nodes = prng.pick(SIZES);
  const tickMs = one(30, 50);
  const electionTicks = one(8, 10);
  const trouble = one(...TROUBLES);
  const code = drawCode(prng, nodes);
  const eccTimings = drawTimings(prng, tickMs * electionTicks);
  return {
    nodes,
    timings: { tickMs, electionTicks, heartbeatTicks: one(1, 2), hangMs: one(1_500, 2_500) },
    flow: drawFlow(prng),
    snapshots: { minLogBytes: one(300, 1_000, 4_000, 1_000_000), keptEntries: one(0, 0, 3, 30) },
    safetyMs: one(4_000, 8_000),
    network: drawNetwork(prng),
    disk: { minWriteMs: one(0.05, 0.5), maxWriteMs: one(0.5, 2, 15), maxFileStepMs: one(0.2, 20) },
    workload: {
      clients: prng.between(3, 12),
      keys: one(1, 4, 12, MAX_KEYS),
      keyNames: drawKeyNames(prng, code),
      maxThinkMs: one(2, 5, 20),
      maxValueBytes: one(20, 1_000, 3_000, 3_000, 3_900, 20_000),
      largeOneIn: one(1, 2, 4),
      timeoutMs: one(300, 1_000, 3_000),
      maxRetries: prng.between(0, 3),
      readPercent: one(20, 50, 80),
    },
    faults: drawFaults(prng, trouble),
    maxHopMs: one(0.02, 0.2, 2),
    memoryRules: [NO_CAP],
    store: 'segments',
    ecc: {
      code,
      timings: eccTimings,
      layout: drawLayout(prng),
      dataLinks: {
        minDelayMs: one(0.05, 0.2),
        maxDelayMs: one(0.5, 2, 10, 40),
        minBreakMs: one(20, 300),
        maxBreakMs: one(500, 3_000),
        socketBytes: one(1_000, 100_000),
      },
      trouble,
      maxRebuildMs: one(0.1, 2, 30),
    },
  };
}

/** Keys of all partitions, or of one group: few partitions with much in them, whose segments share stripes. */
function drawKeyNames(prng: Prng, { k, m }: Code): readonly string[] {
  const groups = k + m;
  const chosen = prng.pick([groups, 1, 1]);
  const names: string[] = [];
  for (let i = 0; names.length < MAX_KEYS; i++) {
    const name = `k${i}`;
    if (partitionOfSlot(slotOf(Buffer.from(name)), groups, k).group < chosen) names.push(name);
  }
  return names;
}

/** As the defaults or anything else that k <= n < 2k allows. */
function drawCode(prng: Prng, nodes: number): Code {
  if (prng.chance(2, 3)) return defaultCode(nodes);
  const codes: Code[] = [];
  for (let k = 1; k <= nodes; k++) {
    for (let m = 0; m <= 3; m++) if (checkCode(k, m, nodes) === undefined) codes.push({ k, m });
  }
  return prng.pick(codes);
}

/** Losses follow one another as fast as nodes can be brought back; what holds nodes up leaves time to work in between. */
function drawFaults(prng: Prng, trouble: Trouble): FaultParameters {
  const one = <T>(...values: readonly T[]): T => prng.pick(values);
  const loses = trouble === 'losses';
  return {
    minIntervalMs: loses ? 20 : one(50, 400),
    maxIntervalMs: loses ? one(200, 500) : one(500, 1_500),
    maxDurationMs: loses ? one(50, 300, 1_000) : one(300, 1_000, 3_000, 5_000),
    leaderPercent: one(10, 30, 60),
    kindsPercent: loses ? 100 : one(30, 100),
    // Of two clocks that are off in opposite directions; below what leases allow for.
    driftPercent: one(0, 1, 4),
    maxClockJumpMs: one(100, 10_000, 3_600_000),
  };
}

function drawTimings(prng: Prng, minElectionTimeoutMs: number): EccTimings {
  const heartbeatMs = prng.pick([40, 60, 100]);
  const leaseMs = heartbeatMs * prng.pick([3, 5]);
  const driftPercent = 10;
  const heartbeatTimeoutMs = Math.floor((leaseMs * 11) / 10) + prng.pick([1, 150]);
  const linkTimeoutMs = heartbeatTimeoutMs + prng.pick([50, 800]);
  return { heartbeatMs, leaseMs, driftPercent, heartbeatTimeoutMs, linkTimeoutMs, minElectionTimeoutMs };
}

/** Few losses: what they do to heartbeats is that nodes are taken out and come back, again and again. */
function drawNetwork(prng: Prng): NetworkParameters {
  const one = <T>(...values: readonly T[]): T => prng.pick(values);
  return {
    minDelayMs: one(0.05, 0.2, 1),
    maxDelayMs: one(0.5, 2, 10, 25),
    ordered: one(true, false),
    lossPerMille: one(0, 0, 10, 50),
    doublePerMille: one(0, 0, 10, 100),
    stragglePerMille: one(0, 0, 10, 50),
    straggleMs: one(50, 500, 2_000),
    callLossPerMille: one(0, 0, 10),
    maxNoticeMs: one(2, 50, 500),
  };
}

/** Small segments, so that they are sealed, folded and released all the time. */
function drawLayout(prng: Prng): SegmentLayout {
  const KIB = 1024;
  // The largest has to hold two keys of the longest kind.
  const largest = { count: MAX_SEGMENTS, bytes: 256 * KIB };
  return new SegmentLayout(
    prng.pick([
      [{ count: 400, bytes: 4 * KIB }, largest],
      [{ count: 6, bytes: 4 * KIB }, { count: 200, bytes: 8 * KIB }, largest],
      [{ count: 16, bytes: 4 * KIB }, { count: 16, bytes: 16 * KIB }, { count: 32, bytes: 64 * KIB }, largest],
    ]),
  );
}
