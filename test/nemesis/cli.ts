/** `npm run nemesis`: a run, or a history judged again. Flags and exit codes: arguments.ts. */
import { join } from 'node:path';
import { runChecker } from '../checker/cli.js';
import { EXIT_CODES, HELP, parseArguments, type RunArguments } from './arguments.js';
import { describeFailure, describeReport } from './report.js';
import { runNemesis } from './run.js';

/** Of `runChecker`, which has an exit code of its own for it. */
const CHECKER_UNDECIDED = 3;

/** The command. Returns its exit code; throws only for a defect of the program itself. */
export async function nemesis(args: readonly string[], out: (line: string) => void): Promise<number> {
  const parsed = parseArguments(args);
  if (typeof parsed === 'string') {
    out(`${parsed}\n\n${HELP}`);
    return EXIT_CODES.usage;
  }
  switch (parsed.type) {
    case 'help':
      out(HELP);
      return EXIT_CODES.passed;
    case 'judge': {
      const exitCode = runChecker([parsed.file], { out, error: out });
      return exitCode === CHECKER_UNDECIDED ? EXIT_CODES.undecided : exitCode;
    }
    case 'run':
      return run(parsed.run, out);
  }
}

async function run(args: RunArguments, out: (line: string) => void): Promise<number> {
  const { shape, seed } = args;
  const folder = args.output ?? join('dist', 'nemesis', `${shape.mode}-${shape.nodes}-${seed}`);
  const report = await runNemesis(args, folder, out);
  out(describeReport(report));
  if (report.verdict.type !== 'passed') out(describeFailure(report, folder));
  return EXIT_CODES[report.verdict.type];
}
