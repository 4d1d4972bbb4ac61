/**
 * One run: a cluster is founded, clients work while things go wrong (safety phase), everything heals, and the cluster has
 * to recover and to agree (liveness phase); then the clients' history is checked. Everything follows from the seed.
 */
import type { Mode } from '../../src/base/ids.js';
import type { Logger } from '../../src/base/log.js';
import { checkLinearizability } from '../checker/check.js';
import type { KvInput, KvResult } from '../checker/kv-model.js';
import { kvModel } from '../checker/kv-model.js';
import type { HistoryEvent } from '../checker/recorder.js';
import { SimClient } from './client.js';
import type { FaultCounts } from './fault-counts.js';
import { Mishaps } from './mishaps.js';
import { recover } from './recovery.js';
import { drawParameters, type Parameters } from './scenario/parameters.js';
import { Trace } from './trace.js';
import { promisesSettled } from './virtual-time.js';
import { World } from './world.js';

/** How a run ended. `defect`: the program failed. `stuck`: the healed cluster did not recover in time. */
export type Verdict =
  | { readonly type: 'passed' }
  | { readonly type: 'violation'; readonly invariant: string; readonly details: string; readonly atMs: number }
  | { readonly type: 'stuck'; readonly details: string; readonly atMs: number }
  | { readonly type: 'defect'; readonly details: string; readonly atMs: number };

export interface RunReport {
  readonly seed: number;
  readonly mode: Mode;
  readonly verdict: Verdict;
  readonly parameters: Parameters;
  readonly traceHash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly operations: number;
  readonly unknownOutcomes: number;
  readonly notDone: number;
  readonly committedEntries: number;
  readonly leaders: number;
  /** Named in a log, and begun to be sent to a peer. */
  readonly snapshots: number;
  readonly snapshotsSent: number;
  readonly faults: FaultCounts;
  /** What was lost beyond what is promised, so that the run ended early. */
  readonly beyondPromise: string | undefined;
  /** What was done and looked at; the same names in every run of a mode. */
  readonly counts: Readonly<Record<string, number>>;
  /** False when the checker gave up on some key. */
  readonly historyDecided: boolean;
  readonly history: readonly HistoryEvent<KvInput, KvResult>[];
}

export interface RunOptions {
  /** Takes each event of the run as a line. */
  readonly print?: (line: string) => void;
  /** Takes what the simulated nodes log. */
  readonly logger?: Logger;
  /** Looks at the world after every event, beside what the mode looks at. */
  readonly check?: (world: World) => void;
}

/** Steps on one key after which the checker gives up; a run is short. */
const MAX_CHECKER_STEPS = 300_000;

/** @param mode drawn from the seed when it is undefined */
export function run(seed: number, mode: Mode | undefined, options: RunOptions = {}): Promise<RunReport> {
  return runWith(seed, drawParameters(seed, mode), options);
}

/** A run with other parameters than the seed has. */
export async function runWith(seed: number, parameters: Parameters, options: RunOptions = {}): Promise<RunReport> {
  const world = new World(seed, parameters, new Trace(options.print), options.logger);
  const onRejection = (error: unknown): void => world.onDefect('some node', error);
  process.on('unhandledRejection', onRejection);
  const clients = Array.from({ length: parameters.workload.clients }, (_, i) => new SimClient(world, i + 1));
  try {
    const verdict = await play(world, clients, options.check);
    await rejectionsReported();
    return report(seed, world, clients, verdict);
  } finally {
    process.off('unhandledRejection', onRejection);
  }
}

async function play(
  world: World,
  clients: readonly SimClient[],
  check: RunOptions['check'],
): Promise<Verdict | undefined> {
  const { safetyMs } = world.parameters;
  const mishaps = new Mishaps(world);
  for (const node of world.nodes) node.start();
  for (const client of clients) client.start();
  mishaps.start();
  await stepUntil(world, () => world.time.nextMs > safetyMs, check);
  if (over(world)) return undefined;
  mishaps.healEverything();
  const recovery = recover(world, clients);
  await stepUntil(world, () => recovery.ended, check);
  if (over(world)) return undefined;
  return recovery.problem === undefined
    ? undefined
    : { type: 'stuck', details: recovery.problem, atMs: world.time.nowMs };
}

/** Node reports a promise that nobody handles only when it comes to rest. */
function rejectionsReported(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Lets the world go on until `done`, or until something is wrong. */
async function stepUntil(world: World, done: () => boolean, check: RunOptions['check']): Promise<void> {
  await promisesSettled();
  while (!done() && !over(world)) {
    world.time.step();
    await promisesSettled();
    world.mode.check();
    check?.(world);
  }
}

function over(world: World): boolean {
  return world.mode.ended !== undefined || world.defect !== undefined || world.invariants.violation !== undefined;
}

function report(seed: number, world: World, clients: readonly SimClient[], liveness: Verdict | undefined): RunReport {
  const { parameters, trace, time, faults, invariants, history } = world;
  const check = checkLinearizability(kvModel, history.operations(), { maxStepsPerKey: MAX_CHECKER_STEPS });
  const sum = (outcome: 'unknown' | 'not-done'): number =>
    clients.reduce((total, client) => total + client.counts[outcome], 0);
  const linearizability: Verdict | undefined =
    check.verdict === 'violation'
      ? {
          type: 'violation',
          invariant: 'the history is linearizable',
          details: `keys ${check.violations.map(({ key }) => key).join(', ')}`,
          atMs: time.nowMs,
        }
      : undefined;
  return {
    seed,
    mode: parameters.mode,
    verdict: worldVerdict(world) ?? linearizability ?? liveness ?? { type: 'passed' },
    parameters,
    traceHash: trace.hash,
    virtualMs: time.nowMs,
    events: time.events,
    operations: check.operationCount,
    unknownOutcomes: sum('unknown'),
    notDone: sum('not-done'),
    committedEntries: invariants.commitIndex,
    leaders: invariants.terms,
    snapshots: invariants.snapshots,
    snapshotsSent: world.snapshotsSent,
    faults,
    beyondPromise: world.mode.ended,
    counts: { ...world.mode.counts(), ...world.reach.counts() },
    historyDecided: check.verdict !== 'undecided',
    history: history.events(),
  };
}

function worldVerdict({ invariants, defect }: World): Verdict | undefined {
  if (invariants.violation !== undefined) return { type: 'violation', ...invariants.violation };
  if (defect === undefined) return undefined;
  const { host, error, atMs } = defect;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { type: 'defect', details: `${host}: ${text}`, atMs };
}
