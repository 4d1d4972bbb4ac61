/** What a run did, in numbers and in words. */
import { FAULT_KINDS, FAULT_NAMES, type FaultKind } from './faults.js';
import type { RoundReport } from './round.js';
import type { Verdict } from './verdict.js';

export interface RunReport {
  readonly verdict: Verdict;
  readonly cluster: string;
  readonly seed: number;
  readonly seconds: number;
  readonly rounds: readonly RoundReport[];
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly keptValues: number;
  readonly keptReads: number;
  /** Of the round that failed, or the last one. */
  readonly historyFile: string;
}

export function describeReport({ cluster, seed, seconds, rounds, faults, keptValues, keptReads }: RunReport): string {
  const sum = (of: (round: RoundReport) => number): number => rounds.reduce((total, round) => total + of(round), 0);
  const max = (of: (round: RoundReport) => number): number => Math.max(0, ...rounds.map(of));
  const [done, notDone, unknown] = [sum((r) => r.done), sum((r) => r.notDone), sum((r) => r.unknown)];
  return [
    `${cluster}, seed ${seed}: ${rounds.length} rounds in ${Math.round(seconds)} s`,
    `  ${done + notDone + unknown} operations checked, ${notDone} of them not done, ${unknown} unknown`,
    `  ${sum((r) => r.undecidedKeys)} keys were too tangled for the checker`,
    `  ${keptReads} reads of values whose history was over, ${keptValues} of them at the end`,
    `  whole again ${seconds1(max((r) => r.wholeAfterMs))} s after the last fault at the latest`,
    `  somebody was answered at least every ${seconds1(max((r) => r.longestStallMs))} s`,
    ...FAULT_KINDS.map((kind) => `  ${FAULT_NAMES[kind].padEnd(34)}${String(faults.get(kind) ?? 0).padStart(8)}`),
  ].join('\n');
}

export function describeRound(number: number, round: RoundReport): string {
  const { done, notDone, unknown, wholeAfterMs, longestStallMs, failures } = round;
  const codes = [...failures].map(([code, count]) => `${code} ${count}`).join(', ');
  return `round ${number}: ${done} done, ${notDone} not done, ${unknown} unknown; whole after ${seconds1(wholeAfterMs)} s, longest stall ${seconds1(longestStallMs)} s; ${codes}`;
}

/** What to say when a run has not passed, and how to look further. */
export function describeFailure({ verdict, seed, historyFile }: RunReport, folder: string): string {
  if (verdict.type === 'passed') return '';
  const titles = { violation: 'broken promise', stuck: 'no recovery', defect: 'defect' } as const;
  return [
    `${titles[verdict.type]}, seed ${seed}: ${verdict.details}`,
    `history: ${historyFile} (npm run nemesis -- --judge FILE judges it again); what was done to whom, and the nodes' logs: ${folder}`,
  ].join('\n');
}

function seconds1(ms: number): string {
  return (ms / 1000).toFixed(1);
}
