/** A closed loop: so many requests under way at a time, each followed by the next one as soon as it is answered. */
import { build, type Histogram } from 'hdr-histogram-js';
import { median } from './interleave.js';

/** Sends one request and resolves when it is answered. @param n counts up; says which key. */
export type Send = (n: number) => Promise<unknown>;

/** One thing to measure: a system, a way to it, an operation, a number of requests under way. */
export interface Scenario {
  readonly system: string;
  readonly operation: 'set' | 'get';
  readonly inFlight: number;
  readonly send: Send;
  /** Processor time that the system has used so far, in seconds, all of its processes together. */
  readonly cpuSeconds?: () => number;
}

export interface ScenarioResult {
  readonly system: string;
  readonly operation: 'set' | 'get';
  readonly inFlight: number;
  /** Median of the rounds. */
  readonly perSecond: number;
  /** Over all rounds, in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Processor seconds of the system a million requests, over all rounds; undefined when nobody counts them. */
  readonly cpuSecondsPerMillion: number | undefined;
}

interface Plan {
  readonly scenario: Scenario;
  readonly histogram: Histogram;
  readonly rates: number[];
  requests: number;
  cpuSeconds: number;
}

/** Runs the scenarios in turn, `rounds` times, so that a slow moment of the machine hits all of them. */
export async function measure(
  scenarios: readonly Scenario[],
  { rounds, roundMs }: { readonly rounds: number; readonly roundMs: number },
  onRound: (round: number) => void,
): Promise<ScenarioResult[]> {
  const plans = scenarios.map(newPlan);
  for (const { scenario } of plans) await runRound(newPlan(scenario), roundMs / 4); // warms it up
  for (let round = 1; round <= rounds; round++) {
    onRound(round);
    for (const plan of plans) await runRound(plan, roundMs);
  }
  return plans.map(resultOf);
}

function newPlan(scenario: Scenario): Plan {
  return { scenario, histogram: newHistogram(), rates: [], requests: 0, cpuSeconds: 0 };
}

async function runRound(plan: Plan, roundMs: number): Promise<void> {
  const { inFlight, send, cpuSeconds = () => 0 } = plan.scenario;
  const cpuBefore = cpuSeconds();
  const startedAt = performance.now();
  let sent = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      const sentAt = performance.now();
      if (sentAt - startedAt >= roundMs) return;
      await send(sent++);
      plan.histogram.recordValue(Math.max(1, Math.round((performance.now() - sentAt) * 1000)));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  plan.rates.push((sent / (performance.now() - startedAt)) * 1000);
  plan.requests += sent;
  plan.cpuSeconds += cpuSeconds() - cpuBefore;
}

function resultOf({ scenario, histogram, rates, requests, cpuSeconds }: Plan): ScenarioResult {
  const { system, operation, inFlight } = scenario;
  const ms = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
  return {
    system,
    operation,
    inFlight,
    perSecond: Math.round(median(rates)),
    p50Ms: ms(50),
    p99Ms: ms(99),
    p999Ms: ms(99.9),
    cpuSecondsPerMillion: scenario.cpuSeconds === undefined ? undefined : (cpuSeconds * 1e6) / requests,
  };
}

/** Of microseconds, to a minute. */
function newHistogram(): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
}
