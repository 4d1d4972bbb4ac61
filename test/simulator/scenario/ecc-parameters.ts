/** The parameters of a run in ecc mode: codes, leases, segment sizes and data links on top of what both modes have. */
import { LIMITS } from '../../../src/base/limits.js';
import { checkCode, defaultCode, type Code } from '../../../src/cluster/code-layout.js';
import type { EccTimings } from '../../../src/cluster/ecc-timings.js';
import { partitionOfSlot, slotOf } from '../../../src/cluster/slots.js';
import { MAX_SEGMENTS, SegmentLayout } from '../../../src/store/layout.js';
import { leastCapBytes, partitionsHeld } from '../../../src/replication/memory-reserve.js';
import { NO_CAP, type EvictionPolicy, type MemoryRules } from '../../../src/store/memory-cap.js';
import { isOfTrouble, strikesOf, TROUBLES, type Trouble } from '../fault-counts.js';
import type { Draw } from './draw.js';
import { drawFaults, drawKinds, drawStrikes, type FaultParameters, type Strike } from './fault-parameters.js';
import { drawNetworkOfLeases } from './network-parameters.js';
import { drawDisk, drawFlow, drawHopMs, drawSnapshots } from './node-parameters.js';
import type { Parameters } from './parameters.js';
import { drawWorkload, type WorkloadParameters } from './workload-parameters.js';

export interface DataLinkParameters {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** A connection that lets nothing through breaks after so long: between these. */
  readonly minBreakMs: number;
  readonly maxBreakMs: number;
  /** What a socket takes without being read from. */
  readonly socketBytes: number;
}

export interface EccParameters {
  readonly code: Code;
  readonly timings: EccTimings;
  readonly layout: SegmentLayout;
  /** Two of the longest fit the largest segment. */
  readonly maxKeyBytes: number;
  readonly dataLinks: DataLinkParameters;
  /** Longest that a rebuild takes in the codec pool. */
  readonly maxRebuildMs: number;
  /** Bytes a second that a node sends to learners. */
  readonly recoveryRate: number;
  /** In a run in which more is lost than is promised: who declares it. Undefined in others, where it may not come to that. */
  readonly loss: 'person' | 'policy' | undefined;
}

const KIB = 1024;
/** Names in a run that has small segments only. */
const SHORT_KEY_BYTES = 1_024;

const SIZES = [1, 2, 3, 3, 4, 4, 5, 5, 5, 5, 6, 6] as const;

export function drawEccParameters(draw: Draw): Parameters {
  const founding = draw.one('nodes', ...SIZES);
  const code = drawCode(draw, founding);
  const nodes = founding + draw.one('spares', 0, 0, 1);
  const tickMs = draw.one('tick', 30, 50);
  const electionTicks = draw.one('election ticks', 8, 10);
  const calmMs = draw.one('calm', 0, 1_000, 1_500);
  const safetyMs = calmMs + draw.one('safety phase', 1_500, 3_000, 5_000);
  const eviction = drawEviction(draw, code);
  // Where values are evicted, members are to be out meanwhile.
  const trouble = eviction === undefined ? draw.one<Trouble>('trouble', ...TROUBLES, 'losses') : 'both';
  const faults = drawEccFaults(draw, trouble);
  const layout = eviction?.layout ?? drawLayout(draw);
  const loss = draw.percent('more lost than is promised', 15)
    ? draw.one<'person' | 'policy'>('who declares a loss', 'person', 'person', 'policy')
    : undefined;
  return {
    mode: 'ecc',
    salt: 0,
    nodes,
    timings: {
      tickMs,
      electionTicks,
      heartbeatTicks: draw.one('heartbeat ticks', 1, 2),
      hangMs: draw.one('patience with main', 1_500, 2_500),
    },
    flow: drawFlow(draw),
    snapshots: drawSnapshots(draw),
    safetyMs,
    network: drawNetworkOfLeases(draw),
    disk: drawDisk(draw),
    workload: eviction === undefined ? drawEccWorkload(draw, code) : drawTooMuch(draw, eviction),
    faults,
    strikes: [
      ...drawStrikes(draw, faults, nodes, { fromMs: calmMs, untilMs: safetyMs }),
      ...(loss === undefined ? [] : [drawLoss(draw, calmMs, safetyMs)]),
    ],
    maxHopMs: drawHopMs(draw),
    memoryRules: eviction?.memoryRules ?? drawMemoryRules(draw, code, layout),
    store: 'segments',
    ecc: {
      code,
      timings: drawTimings(draw, tickMs * electionTicks),
      layout,
      maxKeyBytes: eviction === undefined ? LIMITS.maxKeyBytes : SHORT_KEY_BYTES,
      dataLinks: {
        minDelayMs: draw.one('least delay of data', 0.05, 0.2),
        maxDelayMs: draw.one('longest delay of data', 0.5, 2, 2, 10, 40),
        minBreakMs: draw.one('soonest break', 20, 300),
        maxBreakMs: draw.one('latest break', 500, 3_000),
        socketBytes: draw.one('socket', 1_000, 100_000),
      },
      maxRebuildMs: draw.one('rebuild time', 0.1, 2, 30),
      recoveryRate: draw.one('recovery rate', Infinity, Infinity, 300_000),
      loss,
    },
  };
}

