/**
 * Checks a history file for a person: `node test/checker/run.mjs HISTORY [--html OUT.html] [--max-steps N]`.
 * A file with the header of `history-file.ts` is read as such, anything else as a Jepsen log of one register.
 *
 * Exit codes: 0 linearizable, 1 violation, 2 the file or the arguments cannot be used, 3 undecided.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { checkLinearizability, DEFAULT_MAX_STEPS_PER_KEY, type CheckReport, type Verdict } from './check.js';
import { kvCodec, registerCodec } from './history-codec.js';
import { HistoryFormatError } from './history-error.js';
import { historyModel, readHistory } from './history-file.js';
import { readJepsenLog } from './jepsen-log.js';
import { kvModel } from './kv-model.js';
import type { Model } from './model.js';
import type { Operation } from './operation.js';
import { drawViolation } from './picture.js';
import { registerModel } from './register-model.js';
import { shrinkViolation } from './shrink.js';

const USAGE = 'usage: node test/checker/run.mjs HISTORY [--html OUT.html] [--max-steps N]';
const MAX_SHOWN_KEYS = 5;
const EXIT_CODES: Readonly<Record<Verdict, number>> = { linearizable: 0, violation: 1, undecided: 3 };
const EXIT_USAGE = 2;

export interface Console {
  readonly out: (line: string) => void;
  readonly error: (line: string) => void;
}

/** A mistake of the person at the keyboard, told without a stack. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface Arguments {
  readonly file: string;
  readonly html: string | undefined;
  readonly maxStepsPerKey: number;
}

function parse(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { html: { type: 'string' }, 'max-steps': { type: 'string' } },
    allowPositionals: true,
  });
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0) throw new UsageError(`one history file is needed\n${USAGE}`);
  const maxStepsPerKey = Number(values['max-steps'] ?? DEFAULT_MAX_STEPS_PER_KEY);
  if (!Number.isSafeInteger(maxStepsPerKey) || maxStepsPerKey < 1) {
    throw new UsageError(`--max-steps is a whole number from 1, not "${values['max-steps']}"`);
  }
  return { file, html: values.html, maxStepsPerKey };
}

function check<State, Input, Result>(
  model: Model<State, Input, Result>,
  operations: readonly Operation<Input, Result>[],
  { file, html, maxStepsPerKey }: Arguments,
  { out }: Console,
): Verdict {
  const report = checkLinearizability(model, operations, { maxStepsPerKey });
  out(
    `${file}: ${report.verdict} (${report.operationCount} operations, ${report.keyCount} keys, ${report.steps} steps)`,
  );
  for (const { key } of report.undecided)
    out(`  key ${key}: undecided after ${maxStepsPerKey} steps; raise --max-steps`);
  if (report.verdict === 'violation') explain(model, report, file, html, out);
  else if (html !== undefined) out(`  ${html} is not written: there is no violation to draw`);
  return report.verdict;
}

function explain<State, Input, Result>(
  model: Model<State, Input, Result>,
  report: CheckReport<State, Input, Result>,
  file: string,
  html: string | undefined,
  out: (line: string) => void,
): void {
  const counterexamples = report.violations.slice(0, MAX_SHOWN_KEYS).map((failure) => shrinkViolation(model, failure));
  for (const { key, essential } of counterexamples) {
    out(`  key ${key}: these answers contradict each other`);
    for (const { client, input, outcome, invokedMs, returnedMs } of essential) {
      const label = model.describe(input, outcome.type === 'done' ? outcome.result : undefined);
      out(`    ${client}: ${label} (${invokedMs} to ${returnedMs ?? '?'} ms)`);
    }
  }
  const more = report.violations.length - counterexamples.length;
  if (more > 0) out(`  and ${more} more keys`);
  if (html === undefined) return;
  const { operationCount, keyCount, violations } = report;
  const options = { title: basename(file), operationCount, keyCount, violatedKeyCount: violations.length };
  writeText(html, drawViolation(model, counterexamples, options));
  out(`  picture: ${html}`);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

function writeText(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${messageOf(error)}`);
  }
}

function checkFile(args: Arguments, console: Console): Verdict {
  const text = readText(args.file);
  if (!text.trimStart().startsWith('{')) return check(registerModel, readJepsenLog(text), args, console);
  const model = historyModel(text);
  switch (model) {
    case kvCodec.model:
      return check(kvModel, readHistory(kvCodec, text), args, console);
    case registerCodec.model:
      return check(registerModel, readHistory(registerCodec, text), args, console);
    default:
      throw new HistoryFormatError(1, `"model": "${kvCodec.model}" or "${registerCodec.model}", not "${model}"`);
  }
}

/** The command. Returns its exit code; throws only for a defect. */
export function runChecker(args: readonly string[], console: Console): number {
  let parsed: Arguments | undefined;
  try {
    parsed = parse(args);
    return EXIT_CODES[checkFile(parsed, console)];
  } catch (error) {
    if (error instanceof HistoryFormatError) console.error(`${parsed?.file}: ${error.message}`);
    else if (error instanceof UsageError) console.error(error.message);
    else if (error instanceof TypeError && 'code' in error) console.error(`${error.message}\n${USAGE}`);
    else throw error;
    return EXIT_USAGE;
  }
}
