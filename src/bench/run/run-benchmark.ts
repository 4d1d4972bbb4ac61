/**
 * One run of `dcache bench run`: loads the keys, warms up, measures, and puts the report together. Faults are carried out and the nodes
 * looked at meanwhile.
 */
import { asDcacheError, DcacheError } from '../../base/errors.js';
import { closedLoop, openLoop, type SendOne, type Span } from '../measure/load.js';
import { NodeSampler } from '../measure/node-sampler.js';
import { RunRecorder } from '../measure/run-recorder.js';
import {
  RUN_SCHEMA,
  RUN_SCHEMA_VERSION,
  type LoadDescription,
  type Recovery,
  type RunReport,
} from '../report/run-report.js';
import { KEY_BYTES, keyOf, Values } from '../workload/entries.js';
import type { FaultStep } from '../workload/fault-schedule.js';
import { KeySpace, RequestStream } from '../workload/request-stream.js';
import type { Workload } from '../workload/workloads.js';
import { DcacheConnection } from './cache-connection.js';
import { FaultRunner } from './fault-runner.js';
import { describeMachine } from './machine.js';
import { settledMemory } from './memory-figures.js';
import { carryOut, inBatches } from './requests.js';
import type { RunTarget } from './run-target.js';

export interface RunPlan {
  readonly workload: Workload;
  readonly load: LoadDescription;
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly windowMs: number;
  readonly timeoutMs: number;
  readonly seed: number;
  readonly faults: readonly FaultStep[];
  /** Leave the keys in a cluster that was not started for the run. */
  readonly keep: boolean;
  readonly command: string;
  readonly dcacheVersion: string;
}

/** For whoever looks on. */
export interface RunEvents {
  /** Loading: `done` of `total` keys. Measuring: ms, the warm-up included. */
  readonly onProgress: (phase: 'load' | 'measure', done: number, total: number, note: string) => void;
  readonly onFault: (step: FaultStep) => void;
  readonly onWhole: (recovery: Recovery) => void;
}

/** So that a client whose requests fail at once does not spin. */
const PAUSE_AFTER_FAILURE_MS = 10;
const PROGRESS_MS = 200;

/** Rejects with the signal's reason when it is aborted; keys in a running cluster are removed then, too. */
export async function runBenchmark(
  target: RunTarget,
  plan: RunPlan,
  events: RunEvents,
  signal: AbortSignal,
): Promise<RunReport> {
  const startedAt = new Date().toISOString();
  const { workload } = plan;
  const { valueBytes } = workload;
  const machine = describeMachine(target.pids(await target.report()).size > 0);
  const connection = new DcacheConnection(target.endpoints, plan.timeoutMs);
  const keys = new KeySpace(workload.keys);
  const values = new Values(valueBytes);
  try {
    const base = target.description.kind === 'running' ? await target.report() : undefined;
    await loadKeys(connection, workload, values, {
      signal,
      onProgress: (done) => events.onProgress('load', done, workload.keys, ''),
    });
    const memory = await settledMemory(target, { entries: keys.size, valueBytes }, base, signal);
    const measured = await measure(target, plan, events, { connection, keys, values }, signal);
    const memoryAfter = await settledMemory(target, { entries: keys.size, valueBytes }, base, signal);
    return {
      schema: RUN_SCHEMA,
      version: RUN_SCHEMA_VERSION,
      startedAt,
      command: plan.command,
      dcacheVersion: plan.dcacheVersion,
      machine,
      target: target.description,
      workload: {
        name: workload.name,
        mix: workload.mix,
        distribution: workload.distribution,
        keys: workload.keys,
        keyBytes: KEY_BYTES,
        valueBytes,
        seed: plan.seed,
      },
      load: plan.load,
      warmUpMs: plan.warmUpMs,
      durationMs: plan.durationMs,
      windowMs: plan.windowMs,
      ...measured,
      memory,
      memoryAfter,
    };
  } finally {
    if (target.description.kind === 'running' && !plan.keep) await removeKeys(connection, keys.reserved);
    await connection.close();
  }
}

/** Every key has one writer while it is loaded, so that a write may be sent again. */
async function loadKeys(
  { client }: DcacheConnection,
  workload: Workload,
  values: Values,
  options: Parameters<typeof inBatches>[2],
): Promise<void> {
  await inBatches(workload.keys, KEY_BYTES + workload.valueBytes, options, (numbers) =>
    client.mset(numbers.map((n) => [keyOf(n), values.of(n)] as const)),
  );
}

