/**
 * Runs seeds until one fails: the program that a planted bug is built into (bin/mutants.mjs).
 * Arguments: mode (of the whole cluster's simulator; `group`: one group under random interleavings; `leases`: leases and maps alone),
 * first seed, number of seeds. The last line of its output is the outcome as JSON.
 */
import { isMode } from '../../../src/base/ids.js';
import { LeaseSimulation } from '../../cluster/lease-simulation.js';
import { playGroup } from '../../replication/group-play.js';
import { playHeldUpAck } from '../../replication/held-up-ack.js';
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

/** Virtual time of one seed of the simulation of leases. */
const LEASES_MS = 20_000;

/** How the run of a seed was noticed to be broken; undefined if it passed. */
async function noticed(mode: string, seed: number): Promise<string | undefined> {
  const [k, m] = CODES[seed % CODES.length] ?? CODES[0];
  if (mode === 'group') {
    return thrown(() => {
      playHeldUpAck();
      playGroup(seed, k, m);
    });
  }
  if (mode === 'leases') return thrown(() => new LeaseSimulation(seed, { k, m }).run(LEASES_MS));
  if (!isMode(mode)) throw new Error(`${mode} is no mode`);
  const { verdict } = await run(seed, mode);
  if (verdict.type === 'passed') return undefined;
  return verdict.type === 'violation' ? verdict.invariant : `${verdict.type}: ${verdict.details.split('\n')[0]}`;
}

/** What `play` fails with, cut short. */
function thrown(play: () => void): string | undefined {
  try {
    play();
    return undefined;
  } catch (error) {
    return String(error).split('\n')[0]?.slice(0, 120);
  }
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
