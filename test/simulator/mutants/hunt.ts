/**
 * Runs seeds until one fails: the program that a planted bug is built into (bin/mutants.mjs).
 * Arguments: mode (of the whole cluster's simulator, or `group` for one group under random interleavings), first seed, number of seeds. The last line of its output is the outcome as JSON.
 */
import { isMode } from '../../../src/base/ids.js';
import { playGroup } from '../../replication/group-play.js';
import { run } from '../run.js';

export interface HuntOutcome {
  readonly caught: boolean;
  /** Runs until the bug was noticed, or all. */
  readonly seeds: number;
  /** The seed that noticed it. */
  readonly seed: number | undefined;
  /** Which invariant was broken, or how else it was noticed. */
  readonly how: string;
}

const CODES = [
  [2, 1],
  [3, 2],
  [3, 1],
  [4, 2],
] as const;

/** How the run of a seed was noticed to be broken; undefined if it passed. */
async function noticed(mode: string, seed: number): Promise<string | undefined> {
  if (mode === 'group') {
    const [k, m] = CODES[seed % CODES.length] ?? CODES[0];
    try {
      playGroup(seed, k, m);
      return undefined;
    } catch (error) {
      return String(error).split('\n')[0]?.slice(0, 120);
    }
  }
  if (!isMode(mode)) throw new Error(`${mode} is no mode`);
  const { verdict } = await run(seed, mode);
  if (verdict.type === 'passed') return undefined;
  return verdict.type === 'violation' ? verdict.invariant : `${verdict.type}: ${verdict.details.split('\n')[0]}`;
}

async function hunt(mode: string, firstSeed: number, maxSeeds: number): Promise<HuntOutcome> {
  for (let seeds = 1; seeds <= maxSeeds; seeds++) {
    const seed = firstSeed + seeds - 1;
    const how = await noticed(mode, seed);
    if (how === undefined) continue;
    return { caught: true, seeds, seed, how };
  }
  return { caught: false, seeds: maxSeeds, seed: undefined, how: '' };
}

const [mode = 'raft', firstSeed = '1', maxSeeds = '100'] = process.argv.slice(2);
console.log(JSON.stringify(await hunt(mode, Number(firstSeed), Number(maxSeeds))));
