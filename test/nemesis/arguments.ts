/** The arguments of `npm run nemesis`, and what it says of them. */
import { parseArgs } from 'node:util';
import { DcacheError } from '../../src/base/errors.js';
import { isMode, type Mode } from '../../src/base/ids.js';
import { resolveShape, toleratedFailures, type ClusterShape } from '../../src/bench/cluster/shape.js';
import { FAULT_KINDS, kindsFor, type FaultKind } from './faults.js';
import { KINDS_OF_NAMESPACES } from './namespaces.js';

export const EXIT_CODES = { passed: 0, violation: 1, usage: 2, stuck: 3, defect: 4, undecided: 5 } as const;

export const HELP = `npm run nemesis -- [flags]

Starts a cluster of real processes with something on every link, lets clients work, and does to it what a seed says: kills, pauses,
stops and restarts nodes, cuts, slows and breaks links, never more at once than the cluster tolerates. After each round of
20 to 60 s everything is mended, the cluster has to be whole again within a bound, another client reads every key, and the history
of all requests is judged by the checker of linearizability.

  --mode raft|ecc     ecc by default
  --nodes N           raft: 3, ecc: 5 by default; at least 3
  --k K, --m M        the code of ecc mode, by the number of nodes by default: RS(3,2) for 5, RS(2,1) for 3
  --seed S            1 by default
  --round R           begins with round R, 1 by default: what was drawn for it is drawn again, though the cluster is a new one
  --minutes M         how long, 1 by default; fractions too
  --only KIND,KIND    only these kinds of faults: ${FAULT_KINDS.slice(0, 6).join(', ')},
                      ${FAULT_KINDS.slice(6).join(', ')}
  --all-at-once       raft mode: now and then kills all nodes at once, which loses nothing since the log is durable
  --network HOW       what lies between the nodes: proxies, TCP proxies of this program, the default; or namespaces, of Linux, where cuts
                      lose packets, and only nodes and cuts fail
  --whole-within S    the bound, 90 s by default
  --output FOLDER     histories, faults and logs; dist/nemesis/MODE-NODES-SEED by default
  --trace             prints every fault
  --judge FILE        judges a history that was saved, and does nothing else
  --help

Exit codes:
  0  passed
  1  a promise was broken: a history is not linearizable, an acknowledged value is gone
  2  the arguments cannot be used
  3  the cluster did not become whole, or answered nobody, within the bound
  4  a node has ended by itself, or this program failed
  5  --judge: too many unknown outcomes to decide`;

export interface RunArguments {
  readonly shape: ClusterShape;
  readonly seed: number;
  readonly firstRound: number;
  readonly lengthMs: number;
  /** At least one. */
  readonly kinds: readonly FaultKind[];
  readonly network: 'proxies' | 'namespaces';
  readonly wholeBoundMs: number;
  readonly output: string | undefined;
  readonly trace: boolean;
}

export type Arguments =
  | { readonly type: 'run'; readonly run: RunArguments }
  | { readonly type: 'judge'; readonly file: string }
  | { readonly type: 'help' };

/** What was asked for, or why that cannot be. */
export function parseArguments(args: readonly string[]): Arguments | string {
  try {
    return parse(args);
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof DcacheError)) throw error;
    return error.message;
  }
}

function parse(args: readonly string[]): Arguments | string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mode: { type: 'string', default: 'ecc' },
      nodes: { type: 'string' },
      k: { type: 'string' },
      m: { type: 'string' },
      seed: { type: 'string', default: '1' },
      round: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '1' },
      only: { type: 'string' },
      'all-at-once': { type: 'boolean', default: false },
      network: { type: 'string', default: 'proxies' },
      'whole-within': { type: 'string', default: '90' },
      output: { type: 'string' },
      trace: { type: 'boolean', default: false },
      judge: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { type: 'help' };
  if (values.judge !== undefined) return { type: 'judge', file: values.judge };
  const { mode, network, output, trace } = values;
  if (!isMode(mode)) return `--mode is raft or ecc, not "${mode}"`;
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) return `--seed is a whole number, not "${values.seed}"`;
  const firstRound = Number(values.round);
  if (!Number.isSafeInteger(firstRound) || firstRound < 1)
    return `--round is a whole number from 1, not "${values.round}"`;
  const lengthMs = Number(values.minutes) * 60_000;
  if (!(lengthMs > 0)) return `--minutes is a number above 0, not "${values.minutes}"`;
  const wholeBoundMs = Number(values['whole-within']) * 1_000;
  if (!(wholeBoundMs > 0)) return `--whole-within is a number of seconds above 0, not "${values['whole-within']}"`;
  const allAtOnce = values['all-at-once'];
  if (allAtOnce && mode === 'ecc') return '--all-at-once is for raft mode: in ecc mode memory is all there is';
  if (network !== 'proxies' && network !== 'namespaces') return `--network is proxies or namespaces, not "${network}"`;
  const possible = kindsFor(mode, allAtOnce).filter(
    (kind) => network === 'proxies' || KINDS_OF_NAMESPACES.includes(kind),
  );
  const kinds = kindsOf(possible, values.only);
  if (typeof kinds === 'string') return kinds;
  const shape = shapeOf(mode, values);
  if (toleratedFailures(shape) < 1) return 'the cluster tolerates no failure; --nodes is at least 3';
  return { type: 'run', run: { shape, seed, firstRound, lengthMs, kinds, network, wholeBoundMs, output, trace } };
}

/** Throws INVALID_ARGUMENT or CONFIG_INVALID. */
function shapeOf(
  mode: Mode,
  given: { readonly nodes?: string | undefined; readonly k?: string | undefined; readonly m?: string | undefined },
): ClusterShape {
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
  return resolveShape({ mode, nodes: number(given.nodes), k: number(given.k), m: number(given.m) });
}

function kindsOf(possible: readonly FaultKind[], only: string | undefined): readonly FaultKind[] | string {
  if (only === undefined) return possible;
  const names = only.split(',');
  const unknown = names.find((name) => !possible.some((kind) => kind === name));
  if (unknown !== undefined) return `--only takes kinds of faults: ${possible.join(', ')}. "${unknown}" is none.`;
  return possible.filter((kind) => names.includes(kind));
}
