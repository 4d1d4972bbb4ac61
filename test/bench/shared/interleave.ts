/**
 * Compares contenders on a noisy machine: short rounds of each in turn, so that a slow moment hits all of them, and the
 * median of the rounds. Ratios of medians of one run mean something; absolute numbers do on a quiet machine only.
 */
import { median } from '../../../src/bench/measure/statistics.js';

export interface Contender {
  readonly name: string;
  /** Runs `times` operations, one after the other or overlapping. */
  readonly run: (times: number) => void | Promise<void>;
}

export interface Measurement {
  readonly name: string;
  /** Median of the rounds: wall-clock time of an operation. */
  readonly microseconds: number;
  /** Median of the rounds: processor time of an operation, all threads of the process together. */
  readonly cpuMicroseconds: number;
}

/** @param roundMs time of one round of one contender, about. */
export async function interleave(
  contenders: readonly Contender[],
  rounds: number,
  roundMs: number,
): Promise<Measurement[]> {
  const plans: { contender: Contender; times: number; samples: Sample[] }[] = [];
  for (const contender of contenders) {
    plans.push({ contender, times: await calibrate(contender, roundMs), samples: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { contender, times, samples } of plans) samples.push(await sample(contender, times));
  }
  return plans.map(({ contender, times, samples }) => ({
    name: contender.name,
    microseconds: (median(samples.map(({ ms }) => ms)) * 1000) / times,
    cpuMicroseconds: median(samples.map(({ cpuMicroseconds }) => cpuMicroseconds)) / times,
  }));
}

interface Sample {
  readonly ms: number;
  readonly cpuMicroseconds: number;
}

/**
 * How many operations fill a round, by the fastest of a few tries: one stall must not leave a contender with rounds so
 * short that their fixed costs are all that is measured. Also warms the contender up.
 */
async function calibrate(contender: Contender, roundMs: number): Promise<number> {
  for (let times = 1; ; times *= 2) {
    let fastestMs = Infinity;
    for (let attempt = 0; attempt < 4; attempt++) fastestMs = Math.min(fastestMs, (await sample(contender, times)).ms);
    if (fastestMs >= roundMs) return Math.max(1, Math.round((times * roundMs) / fastestMs));
  }
}

async function sample(contender: Contender, times: number): Promise<Sample> {
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  await contender.run(times);
  const { user, system } = process.cpuUsage(startCpu);
  return { ms: performance.now() - startMs, cpuMicroseconds: user + system };
}
