/**
 * Runs seeds until one fails: the program that a planted bug is built into (bin/mutants.mjs).
 * Arguments: mode, first seed, number of seeds. The last line of its output is the outcome as JSON.
 */
import { isMode, type Mode } from '../../../src/base/ids.js';
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

async function hunt(mode: Mode, firstSeed: number, maxSeeds: number): Promise<HuntOutcome> {
  for (let seeds = 1; seeds <= maxSeeds; seeds++) {
    const seed = firstSeed + seeds - 1;
    const { verdict } = await run(seed, mode);
    if (verdict.type === 'passed') continue;
    const how = verdict.type === 'violation' ? verdict.invariant : `${verdict.type}: ${verdict.details.split('\n')[0]}`;
    return { caught: true, seeds, seed, how };
  }
  return { caught: false, seeds: maxSeeds, seed: undefined, how: '' };
}

const [mode = 'raft', firstSeed = '1', maxSeeds = '100'] = process.argv.slice(2);
if (!isMode(mode)) throw new Error(`${mode} is no mode`);
console.log(JSON.stringify(await hunt(mode, Number(firstSeed), Number(maxSeeds))));
