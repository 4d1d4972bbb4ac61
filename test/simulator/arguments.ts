/** The arguments of `npm run simulate`, and what it says of them. */
import { parseArgs } from 'node:util';
import { isMode, type Mode } from '../../src/base/ids.js';
import { parseCut, type Cut } from './minimize/cut.js';

/** Seeds of one mode from which on a run of many fails when something was never come to. */
export const REACH_SEEDS = 100;

export const EXIT_CODES = {
  passed: 0,
  violation: 1,
  usage: 2,
  stuck: 3,
  defect: 4,
  unreached: 5,
} as const;

export const HELP = `npm run simulate -- [flags]

Runs a whole cluster in one process on virtual time, everything about it drawn from a seed: clients work while things go wrong
(safety phase), everything heals, and the cluster has to recover within a bound (liveness phase).

  --mode raft|ecc   the mode of the cluster; drawn from the seed when left out
  --seed S          first seed, 1 by default
  --seeds N         how many seeds, 1 by default; stops at the first that fails
  --keep-going      does not stop there: lists all that fail
  --trace           prints everything that happens, and what the nodes log
  --history FILE    writes what the clients saw as JSON lines
  --minimize        shortens a seed that fails, while the same thing is broken first, and prints what is left of its schedule
  --cut JSON        runs a seed as it was shortened: what --minimize has printed
  --help

Exit codes:
  0  all passed
  1  an invariant was broken, linearizability of the clients' history included
  2  the arguments cannot be used
  3  the healed cluster did not recover within its bound
  4  the program crashed: an assertion, or an error that nobody handles
  5  ${REACH_SEEDS} or more seeds of a mode never came to something that they are meant to meet, a kind of fault for one`;

export interface Arguments {
  /** Undefined: each seed draws its own. */
  readonly mode: Mode | undefined;
  readonly firstSeed: number;
  readonly seeds: number;
  readonly keepGoing: boolean;
  readonly trace: boolean;
  readonly history: string | undefined;
  readonly minimize: boolean;
  readonly cut: Cut | undefined;
  readonly help: boolean;
}

/** What was asked for, or why that cannot be. */
export function parseArguments(args: readonly string[]): Arguments | string {
  try {
    return parse(args);
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) throw error;
    return error.message;
  }
}

function parse(args: readonly string[]): Arguments | string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mode: { type: 'string' },
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '1' },
      'keep-going': { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      history: { type: 'string' },
      minimize: { type: 'boolean', default: false },
      cut: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [firstSeed, seeds] = [Number(values.seed), Number(values.seeds)];
  if (!Number.isSafeInteger(firstSeed) || firstSeed < 0) return `--seed is a whole number, not "${values.seed}"`;
  if (!Number.isSafeInteger(seeds) || seeds < 1) return `--seeds is a whole number from 1, not "${values.seeds}"`;
  const { mode, trace, history, minimize, help } = values;
  if (mode !== undefined && !isMode(mode)) return `--mode is raft or ecc, not "${mode}"`;
  const cut = values.cut === undefined ? undefined : parseCut(values.cut);
  if ((minimize || cut !== undefined) && seeds !== 1) return '--minimize and --cut are for one seed, leave --seeds out';
  return { mode, firstSeed, seeds, keepGoing: values['keep-going'], trace, history, minimize, cut, help };
}
