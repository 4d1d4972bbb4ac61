/**
 * Compares systems on a noisy machine: short rounds of each in turn, so that a slow moment hits all of them, each a closed loop. What
 * the rounds say together is their median; whether two may be compared is for statistics.ts to say.
 */
import { Latencies } from './latencies.js';
import { closedLoop } from './load.js';
import { median } from './statistics.js';

/** Sends one request and resolves when it is answered. @param n counts up; says which key. */
export type Send = (n: number) => Promise<unknown>;

/** One thing to measure: a system, a way to it, an operation, a number of requests under way. */
export interface Scenario {
  readonly system: string;
  readonly operation: string;
  readonly inFlight: number;
  readonly send: Send;
  /** Processor time that the system has used so far, in seconds, all of its processes together. */
  readonly cpuSeconds?: () => number;
}

export interface Round {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor seconds of the system a million requests; undefined when nobody counts them. */
  readonly cpuSecondsPerMillion: number | undefined;
}

export interface ScenarioResult {
  readonly system: string;
  readonly operation: string;
  readonly inFlight: number;
  readonly rounds: readonly Round[];
  /** Median of the rounds. */
  readonly perSecond: number;
  /** Over all rounds, in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Over all rounds. */
  readonly cpuSecondsPerMillion: number | undefined;
}

export interface RoundsPlan {
  readonly rounds: number;
  readonly roundMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface Lap {
  readonly latencies: Latencies;
  readonly requests: number;
  readonly perSecond: number;
  readonly cpuSeconds: number;
}

/** Rejects with the first request that does, and with the signal's reason. Each scenario is warmed up for a quarter of a round. */
export async function measureRounds(
  scenarios: readonly Scenario[],
  { rounds, roundMs, signal }: RoundsPlan,
  onRound: (round: number, scenario: Scenario) => void,
): Promise<ScenarioResult[]> {
  for (const scenario of scenarios) await runLap(scenario, roundMs / 4, signal);
  const laps = scenarios.map((): Lap[] => []);
  for (let round = 1; round <= rounds; round++) {
    for (const [i, scenario] of scenarios.entries()) {
      onRound(round, scenario);
      laps[i]?.push(await runLap(scenario, roundMs, signal));
    }
  }
  return scenarios.map((scenario, i) => resultOf(scenario, laps[i] ?? []));
}

async function runLap(
  { inFlight, send, cpuSeconds = () => 0 }: Scenario,
  roundMs: number,
  signal: AbortSignal | undefined,
): Promise<Lap> {
  const latencies = new Latencies();
  const cpuBefore = cpuSeconds();
  const startedAtMs = performance.now();
  let requests = 0;
  await closedLoop(inFlight, { endsAtMs: startedAtMs + roundMs, signal }, async (sentAtMs) => {
    await send(requests++);
    latencies.record(performance.now() - sentAtMs);
  });
  signal?.throwIfAborted();
  const perSecond = (requests / (performance.now() - startedAtMs)) * 1000;
  return { latencies, requests, perSecond, cpuSeconds: cpuSeconds() - cpuBefore };
}

function resultOf({ system, operation, inFlight, cpuSeconds }: Scenario, laps: readonly Lap[]): ScenarioResult {
  const all = new Latencies();
  for (const { latencies } of laps) all.add(latencies);
  const perMillion = (seconds: number, requests: number): number | undefined =>
    cpuSeconds === undefined ? undefined : (seconds * 1e6) / requests;
  const sum = (of: (lap: Lap) => number): number => laps.reduce((total, lap) => total + of(lap), 0);
  return {
    system,
    operation,
    inFlight,
    rounds: laps.map((lap) => ({
      perSecond: lap.perSecond,
      p50Ms: lap.latencies.at(50),
      p99Ms: lap.latencies.at(99),
      cpuSecondsPerMillion: perMillion(lap.cpuSeconds, lap.requests),
    })),
    perSecond: Math.round(median(laps.map(({ perSecond }) => perSecond))),
    p50Ms: all.at(50),
    p99Ms: all.at(99),
    p999Ms: all.at(99.9),
    cpuSecondsPerMillion: perMillion(
      sum((lap) => lap.cpuSeconds),
      sum(({ requests }) => requests),
    ),
  };
}