/** A run in which there is more than the nodes may hold, so that values are evicted. */
interface Eviction {
  readonly layout: SegmentLayout;
  readonly memoryRules: readonly MemoryRules[];
}

/**
 * As on a real node the least cap follows from the layout: it is small where the largest segment is. On top of it comes what is open in
 * all partitions before there is much in them.
 */
function drawEviction(draw: Draw, { k, m }: Code): Eviction | undefined {
  if (!draw.percent('values are evicted', 10)) return undefined;
  const largest = { count: MAX_SEGMENTS, bytes: 16 * KIB };
  const layout = new SegmentLayout(
    draw.one(
      'layout of little memory',
      [{ count: 400, bytes: 4 * KIB }, largest],
      [{ count: 16, bytes: 8 * KIB }, largest],
    ),
  );
  const leastBytes = leastCapBytes({ k, m, layout }) + partitionsHeld({ k, m }) * layout.largestBytes;
  const policy = draw.one<EvictionPolicy>('eviction', 'lru', 'lru', 'ttl');
  // One for all: a node that comes back with less than it had cannot hold its part, and says so for minutes.
  return { layout, memoryRules: [{ maxBytes: leastBytes + draw.one('cap', 0, 0, 128 * KIB), policy }] };
}

/** Late enough for something to be there, mostly early enough for the rest of the run to be about what follows. */
function drawLoss(draw: Draw, calmMs: number, safetyMs: number): Strike {
  const atMs = draw.between('time of the loss', calmMs + 500, Math.max(calmMs + 500, safetyMs - 200));
  return { atMs, fault: 'more lost than is promised', victim: 0, seed: draw.stream('loss').uint32() };
}

/** Few keys that are written over and over, or many that are mostly read: what is read again after a loss lies in sealed segments. */
function drawEccWorkload(draw: Draw, code: Code): WorkloadParameters {
  const keys = draw.one('keys', 1, 4, 12, 40, 80, 80);
  const isStored = keys >= 40;
  return {
    ...drawWorkload(draw),
    clients: draw.between('clients', 4, 12),
    keys,
    keyNames: drawKeyNames(draw, code, keys),
    filledFirst: isStored,
    maxThinkMs: draw.one('think time', 1, 3, 10),
    readPercent: isStored ? draw.one('reads', 50, 80, 90) : draw.one('reads', 20, 50, 80),
    maxValueBytes: isStored
      ? draw.one('value size', 1_000, 2_000, 3_000)
      : draw.one('value size', 20, 1_000, 3_000, 3_000, 3_900, 20_000),
    largeOneIn: isStored ? 1 : draw.one('large values', 1, 2, 4),
  };
}

/** More than fits, written and read for as long as the run goes on. */
function drawTooMuch(draw: Draw, { memoryRules }: Eviction): WorkloadParameters {
  const keys = draw.one('keys of too much', 200, 300);
  return {
    ...drawWorkload(draw),
    clients: draw.between('clients', 6, 12),
    keys,
    filledFirst: true,
    maxThinkMs: draw.one('think time', 1, 3),
    readPercent: draw.one('reads', 20, 50),
    maxValueBytes: draw.one('value size of too much', 4_000, 8_000),
    largeOneIn: 1,
    mortal: memoryRules.some(({ policy }) => policy === 'ttl'),
  };
}

