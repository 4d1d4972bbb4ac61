/**
 * `dcache bench compare`: the same workload against several systems in one run, taking turns in short rounds. All of them run all the
 * time, those whose turn it is not waiting; clients, too, share the machine.
 */
import { resolveShape } from '../cluster/shape.js';
import { cpuSecondsOf, residentBytesOf } from '../measure/proc.js';
import { measureRounds, type Scenario, type ScenarioResult } from '../measure/rounds.js';
import type { CompareReport, ComparedSystem } from '../report/compare-report.js';
import { COMPARE_SCHEMA, COMPARE_SCHEMA_VERSION } from '../report/compare-report.js';
import { OVERLAP_RULE } from '../measure/statistics.js';
import { startDcache } from '../rivals/dcache.js';
import { EtcdCluster, etcdVersion } from '../rivals/etcd.js';
import { memcachedVersion, startMemcached } from '../rivals/memcached.js';
import { redisVersion, startRedis } from '../rivals/redis.js';
import type { Contender } from '../rivals/rival.js';
import { describeMachine } from '../run/machine.js';
import { carryOut, inBatches } from '../run/requests.js';
import { pause } from '../run/stop-signals.js';
import { KEY_BYTES, keyOf, Values } from '../workload/entries.js';
import { KeySpace, RequestStream } from '../workload/request-stream.js';
import type { Workload } from '../workload/workloads.js';
import type { SystemName } from './systems.js';

export interface ComparePlan {
  readonly workload: Workload;
  readonly k: number;
  readonly m: number;
  readonly clients: number;
  readonly rounds: number;
  readonly roundMs: number;
  readonly seed: number;
  readonly systems: readonly SystemName[];
  readonly command: string;
  readonly dcacheVersion: string;
}

export interface CompareEvents {
  readonly say: (line: string) => void;
  readonly onProgress: (done: number, total: number, note: string) => void;
}

/** Time for what was loaded to come to rest. */
const SETTLE_MS = 2_000;

/** Of these systems, those whose programs are not installed here. */
export function notInstalled(systems: readonly SystemName[]): SystemName[] {
  const isThere: Readonly<Record<SystemName, () => boolean>> = {
    ecc: () => true,
    raft: () => true,
    redis: () => redisVersion() !== undefined,
    'redis-wait': () => redisVersion() !== undefined,
    memcached: () => memcachedVersion() !== undefined,
    etcd: () => etcdVersion() !== undefined,
  };
  return systems.filter((name) => !isThere[name]());
}

/** Rejects with what a system that cannot be started or used says; everything is stopped and removed either way. */
export async function compare(plan: ComparePlan, events: CompareEvents, signal: AbortSignal): Promise<CompareReport> {
  const startedAt = new Date().toISOString();
  const machine = describeMachine(true);
  const contenders: Contender[] = [];
  try {
    const values = new Values(plan.workload.valueBytes);
    const loaded: Loaded[] = [];
    for (const system of plan.systems) {
      events.say(`starting ${system}`);
      const contender = await start(system, plan, signal);
      contenders.push(contender);
      const emptyResident = residentBytesOf(contender.pids);
      events.say(`loading ${plan.workload.keys} keys into ${contender.name}`);
      await load(contender, plan.workload, values, signal);
      await pause(SETTLE_MS, signal);
      const held = await contender.heldBytes();
      const grown = residentBytesOf(contender.pids) - emptyResident;
      loaded.push({ contender, system, heldBytes: held, grownBytes: grown });
    }
    const scenarios = loaded.map(({ contender }) => scenarioOf(contender, plan, values));
    let turn = 0;
    const results = await measureRounds(scenarios, { ...plan, signal }, (round, { system }) =>
      events.onProgress(turn++, plan.rounds * scenarios.length, `round ${round} of ${plan.rounds}: ${system}`),
    );
    const systems = results.flatMap((result, i) =>
      loaded[i] === undefined ? [] : [describe(loaded[i], result, plan)],
    );
    const { name, mix, distribution, keys, valueBytes } = plan.workload;
    return {
      schema: COMPARE_SCHEMA,
      version: COMPARE_SCHEMA_VERSION,
      startedAt,
      command: plan.command,
      dcacheVersion: plan.dcacheVersion,
      machine,
      workload: { name, mix, distribution, keys, keyBytes: KEY_BYTES, valueBytes, seed: plan.seed },
      clients: plan.clients,
      roundMs: plan.roundMs,
      rule: OVERLAP_RULE,
      systems,
    };
  } finally {
    await Promise.all(contenders.map((contender) => contender.close()));
  }
}

interface Loaded {
  readonly contender: Contender;
  readonly system: SystemName;
  readonly heldBytes: number;
  readonly grownBytes: number;
}

function start(system: SystemName, { k, m, dcacheVersion }: ComparePlan, signal: AbortSignal): Promise<Contender> {
  switch (system) {
    case 'ecc':
      return startDcache(resolveShape({ mode: 'ecc', k, m }), dcacheVersion, signal);
    case 'raft':
      return startDcache(resolveShape({ mode: 'raft', nodes: 2 * m + 1 }), dcacheVersion, signal);
    case 'redis':
      return startRedis(0, signal);
    case 'redis-wait':
      return startRedis(m, signal);
    case 'memcached':
      return startMemcached(signal);
    case 'etcd':
      return EtcdCluster.start(2 * m + 1, signal);
  }
}

async function load(
  contender: Contender,
  { keys, valueBytes }: Workload,
  values: Values,
  signal: AbortSignal,
): Promise<void> {
  await inBatches(keys, KEY_BYTES + valueBytes, { signal, onProgress: () => undefined }, (numbers) =>
    Promise.all(numbers.map((n) => contender.set(keyOf(n), values.of(n)))),
  );
}

/** Each system is asked for the same requests in the same order. */
function scenarioOf(contender: Contender, { workload, clients, seed }: ComparePlan, values: Values): Scenario {
  const keys = new KeySpace(workload.keys);
  const stream = new RequestStream(workload, keys, seed);
  return {
    system: contender.name,
    operation: workload.name,
    inFlight: clients,
    send: () => carryOut(contender, stream.next(), values, keys),
    cpuSeconds: () => cpuSecondsOf(contender.pids),
  };
}

function describe(
  { contender, system, heldBytes, grownBytes }: Loaded,
  result: ScenarioResult,
  plan: ComparePlan,
): ComparedSystem {
  const { name, version, tolerates, processes } = contender;
  return {
    system,
    name,
    version,
    tolerates,
    processes,
    rounds: result.rounds.map(({ perSecond, p50Ms, p99Ms, cpuSecondsPerMillion = 0 }) => ({
      perSecond,
      p50Ms,
      p99Ms,
      cpuMicrosPerOperation: cpuSecondsPerMillion,
    })),
    bytesPerEntry: heldBytes / plan.workload.keys,
    residentGrowthPerEntry: grownBytes / plan.workload.keys,
  };
}
