/**
 * The longest time without an answer, as clients see it, when a node is stopped with SIGTERM under load, when it is taken back, and
 * when the whole cluster is restarted node by node; in both modes. Any request that fails is told: there should be none.
 */
import { isWhole } from '../../../src/cluster/redundancy.js';
import { bufferCodec, DcacheClient } from '../../../src/index.js';
import { ProcessCluster, type ClusterShape } from '../../support/process-cluster.js';
import { median } from '../../../src/bench/measure/statistics.js';
import { Lane, pause } from '../shared/lane.js';
import { fill, keyOf, valueOf, type EntrySize } from './entries.js';
import { eccShape, raftShape, type Code } from './shapes.js';

export interface HandOverPlan {
  readonly code: Code;
  /** Whole rolling restarts in each mode. */
  readonly rounds: number;
}

export const PHASES = ['nothing', 'leaving', 'leaving, Raft leader', 'coming back', 'rolling restart'] as const;
export type Phase = (typeof PHASES)[number];

export interface HandOverRow {
  readonly mode: string;
  readonly phase: Phase;
  /** Of so many times. */
  readonly times: number;
  /** Longest time of any lane without an answer, in ms: median and longest of the times. */
  readonly stallMs: number;
  readonly longestMs: number;
  /** How long it took from the signal to the exit, to being in sync again, or to the end. Median. */
  readonly tookMs: number;
  /** Requests that failed in any of them. */
  readonly failures: readonly string[];
}

interface Sample {
  readonly stallMs: number;
  readonly tookMs: number;
  readonly failures: readonly string[];
}

const SIZE: EntrySize = { keyBytes: 16, valueBytes: 100 };
const KEYS = 20_000;
/** So many that the cluster is busy, and not so many that the processors are: that would be measured instead. */
const LANES = 8;
/** Seen before anything happens, and after a node has ended. */
const QUIET_MS = 1_500;
const RETURN_DEADLINE_MS = 120_000;

export async function measureHandOvers(plan: HandOverPlan, say: (line: string) => void): Promise<HandOverRow[]> {
  const rows: HandOverRow[] = [];
  for (const shape of [eccShape(plan.code), raftShape(plan.code)]) {
    const samples = await measureMode(shape, plan.rounds, say);
    for (const phase of PHASES) rows.push(rowOf(shape.mode, phase, samples.get(phase) ?? []));
  }
  return rows;
}

async function measureMode(
  shape: ClusterShape,
  rounds: number,
  say: (line: string) => void,
): Promise<ReadonlyMap<Phase, readonly Sample[]>> {
  const cluster = await ProcessCluster.start(shape);
  const client = new DcacheClient({ endpoints: cluster.endpoints, codec: bufferCodec, timeoutMs: 20_000 });
  const samples = new Map<Phase, Sample[]>(PHASES.map((phase) => [phase, []]));
  try {
    await fill(client, SIZE, 0, KEYS);
    for (let round = 1; round <= rounds; round++) {
      await restartAll(cluster, client, (phase, sample) => {
        samples.get(phase)?.push(sample);
        const { stallMs, tookMs, failures } = sample;
        const failed = failures.length === 0 ? '' : `, FAILED: ${[...new Set(failures)].join(', ')}`;
        say(`${shape.mode}, round ${round}: ${phase}: ${stallMs.toFixed(0)} ms in ${tookMs.toFixed(0)} ms${failed}`);
      });
    }
  } finally {
    await client.close();
    await cluster.stop();
  }
  return samples;
}

async function restartAll(
  cluster: ProcessCluster,
  client: DcacheClient<Buffer>,
  tell: (phase: Phase, sample: Sample) => void,
): Promise<void> {
  await untilWhole(cluster);
  const lanes = Array.from({ length: LANES }, (_, lane) => {
    const at = (n: number): number => (n * 7919 + lane * 1009) % KEYS;
    const isWriter = lane % 2 === 0;
    return new Lane((n) =>
      isWriter ? client.set(keyOf(SIZE, at(n)), valueOf(SIZE, n)) : client.get(keyOf(SIZE, at(n))),
    );
  });
  const look = (): { stallMs: number; failures: string[] } => ({
    stallMs: Math.max(...lanes.map((lane) => lane.takeLongestMs())),
    failures: lanes.flatMap(({ failures }) => failures.splice(0)),
  });
  const startedAtMs = performance.now();
  const all: Sample[] = [];
  const measured = async (phase: Phase, work: () => Promise<void>): Promise<void> => {
    const beganAtMs = performance.now();
    await work();
    const tookMs = performance.now() - beganAtMs;
    if (phase !== 'nothing') await pause(QUIET_MS);
    const sample = { ...look(), tookMs };
    all.push(sample);
    tell(phase, sample);
  };
  await measured('nothing', () => pause(QUIET_MS));
  for (const nodeId of cluster.founders) {
    const leads = (await cluster.leader()) === nodeId;
    await measured(leads ? 'leaving, Raft leader' : 'leaving', async () => {
      const node = cluster.node(nodeId);
      node.signal('SIGTERM');
      const { exitCode } = await node.ended;
      if (exitCode !== 0) throw new Error(`${nodeId} ended with ${exitCode}:\n${node.tail}`);
    });
    await measured('coming back', async () => {
      await cluster.start(nodeId);
      await untilWhole(cluster);
    });
  }
  tell('rolling restart', {
    stallMs: Math.max(...all.map(({ stallMs }) => stallMs)),
    tookMs: performance.now() - startedAtMs,
    failures: all.flatMap(({ failures }) => failures),
  });
  await Promise.all(lanes.map((lane) => lane.stop()));
}

function untilWhole(cluster: ProcessCluster): Promise<boolean | undefined> {
  const [asked = ''] = cluster.founders;
  return cluster.until(
    'all nodes have all that they should',
    async () => isWhole(await cluster.status(asked)),
    RETURN_DEADLINE_MS,
  );
}

function rowOf(mode: string, phase: Phase, samples: readonly Sample[]): HandOverRow {
  const stallsMs = samples.map(({ stallMs }) => stallMs);
  return {
    mode,
    phase,
    times: samples.length,
    stallMs: median(stallsMs),
    longestMs: Math.max(0, ...stallsMs),
    tookMs: median(samples.map(({ tookMs }) => tookMs)),
    failures: samples.flatMap(({ failures }) => failures),
  };
}
