/** One parser under spoilt input: each input is read as a value that holds together, or refused with the error that is documented. */
import { getHeapStatistics } from 'node:v8';
import fc from 'fast-check';
import { toHex } from '../../src/base/bytes.js';
import { mutate, someMutation } from '../support/byte-mutations.js';

/** Groups by which `npm run fuzz -- --only` chooses. */
export const GROUPS = ['config', 'cli', 'frames', 'cluster', 'store', 'folder', 'protobuf'] as const;
export type Group = (typeof GROUPS)[number];

export interface Target {
  readonly name: string;
  readonly group: Group;
  /** Before anything else; may be called again. */
  readonly prepare?: () => Promise<void>;
  /** Well-formed input: texts as UTF-8. */
  readonly specimens: fc.Arbitrary<Uint8Array>;
  /** Of the format, to be put anywhere. */
  readonly words?: readonly string[];
  /** Puts right the checksums of spoilt input in place, so that what lies behind them is reached as well. */
  readonly reseal?: (input: Uint8Array) => void;
  /** Parses, and throws unless what came out can be written and read again as the same. */
  readonly read: (input: Uint8Array) => void | Promise<void>;
  /** Whether an error is how this parser refuses. */
  readonly isRefusal: (error: unknown) => boolean;
}

export interface Tally {
  read: number;
  refused: number;
}

/** Of processor time for one input, whatever else the machine does. Inputs have 128 KiB at most. */
const MAX_CPU_MS = 3_000;
/** Inputs that take long are not made shorter for ever. */
const MAX_SHRINK_MS = 120_000;
/** Far above what any input may make a parser keep. */
const MAX_KEPT_BYTES = 96 * 1024 * 1024;

/**
 * Runs `runs` inputs, the same for the same seed. Returns how many were read and refused.
 * @throws Error with target, seed, path of fast-check and the shrunken input
 */
export async function fuzz(target: Target, seed: number, runs: number): Promise<Tally> {
  await target.prepare?.();
  const tally: Tally = { read: 0, refused: 0 };
  const property = fc.asyncProperty(someInput(target), (input) => tryInput(target, input, tally));
  const details = await fc.check(property, { seed, numRuns: runs, interruptAfterTimeLimit: MAX_SHRINK_MS });
  if (!details.failed) return tally;
  const [input] = details.counterexample ?? [];
  const cause = details.errorInstance;
  const reason = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  throw new Error(
    `${target.name}: ${reason}\ninput: ${input === undefined ? 'none' : describe(input)}\nagain: npm run fuzz -- --only ${target.name.replaceAll(' ', '-')} --seed ${seed} --runs ${runs}`,
    { cause },
  );
}

/** Mostly spoilt a little, now and then not at all, or nothing but noise. */
function someInput({ specimens, words = [], reseal }: Target): fc.Arbitrary<Uint8Array> {
  const encoder = new TextEncoder();
  const mutations = fc.array(someMutation(words.map((word) => encoder.encode(word))), { maxLength: 5, size: 'small' });
  const spoilt = fc.tuple(specimens, mutations, specimens, fc.boolean()).map(([specimen, changes, other, sealed]) => {
    const input = mutate(specimen, changes, other);
    if (sealed) reseal?.(input);
    return input;
  });
  return fc.oneof({ weight: 12, arbitrary: spoilt }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) });
}

async function tryInput(target: Target, input: Uint8Array, tally: Tally): Promise<void> {
  const { length } = input;
  const before = keptBytes();
  const cpu = process.cpuUsage();
  try {
    await target.read(input);
    tally.read++;
  } catch (error) {
    if (!target.isRefusal(error)) throw error;
    tally.refused++;
  }
  const { user, system } = process.cpuUsage(cpu);
  if (user + system > MAX_CPU_MS * 1_000) throw new Error(`took ${(user + system) / 1_000} ms for ${length} bytes`);
  const kept = keptBytes() - before;
  if (kept > MAX_KEPT_BYTES) throw new Error(`took ${kept} bytes of memory for ${length} bytes`);
}

function keptBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

function describe(input: Uint8Array): string {
  const shown = input.length > 400 ? `${toHex(input.subarray(0, 400))}... (${input.length} bytes)` : toHex(input);
  return `${shown}\n       ${JSON.stringify(new TextDecoder().decode(input.subarray(0, 200)))}`;
}
