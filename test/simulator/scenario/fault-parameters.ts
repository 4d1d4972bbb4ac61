/**
 * Which mishaps there are in a run, how often, how long and to whom: the whole schedule is drawn before the run begins, so that a
 * part of it can be left out while the rest stays as it is.
 *
 * As in swarm testing (Groce et al., Swarm Testing, ISSTA 2012) every run leaves out many kinds altogether: what one kind hides,
 * by ending what another began, comes to light where it is missing.
 */
import type { Prng } from '../../../src/base/prng.js';
import type { FaultKind } from '../fault-counts.js';
import type { Draw } from './draw.js';

export interface FaultParameters {
  /** Time from one mishap to the next. */
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
  /** How long one lasts. */
  readonly maxDurationMs: number;
  /** Percentage of the mishaps that pick the leader as their victim. */
  readonly leaderPercent: number;
  /** Kinds that there are in this run, with their share. */
  readonly kinds: readonly WeightedFault[];
  /** Rate of the fastest and slowest monotonic clock, off 1 by at most this many percent. */
  readonly driftPercent: number;
  readonly maxClockJumpMs: number;
}

export interface WeightedFault {
  readonly fault: FaultKind;
  readonly weight: number;
}

/** One mishap of a run, or one that was tried: what is not possible when it is due does not happen. */
export interface Strike {
  readonly atMs: number;
  readonly fault: FaultKind;
  /** Whoever leads then, or a node by its place: 0, 1, ... */
  readonly victim: 'leader' | number;
  /** Of everything else that is drawn for it, its duration for one. */
  readonly seed: number;
}

export function drawFaults(draw: Draw, kinds: readonly FaultKind[]): FaultParameters {
  return {
    minIntervalMs: draw.one('shortest interval', 20, 200),
    maxIntervalMs: draw.one('longest interval', 200, 500, 1_000),
    maxDurationMs: draw.one('longest mishap', 300, 1_000, 2_500),
    leaderPercent: draw.one('leaders struck', 30, 60, 90),
    kinds: drawKinds(draw, kinds, draw.one('kinds of mishaps', 20, 50, 80)),
    driftPercent: draw.one('drift', 0, 1, 10, 50),
    maxClockJumpMs: draw.one('clock jumps', 100, 10_000, 3_600_000),
  };
}

/** Each of `kinds` is there in so many percent of the runs; at least one is, and at least one is not. */
export function drawKinds(draw: Draw, kinds: readonly FaultKind[], percent: number): WeightedFault[] {
  const lot = (fault: FaultKind): number => draw.stream(`mishap: ${fault}`).below(10_000);
  const byLot = [...kinds].sort((a, b) => lot(a) - lot(b));
  const wanted = byLot.filter((fault) => lot(fault) < percent * 100).length;
  const count = Math.max(1, Math.min(wanted, byLot.length - 1));
  return byLot.slice(0, count).map((fault) => ({ fault, weight: draw.one(`share: ${fault}`, 1, 2, 4) }));
}

/** The schedule of a run with so many nodes, within a span of time. */
export function drawStrikes(
  draw: Draw,
  faults: FaultParameters,
  nodes: number,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Strike[] {
  const prng = draw.stream('strikes');
  const { minIntervalMs, maxIntervalMs, leaderPercent, kinds } = faults;
  const strikes: Strike[] = [];
  const nextMs = (): number => prng.between(minIntervalMs, Math.max(minIntervalMs, maxIntervalMs));
  for (let atMs = fromMs + nextMs(); atMs <= untilMs; atMs += nextMs()) {
    const victim = prng.chance(leaderPercent, 100) ? 'leader' : prng.below(nodes);
    strikes.push({ atMs, fault: pickWeighted(prng, kinds), victim, seed: prng.uint32() });
  }
  return strikes;
}

function pickWeighted(prng: Prng, kinds: readonly WeightedFault[]): FaultKind {
  let lot = prng.below(kinds.reduce((sum, { weight }) => sum + weight, 0));
  const found = kinds.find(({ weight }) => (lot -= weight) < 0);
  return (found ?? prng.pick(kinds)).fault;
}