async function removeKeys({ client }: DcacheConnection, count: number): Promise<void> {
  const unstoppable = { signal: new AbortController().signal, onProgress: () => undefined };
  await inBatches(count, KEY_BYTES, unstoppable, (numbers) => client.mdel(numbers.map(keyOf)));
}

interface Means {
  readonly connection: DcacheConnection;
  readonly keys: KeySpace;
  readonly values: Values;
}

type Measured = Pick<
  RunReport,
  | 'total'
  | 'byOperation'
  | 'timeline'
  | 'longestStallMs'
  | 'longestStallAtMs'
  | 'nodes'
  | 'driver'
  | 'faults'
  | 'recoveries'
>;

async function measure(
  target: RunTarget,
  plan: RunPlan,
  events: RunEvents,
  { connection, keys, values }: Means,
  signal: AbortSignal,
): Promise<Measured> {
  const startsAtMs = performance.now();
  const beginsAtMs = startsAtMs + plan.warmUpMs;
  const recorder = new RunRecorder({ beginsAtMs, durationMs: plan.durationMs, windowMs: plan.windowMs });
  const stream = new RequestStream(plan.workload, keys, plan.seed);
  const send: SendOne = async (dueMs) => {
    const request = stream.next();
    try {
      const missing = await carryOut(connection, request, values, keys);
      recorder.answered(request.type, dueMs, performance.now(), missing);
    } catch (error) {
      recorder.failed(request.type, dueMs, performance.now(), asDcacheError(error).code);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_FAILURE_MS));
    }
  };
  const over = new AbortController();
  const whileMeasuring = AbortSignal.any([signal, over.signal]);
  const sampler = new NodeSampler({
    nodeIds: target.nodeIds,
    intervalMs: plan.windowMs,
    proxied: target.description.proxied,
    beginsAtMs,
    report: () => target.report(),
    pids: (report) => target.pids(report),
  });
  const faults = new FaultRunner(target, beginsAtMs, events);
  const runningFaults = unlessAborted(faults.run(plan.faults, whileMeasuring), over.signal);
  const progress = setInterval(() => {
    const nowMs = performance.now();
    const { answered = 0, failed = 0, p50Ms = 0, p99Ms = 0 } = recorder.newest(nowMs) ?? {};
    const rate = Math.round((answered * 1000) / plan.windowMs).toLocaleString('en');
    const failures = failed === 0 ? '' : ` | ${failed} failed`;
    const figures = `${rate}/s | p50 ${p50Ms.toFixed(1)} ms | p99 ${p99Ms.toFixed(1)} ms${failures}`;
    const note = nowMs < beginsAtMs ? 'warming up' : figures;
    events.onProgress('measure', nowMs - startsAtMs, plan.warmUpMs + plan.durationMs, note);
  }, PROGRESS_MS);
  try {
    // A fault that cannot be carried out ends the run.
    await Promise.race([
      drive(plan.load, startsAtMs, { endsAtMs: beginsAtMs + plan.durationMs, signal: whileMeasuring }, send),
      failureOf(runningFaults),
    ]);
    signal.throwIfAborted();
  } finally {
    clearInterval(progress);
    over.abort(new DcacheError('CANCELLED', 'the run is over'));
    await sampler.stop();
  }
  await runningFaults;
  const { nodes, driver } = sampler;
  return {
    ...recorder.figures(),
    nodes,
    driver: { samples: driver },
    faults: faults.faults,
    recoveries: faults.recoveries,
  };
}

function drive(load: LoadDescription, startsAtMs: number, span: Span, send: SendOne): Promise<void> {
  return load.type === 'closed'
    ? closedLoop(load.clients, span, send)
    : openLoop(load.perSecond, startsAtMs, span, send);
}

/** What is still under way when `over` is aborted has been given up on purpose. */
async function unlessAborted(work: Promise<void>, over: AbortSignal): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!over.aborted) throw error;
  }
}

/** Rejects when `work` does, and never resolves. */
function failureOf(work: Promise<void>): Promise<never> {
  return new Promise((_, reject) => void work.catch(reject));
}
