/**
 * `npm run simulate -- [--mode raft|ecc] [--seed S] [--seeds N] [--trace] [--history FILE]`: runs seeds S .. S+N-1 and says what they found.
 * Stops at the first failure.
 *
 * Exit codes: 0 all passed, 1 an invariant was broken (linearizability included), 2 the arguments cannot be used, 3 the
 * cluster did not recover after everything was healed, 4 a defect: the program failed.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMode, type Mode } from '../../src/base/ids.js';
import { kvCodec } from '../checker/history-codec.js';
import { writeHistory } from '../checker/history-file.js';
import { run, type RunReport, type Verdict } from './run.js';
import { Totals } from './totals.js';
import { linePrinter } from './trace-logger.js';

const USAGE = 'usage: npm run simulate -- [--mode raft|ecc] [--seed S] [--seeds N] [--trace] [--history FILE]';
const EXIT_USAGE = 2;
const EXIT_CODES: Readonly<Record<Verdict['type'], number>> = { passed: 0, violation: 1, stuck: 3, defect: 4 };

interface Arguments {
  /** Undefined: each seed draws its own. */
  readonly mode: Mode | undefined;
  readonly firstSeed: number;
  readonly seeds: number;
  readonly trace: boolean;
  readonly history: string | undefined;
}

function parse(args: readonly string[]): Arguments | string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mode: { type: 'string' },
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '1' },
      trace: { type: 'boolean', default: false },
      history: { type: 'string' },
    },
  });
  const [firstSeed, seeds] = [Number(values.seed), Number(values.seeds)];
  if (!Number.isSafeInteger(firstSeed) || firstSeed < 0) return `--seed is a whole number, not "${values.seed}"`;
  if (!Number.isSafeInteger(seeds) || seeds < 1) return `--seeds is a whole number from 1, not "${values.seeds}"`;
  const { mode } = values;
  if (mode !== undefined && !isMode(mode)) return `--mode is raft or ecc, not "${mode}"`;
  return { mode, firstSeed, seeds, trace: values.trace, history: values.history };
}

/** The command. Returns its exit code; throws only for a defect of the simulator itself. */
export async function simulate(args: readonly string[], out: (line: string) => void): Promise<number> {
  let parsed: Arguments | string;
  try {
    parsed = parse(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    parsed = error.message;
  }
  if (typeof parsed === 'string') {
    out(`${parsed}\n${USAGE}`);
    return EXIT_USAGE;
  }
  const { mode, firstSeed, seeds, trace, history } = parsed;
  const totals = new Map<Mode, Totals>();
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const report = await run(seed, mode, trace ? linePrinter(out) : {});
    const ofMode = totals.get(report.mode) ?? new Totals(report.mode);
    totals.set(report.mode, ofMode.add(report));
    if (history !== undefined) writeFileSync(history, writeHistory(kvCodec, report.history));
    if (report.verdict.type !== 'passed') {
      out(describeFailure(report, trace));
      return EXIT_CODES[report.verdict.type];
    }
    const ended = report.beyondPromise === undefined ? '' : `; it ended early: ${report.beyondPromise}`;
    if (seeds === 1 || trace) out(`seed ${seed} passed, trace ${report.traceHash}${ended}`);
  }
  for (const ofMode of totals.values()) out(ofMode.describe());
  return EXIT_CODES.passed;
}

export function describeFailure({ seed, mode, verdict, parameters }: RunReport, traced = false): string {
  const what = describeVerdict(verdict);
  const replay = traced
    ? ''
    : `\nto see how: npm run simulate -- --mode ${mode} --seed ${seed} --trace --history history.jsonl`;
  return `seed ${seed} (${mode}, ${parameters.nodes} nodes) failed: ${what}${replay}`;
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
