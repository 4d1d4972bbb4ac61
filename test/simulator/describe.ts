/** What a run has come to, in words. */
import type { RunReport, Verdict } from './run.js';
import type { Parameters } from './scenario/parameters.js';

/** @param traced the reader has the trace already */
export function describeFailure({ seed, mode, verdict, parameters }: RunReport, traced = false): string {
  const what = `seed ${seed} (${mode}, ${parameters.nodes} nodes) failed: ${describeVerdict(verdict)}`;
  if (traced) return what;
  const again = `npm run simulate -- --mode ${mode} --seed ${seed}`;
  return `${what}\nto see how: ${again} --trace --history history.jsonl\nto shorten it: ${again} --minimize`;
}

function describeVerdict(verdict: Verdict): string {
  switch (verdict.type) {
    case 'passed':
      return 'passed';
    case 'violation':
      return `broken invariant at ${verdict.atMs.toFixed(3)} ms: ${verdict.invariant}; ${verdict.details}`;
    case 'stuck':
      return `no recovery until ${verdict.atMs.toFixed(3)} ms: ${verdict.details}`;
    case 'defect':
      return `defect at ${verdict.atMs.toFixed(3)} ms: ${verdict.details}`;
  }
}

/** "5 mishaps, 3 nodes, 2 clients, ..." */
export function describeSize({ strikes, nodes, workload, safetyMs }: Parameters): string {
  const { clients, keys, maxOperations } = workload;
  const operations = maxOperations === Infinity ? '' : `, ${maxOperations} operations each`;
  return `${strikes.length} mishaps, ${nodes} nodes, ${clients} clients, ${keys} keys${operations}, healed at ${safetyMs} ms`;
}

/** What goes wrong in the run, as it was drawn, and what is broken at the end. */
export function describeSchedule({ parameters, verdict }: RunReport): string {
  const { ecc, strikes } = parameters;
  const code = ecc === undefined ? '' : `RS(${ecc.code.k},${ecc.code.m}), `;
  return [
    `  ${code}${describeSize(parameters)}`,
    ...strikes.map(({ atMs, fault, victim }) => {
      const whom = victim === 'leader' ? 'the leader' : `n${victim + 1}`;
      return `  ${String(atMs).padStart(6)} ms  ${fault.padEnd(34)}${whom}`;
    }),
    `  ${describeVerdict(verdict)}`,
  ].join('\n');
}