/** Keys of all partitions, or of one group: few partitions with much in them, whose segments share stripes. */
function drawKeyNames(draw: Draw, { k, m }: Code, count: number): readonly string[] {
  const groups = k + m;
  const chosen = draw.one('groups with keys', groups, 1, 1);
  const names: string[] = [];
  for (let i = 0; names.length < count; i++) {
    const name = `k${i}`;
    if (partitionOfSlot(slotOf(Buffer.from(name)), groups, k).group < chosen) names.push(name);
  }
  return names;
}

/** As the defaults or anything else that k <= n < 2k allows. */
function drawCode(draw: Draw, nodes: number): Code {
  if (draw.percent('usual code', 67)) return defaultCode(nodes);
  // Without parity nothing can fail, so little is tried.
  const leastParity = nodes > 2 && draw.percent('parity', 90) ? 1 : 0;
  const codes: Code[] = [];
  for (let k = 1; k <= nodes; k++) {
    for (let m = leastParity; m <= 3; m++) if (checkCode(k, m, nodes) === undefined) codes.push({ k, m });
  }
  return draw.one('code', ...codes);
}

/**
 * Nodes are seldom allowed to lose their memory while others are held up, so a run goes for one or the other, or both. Losses
 * follow one another as fast as nodes can be brought back; what holds nodes up leaves time to work in between.
 */
function drawEccFaults(draw: Draw, trouble: Trouble): FaultParameters {
  const loses = trouble === 'losses';
  const kinds = strikesOf('ecc').filter((fault) => isOfTrouble(fault, trouble));
  return {
    ...drawFaults(draw, kinds),
    minIntervalMs: loses ? 20 : draw.one('shortest interval', 50, 400),
    maxIntervalMs: loses ? draw.one('longest interval', 200, 500) : draw.one('longest interval', 500, 1_500),
    maxDurationMs: loses
      ? draw.one('longest mishap', 100, 1_000, 3_000)
      : draw.one('longest mishap', 300, 1_000, 3_000, 5_000),
    leaderPercent: draw.one('leaders struck', 10, 30, 60),
    kinds: drawKinds(draw, kinds, draw.one('kinds of mishaps', 30, 60, 90)),
    // Of two clocks that are off in opposite directions; below what leases allow for.
    driftPercent: draw.one('drift', 0, 1, 4),
  };
}

function drawTimings(draw: Draw, minElectionTimeoutMs: number): EccTimings {
  const heartbeatMs = draw.one('heartbeat', 40, 60, 100);
  const leaseMs = heartbeatMs * draw.one('heartbeats a lease', 3, 5);
  const driftPercent = 10;
  const heartbeatTimeoutMs = Math.floor((leaseMs * 11) / 10) + draw.one('heartbeat timeout', 1, 150);
  const linkTimeoutMs = heartbeatTimeoutMs + draw.one('link timeout', 50, 800);
  return { heartbeatMs, leaseMs, driftPercent, heartbeatTimeoutMs, linkTimeoutMs, minElectionTimeoutMs };
}

/** Mostly no cap; else caps that leave room for a few hundred KiB, not the same at all nodes. */
function drawMemoryRules(draw: Draw, { k, m }: Code, layout: SegmentLayout): readonly MemoryRules[] {
  const MIB = 1024 * 1024;
  const shape = { k, m, layout };
  const maxBytes = Math.max(2 * MIB, leastCapBytes(shape));
  return draw.one<readonly MemoryRules[]>(
    'memory rules',
    [NO_CAP],
    [NO_CAP],
    [{ maxBytes, policy: 'noeviction' }],
    [
      { maxBytes, policy: 'noeviction' },
      { maxBytes: maxBytes + MIB, policy: 'noeviction' },
    ],
  );
}

/** Small segments, so that they are sealed, folded and released all the time. */
function drawLayout(draw: Draw): SegmentLayout {
  // The largest has to hold two keys of the longest kind.
  const largest = { count: MAX_SEGMENTS, bytes: 256 * KIB };
  return new SegmentLayout(
    draw.one(
      'layout',
      [{ count: 400, bytes: 4 * KIB }, largest],
      [{ count: 6, bytes: 4 * KIB }, { count: 200, bytes: 8 * KIB }, largest],
      [{ count: 16, bytes: 4 * KIB }, { count: 16, bytes: 16 * KIB }, { count: 32, bytes: 64 * KIB }, largest],
    ),
  );
}
