/** A closed loop: so many requests under way at a time, each followed by the next one as soon as it is answered. */
import { build, type Histogram } from 'hdr-histogram-js';

/** Sends one request and resolves when it is answered. @param n counts up; says which key. */
export type Send = (n: number) => Promise<unknown>;

/** One thing to measure: a system, a way to it, an operation, a number of requests under way. */
export interface Scenario {
  readonly system: string;
  readonly operation: 'set' | 'get';
  readonly inFlight: number;
  readonly send: Send;
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
}

/** Runs the scenarios in turn, `rounds` times, so that a slow moment of the machine hits all of them. */
export async function measure(
  scenarios: readonly Scenario[],
  { rounds, roundMs }: { readonly rounds: number; readonly roundMs: number },
  onRound: (round: number) => void,
): Promise<ScenarioResult[]> {
  const plans = scenarios.map((scenario) => ({ scenario, histogram: newHistogram(), rates: [] as number[] }));
  for (const { scenario } of plans) await runRound(scenario, roundMs / 4, newHistogram()); // warms it up
  for (let round = 1; round <= rounds; round++) {
    onRound(round);
    for (const { scenario, histogram, rates } of plans) rates.push(await runRound(scenario, roundMs, histogram));
  }
  return plans.map(({ scenario: { system, operation, inFlight }, histogram, rates }) => ({
    system,
    operation,
    inFlight,
    perSecond: Math.round(median(rates)),
    p50Ms: histogram.getValueAtPercentile(50) / 1000,
    p99Ms: histogram.getValueAtPercentile(99) / 1000,
  }));
}

/** @returns requests answered a second. */
async function runRound({ inFlight, send }: Scenario, roundMs: number, histogram: Histogram): Promise<number> {
  const startedAt = performance.now();
  let sent = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      const sentAt = performance.now();
      if (sentAt - startedAt >= roundMs) return;
      await send(sent++);
      histogram.recordValue(Math.max(1, Math.round((performance.now() - sentAt) * 1000)));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (sent / (performance.now() - startedAt)) * 1000;
}

/** Of microseconds, to a minute. */
function newHistogram(): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
