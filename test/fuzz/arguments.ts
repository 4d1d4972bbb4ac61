/** The arguments of `npm run fuzz`, and what it says of them. */
import { parseArgs } from 'node:util';
import { GROUPS, type Target } from './target.js';
import { chosen } from './targets.js';

export const EXIT_CODES = { passed: 0, failed: 1, usage: 2 } as const;

export const HELP = `npm run fuzz -- [flags]

Gives every parser input that was well-formed and has been spoilt: cut, flipped, lengthened, nested, spliced. Each has to read it as a
value that can be written and read again, or to refuse it with its documented error, in bounded time and memory.

  --only NAMES   groups (${GROUPS.join(', ')}) or single parsers, commas between them
  --seconds N    for how long, 60 by default
  --seed S       first seed, 1 by default; each round over the parsers takes the next one
  --runs N       inputs of a parser and seed, 500 by default; with it and without --seconds there is one round
  --help

A failure prints parser, seed, the shortest input that was found, and the command that shows it again.
Exit codes: 0 all passed, 1 a parser failed, 2 the arguments cannot be used.`;

export interface Arguments {
  readonly targets: readonly Target[];
  /** Undefined: one round. */
  readonly seconds: number | undefined;
  readonly seed: number;
  readonly runs: number;
  readonly help: boolean;
}

/** What was asked for, or why that cannot be. */
export function parseArguments(args: readonly string[]): Arguments | string {
  try {
    return parse(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return error.message;
  }
}

function parse(args: readonly string[]): Arguments | string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: GROUPS.join(',') },
      seconds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      runs: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const targets = chosen(values.only);
  if (typeof targets === 'string') return targets;
  const [seed, runs] = [Number(values.seed), Number(values.runs ?? 500)];
  if (!Number.isSafeInteger(seed) || seed < 0) return `--seed is a whole number, not "${values.seed}"`;
  if (!Number.isSafeInteger(runs) || runs < 1) return `--runs is a whole number from 1, not "${values.runs}"`;
  const seconds = values.seconds ?? (values.runs === undefined ? '60' : undefined);
  if (seconds !== undefined && !(Number(seconds) > 0)) return `--seconds is a number above 0, not "${seconds}"`;
  return { targets, seconds: seconds === undefined ? undefined : Number(seconds), seed, runs, help: values.help };
}
