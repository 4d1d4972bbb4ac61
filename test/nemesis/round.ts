/**
 * One round of a run: clients work while the nemesis strikes, then everything is mended, the cluster has to become whole within a bound,
 * another client reads every key, and the history is judged.
 */
import { openSync, writeSync, closeSync } from 'node:fs';
import { Prng } from '../../src/base/prng.js';
import type { SpawnedCluster } from '../../src/bench/cluster/spawned-cluster.js';
import { DcacheError } from '../../src/base/errors.js';
import { DcacheClient } from '../../src/client/client.js';
import { kvCodec } from '../checker/history-codec.js';
import { historyHeader, historyLine } from '../checker/history-file.js';
import type { KvInput, KvResult } from '../checker/kv-model.js';
import { HistoryRecorder } from '../checker/recorder.js';
import type { Operation } from '../checker/operation.js';
import { request } from '../support/recorded-requests.js';
import type { FaultKind } from './faults.js';
import { judge } from './judge.js';
import { inLanes, type KeptValues } from './kept-values.js';
import type { Nemesis } from './nemesis.js';
import { Finding } from './verdict.js';
import { drawWorkload, Workload } from './workload.js';

/** With no more nodes away than are tolerated, somebody is always answered within this time. */
const STALL_BOUND_MS = 30_000;
const CLIENTS = 4;
const READ_TIMEOUT_MS = 20_000;
/** Kept values that are read after each round; all of them at the end of the run. */
const SAMPLE = 400;

export interface RoundPlan {
  readonly number: number;
  readonly seed: number;
  readonly faultMs: number;
  readonly kinds: readonly FaultKind[];
  readonly maxGapMs: number;
  readonly historyFile: string;
}

export interface RoundParts {
  readonly cluster: SpawnedCluster;
  readonly nemesis: Nemesis;
  readonly kept: KeptValues;
  /** Within which the cluster has to be whole once nothing disturbs it any more. */
  readonly wholeBoundMs: number;
  readonly tell: (line: string) => void;
}

export interface RoundReport {
  readonly done: number;
  readonly notDone: number;
  readonly unknown: number;
  readonly undecidedKeys: number;
  readonly wholeAfterMs: number;
  readonly longestStallMs: number;
  readonly failures: ReadonlyMap<string, number>;
}

/** What is different from round to round. @param kinds that the cluster can meet @param lastMs of the run that are left */
export function drawRound(
  seed: number,
  number: number,
  kinds: readonly FaultKind[],
  lastMs: number,
  historyFile: string,
): RoundPlan {
  const prng = new Prng(seed * 65_536 + number);
  // Every other round leaves kinds out, so that the others meet each other more often (swarm testing).
  const some = kinds.filter(() => prng.chance(1, 2));
  const chosen = prng.chance(1, 2) && some.length > 0 ? some : kinds;
  const drawnMs = prng.between(20_000, 60_000);
  const maxGapMs = prng.pick([400, 1_500, 4_000]);
  return { number, seed: prng.uint32(), faultMs: Math.min(drawnMs, lastMs), kinds: chosen, maxGapMs, historyFile };
}

