/** The parameters of a run in raft mode. */
import { NO_CAP, type MemoryRules } from '../../../src/store/memory-cap.js';
import { strikesOf } from '../fault-counts.js';
import type { Draw } from './draw.js';
import { drawFaults, drawStrikes } from './fault-parameters.js';
import { drawNetwork } from './network-parameters.js';
import { drawDisk, drawFlow, drawHopMs, drawSnapshots } from './node-parameters.js';
import type { Parameters, StoreKind } from './parameters.js';
import { drawWorkload } from './workload-parameters.js';

/** Fills up, so that writes are refused. */
const TIGHT: MemoryRules = { maxBytes: 300_000, policy: 'noeviction' };
/** Is never reached, but what is read goes through the log. */
const SPACIOUS: MemoryRules = { maxBytes: 2 ** 26, policy: 'lru' };

const SIZES = [1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 7] as const;

export function drawRaftParameters(draw: Draw): Parameters {
  const nodes = draw.one('nodes', ...SIZES);
  const safetyMs = draw.one('safety phase', 3_000, 5_000, 8_000);
  const faults = drawFaults(draw, strikesOf('raft'));
  return {
    mode: 'raft',
    salt: 0,
    nodes,
    timings: {
      tickMs: draw.one('tick', 30, 50),
      heartbeatTicks: draw.one('heartbeat ticks', 1, 2),
      electionTicks: draw.one('election ticks', 5, 6, 10),
      hangMs: draw.one('patience with main', 1_500, 2_500),
    },
    flow: drawFlow(draw),
    snapshots: drawSnapshots(draw),
    safetyMs,
    network: drawNetwork(draw),
    disk: drawDisk(draw),
    workload: drawWorkload(draw),
    faults,
    strikes: drawStrikes(draw, faults, nodes, { fromMs: 0, untilMs: safetyMs }),
    maxHopMs: drawHopMs(draw),
    ecc: undefined,
    memoryRules: draw.one('memory rules', [NO_CAP], [NO_CAP], [SPACIOUS], [NO_CAP, TIGHT, SPACIOUS]),
    store: draw.one<StoreKind>('store', 'segments', 'segments', 'segments', 'map'),
  };
}
