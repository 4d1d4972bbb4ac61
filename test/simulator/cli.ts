/** `npm run simulate`: runs seeds and says what they found. Flags and exit codes: arguments.ts. */
import { writeFileSync } from 'node:fs';
import type { Mode } from '../../src/base/ids.js';
import { kvCodec } from '../checker/history-codec.js';
import { writeHistory } from '../checker/history-file.js';
import { EXIT_CODES, HELP, parseArguments, REACH_SEEDS, type Arguments } from './arguments.js';
import { describeFailure, describeSchedule, describeSize } from './describe.js';
import { cutDown, NOTHING } from './minimize/cut.js';
import { minimize } from './minimize/minimize.js';
import { runWith, type RunReport } from './run.js';
import { drawParameters } from './scenario/parameters.js';
import { Totals } from './totals.js';
import { linePrinter } from './trace-logger.js';

/** What the search for a shorter run may cost, in runs. */
const MAX_MINIMIZING_RUNS = 600;

/** The command. Returns its exit code; throws only for a defect of the simulator itself. */
export async function simulate(args: readonly string[], out: (line: string) => void): Promise<number> {
  const parsed = parseArguments(args);
  if (typeof parsed === 'string') {
    out(`${parsed}\n\n${HELP}`);
    return EXIT_CODES.usage;
  }
  if (parsed.help) {
    out(HELP);
    return EXIT_CODES.passed;
  }
  const { firstSeed, seeds } = parsed;
  const totals = new Map<Mode, Totals>();
  let exitCode: number = EXIT_CODES.passed;
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const report = await runSeed(seed, parsed, out);
    const ofMode = totals.get(report.mode) ?? new Totals(report.mode);
    totals.set(report.mode, ofMode.add(report));
    if (report.verdict.type === 'passed') continue;
    out(describeFailure(report, parsed.trace));
    if (exitCode === EXIT_CODES.passed) exitCode = EXIT_CODES[report.verdict.type];
    if (parsed.minimize) await shorten(report, out);
    if (!parsed.keepGoing) return exitCode;
  }
  for (const ofMode of totals.values()) out(ofMode.describe());
  return exitCode === EXIT_CODES.passed ? checkReach(totals.values(), out) : exitCode;
}

async function runSeed(seed: number, parsed: Arguments, out: (line: string) => void): Promise<RunReport> {
  const { mode, cut, trace, history, seeds } = parsed;
  const parameters = cutDown(drawParameters(seed, mode), cut ?? NOTHING);
  const report = await runWith(seed, parameters, trace ? linePrinter(out) : {});
  if (history !== undefined) writeFileSync(history, writeHistory(kvCodec, report.history));
  const ended = report.beyondPromise === undefined ? '' : `; it ended early: ${report.beyondPromise}`;
  if (report.verdict.type === 'passed' && (seeds === 1 || trace)) {
    out(`seed ${seed} passed, trace ${report.traceHash}${ended}`);
  }
  return report;
}

async function shorten(failed: RunReport, out: (line: string) => void): Promise<void> {
  const { seed } = failed;
  const { cut, report, runs } = await minimize(failed, {
    parameters: failed.parameters,
    run: (parameters) => runWith(seed, parameters),
    onProgress: (parameters, done) => out(`  after ${done} runs: ${describeSize(parameters)}`),
    maxRuns: MAX_MINIMIZING_RUNS,
  });
  out(`shortened in ${runs} runs:\n${describeSchedule(report)}`);
  out(`to see how: npm run simulate -- --mode ${report.mode} --seed ${seed} --trace --cut '${JSON.stringify(cut)}'`);
}

function checkReach(totals: Iterable<Totals>, out: (line: string) => void): number {
  let exitCode: number = EXIT_CODES.passed;
  for (const ofMode of totals) {
    const unreached = ofMode.seeds < REACH_SEEDS ? [] : ofMode.unreached();
    if (unreached.length === 0) continue;
    out(`${ofMode.seeds} seeds of ${ofMode.mode} mode have never come to: ${unreached.join('; ')}`);
    exitCode = EXIT_CODES.unreached;
  }
  return exitCode;
}
