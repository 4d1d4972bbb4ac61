/** The program behind `npm run fuzz`. */
import { EXIT_CODES, HELP, parseArguments, type Arguments } from './arguments.js';
import { fuzz, type Tally } from './target.js';

/** Rounds over all targets, a seed each, until the time is over. Returns what came of each target; throws at the first failure. */
async function rounds({ targets, seconds, seed, runs }: Arguments): Promise<ReadonlyMap<string, Tally>> {
  const tallies = new Map<string, Tally>(targets.map(({ name }) => [name, { read: 0, refused: 0 }]));
  const deadline = performance.now() + (seconds ?? 0) * 1_000;
  let next = seed;
  do {
    for (const target of targets) {
      const { read, refused } = await fuzz(target, next, runs);
      const tally = tallies.get(target.name) ?? { read: 0, refused: 0 };
      tally.read += read;
      tally.refused += refused;
    }
    next++;
  } while (performance.now() < deadline);
  console.log(`${next - seed} seeds from ${seed} on`);
  return tallies;
}

async function main(): Promise<number> {
  const asked = parseArguments(process.argv.slice(2));
  if (typeof asked === 'string') {
    console.error(`${asked}; see --help`);
    return EXIT_CODES.usage;
  }
  if (asked.help) {
    console.log(HELP);
    return EXIT_CODES.passed;
  }
  try {
    for (const [name, { read, refused }] of await rounds(asked)) {
      console.log(`${name.padEnd(32)}${String(read).padStart(9)} read${String(refused).padStart(9)} refused`);
    }
    return EXIT_CODES.passed;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return EXIT_CODES.failed;
  }
}

process.exitCode = await main();