/** Rejects with a Finding, or an error of this program. */
export async function playRound(plan: RoundPlan, parts: RoundParts): Promise<RoundReport> {
  const { cluster, kept, tell } = parts;
  const file = openSync(plan.historyFile, 'w');
  writeSync(file, `${historyHeader(kvCodec.model)}\n`);
  const recorder = new HistoryRecorder<KvInput, KvResult>((event) => void writeSync(file, `${historyLine(event)}\n`));
  const losses: string[] = [];
  const clients = Array.from({ length: CLIENTS }, () => connect(cluster.endpoints, losses));
  // Another one, that knows nothing of what the others have seen.
  const reader = connect(rotated(cluster.endpoints, plan.number), losses);
  try {
    const prng = new Prng(plan.seed);
    const { endpoints } = cluster;
    const network = { clients, endpoints, connect: (some: readonly string[]) => connect(some, losses) };
    const workload = new Workload(drawWorkload(prng), { ...network, recorder, prng, prefix: `r${plan.number}` });
    const striking = strikeWhileAnswered(plan, parts, workload);
    const outcome = await striking.then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    const ended = await workload.stop();
    if (outcome !== undefined) throw outcome.error;
    const mendedAtMs = performance.now();
    await untilWhole(parts);
    const wholeAfterMs = performance.now() - mendedAtMs;
    if (!ended) throw new Finding('stuck', 'requests of the client library have not ended long after their timeouts');
    const keys = new Set(recorder.operations().map(({ key }) => key));
    await inLanes([...keys], (key) => read(key, reader, recorder));
    await kept.check(reader, SAMPLE);
    const operations = recorder.operations();
    const { undecided } = judge(operations);
    if (losses.length > 0) throw new Finding('violation', `a client was told of a loss: ${losses[0]}`);
    keepWhatIsSettled(operations, kept);
    await kept.forgetOldest(reader);
    tell(`round ${plan.number} judged`);
    const count = (type: string): number => operations.filter((operation) => operation.outcome.type === type).length;
    return {
      done: count('done'),
      notDone: count('not-done'),
      unknown: count('unknown'),
      undecidedKeys: undecided,
      wholeAfterMs,
      longestStallMs: workload.longestStallMs,
      failures: workload.failures,
    };
  } finally {
    closeSync(file);
    await Promise.all([...clients, reader].map((client) => client.close()));
  }
}

/** Rejects with a Finding when nobody is answered for too long. */
async function strikeWhileAnswered(plan: RoundPlan, { nemesis }: RoundParts, workload: Workload): Promise<void> {
  const untilMs = performance.now() + plan.faultMs;
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (workload.stallMs() < STALL_BOUND_MS) return;
      const failures = [...workload.failures].map(([code, count]) => `${code} ${count}`).join(', ');
      reject(new Finding('stuck', `no request was done for ${STALL_BOUND_MS / 1000} s; failures so far: ${failures}`));
    }, 1_000);
  });
  try {
    await Promise.race([nemesis.strike({ ...plan, untilMs }), stalled]);
  } finally {
    clearInterval(timer);
  }
}

async function untilWhole({ cluster, nemesis, wholeBoundMs }: RoundParts): Promise<void> {
  try {
    await cluster.untilWhole(wholeBoundMs);
  } catch (error) {
    await nemesis.checkNodes();
    if (error instanceof DcacheError) throw new Finding('stuck', error.message);
    throw error;
  }
}

async function read(key: string, client: DcacheClient, recorder: HistoryRecorder<KvInput, KvResult>): Promise<void> {
  const outcome = await request(
    { name: 'reader', client, recorder },
    key,
    { type: 'get' },
    { timeoutMs: READ_TIMEOUT_MS },
  );
  if (outcome.type === 'done') return;
  const { code, message } = outcome.error;
  throw new Finding('stuck', `"${key}" cannot be read though the cluster is whole: ${code}, ${message}`);
}

/** A write whose outcome is unknown may still come. */
function keepWhatIsSettled(operations: readonly Operation<KvInput, KvResult>[], kept: KeptValues): void {
  const open = new Set(operations.flatMap(({ key, outcome }) => (outcome.type === 'unknown' ? [key] : [])));
  for (const { client, key, outcome } of operations) {
    if (client !== 'reader' || outcome.type !== 'done' || outcome.result.type !== 'get' || open.has(key)) continue;
    const { value, version = 0 } = outcome.result;
    kept.keep(key, { value, version });
  }
}

function connect(endpoints: readonly string[], losses: string[]): DcacheClient {
  return new DcacheClient({ endpoints }).on('loss', (loss) => losses.push(JSON.stringify(loss)));
}

function rotated(list: readonly string[], by: number): string[] {
  return list.map((_, i) => list[(i + by) % list.length] ?? '');
}
