/**
 * `npm run mutants -- [--mode raft|ecc|group|leases] [--only NAME,NAME] [--rare] [--max-seeds N]`: plants each bug of test/simulator/mutants/ in turn
 * and runs the simulator until it notices. Fails when it does not notice one, when a bug does not apply any more, or when
 * the program without a bug is taken for broken.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ECC_MUTATIONS } from '../test/simulator/mutants/ecc-mutations.mjs';
import { MUTATIONS } from '../test/simulator/mutants/mutations.mjs';
import { editsOf, sourceWithBug } from '../test/simulator/mutants/planting.mjs';
import { prepare } from './prepare.mjs';
import { ROOT } from './tooling/files.mjs';
import { ToolError, runCaptured, runMain } from './tooling/run.mjs';

const LANES = 2;
const DEFAULT_MAX_SEEDS = 500;
const DEFAULT_MAX_SEEDS_RARE = 10_000;
/** By mode; `control`: seeds that the program without a bug has to pass. */
const MODES = {
  raft: { mutations: MUTATIONS, control: 200 },
  ecc: { mutations: ECC_MUTATIONS.filter(({ world }) => world === undefined), control: 100 },
  // One group under random interleavings reaches corners of the protocol that whole clusters seldom do.
  group: { mutations: ECC_MUTATIONS.filter(({ world }) => world === 'group'), control: 60 },
  // Leases and maps alone, under leaders that are deposed without knowing it.
  leases: { mutations: ECC_MUTATIONS.filter(({ world }) => world === 'leases'), control: 60 },
};
const CONTROL = 'no bug';

/** The hunt with src/ in it, where modules may be replaced: `mutation` undefined for none. */
async function buildHunt(mutation, outfile) {
  const esbuild = await import('esbuild');
  const edits = mutation === undefined ? [] : editsOf(mutation);
  const replaced = new Map(edits.map((edit) => [join(ROOT, edit.file), sourceWithBug(mutation.name, edit)]));
  const used = new Set();
  const plugin = {
    name: 'planted-bug',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = replaced.get(path);
        if (contents === undefined) return undefined;
        used.add(path);
        return { contents, loader: 'ts' };
      });
    },
  };
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: ['test/simulator/mutants/hunt.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
    plugins: [plugin],
  });
  if (used.size < replaced.size)
    throw new ToolError(`${mutation.name} does not apply: the simulator does not use a file of it.`);
}

async function hunt(mode, mutation, folder, maxSeeds) {
  const program = join(folder, `${mutation?.name ?? 'control'}.mjs`);
  await buildHunt(mutation, program);
  const { exitCode, output } = await runCaptured([process.execPath, program, mode, '1', String(maxSeeds)]);
  if (exitCode !== 0) throw new ToolError(`${mutation?.name ?? CONTROL}: the simulator itself failed.\n${output}`);
  return JSON.parse(output.trim().split('\n').at(-1));
}

async function inLanes(tasks) {
  const waiting = [...tasks];
  const lane = async () => {
    for (let task = waiting.shift(); task; task = waiting.shift()) await task();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Hunts what was chosen of one mode. Returns the names of the bugs that were not noticed. */
async function huntAll(name, chosen, { control: controlSeeds, maxSeeds, folder }) {
  const survivors = [];
  const report = (bug, { caught, seeds, how }) =>
    console.log(`${name.padEnd(8)}${bug.padEnd(44)}${String(seeds).padStart(5)} seeds  ${caught ? how : '-'}`);
  const control = async () => {
    const outcome = await hunt(name, undefined, folder, controlSeeds);
    report(CONTROL, outcome);
    if (outcome.caught) throw new ToolError(`The simulator takes the program without a bug for broken: ${outcome.how}`);
  };
  await inLanes([
    ...(controlSeeds > 0 ? [control] : []),
    ...chosen.map((mutation) => async () => {
      const outcome = await hunt(name, mutation, folder, maxSeeds(mutation));
      report(mutation.name, outcome);
      if (!outcome.caught) survivors.push(mutation.name);
    }),
  ]);
  return survivors;
}

const USAGE = `npm run mutants -- [flags]

Plants each bug of test/simulator/mutants/ in turn and runs the simulator until it notices.

  --mode NAME       only those of ${Object.keys(MODES).join(', ')}
  --only NAME,NAME  only these
  --rare            those too that take thousands of seeds
  --max-seeds N     give up after so many (${DEFAULT_MAX_SEEDS}, or ${DEFAULT_MAX_SEEDS_RARE} of a rare one)`;

function parseFlags(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        mode: { type: 'string' },
        only: { type: 'string' },
        rare: { type: 'boolean' },
        'max-seeds': { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    throw new ToolError(`${error.message}\n\n${USAGE}`, 2);
  }
}

await runMain(async (args) => {
  const values = parseFlags(args);
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (!/^[1-9][0-9]*$/.test(values['max-seeds'] ?? '1')) {
    throw new ToolError(`--max-seeds takes a whole number from 1 up, not "${values['max-seeds']}".`, 2);
  }
  const modes = values.mode === undefined ? Object.keys(MODES) : [values.mode];
  if (modes.some((name) => MODES[name] === undefined)) {
    throw new ToolError(`--mode is ${Object.keys(MODES).join(', ')}, not "${values.mode}".`, 2);
  }
  const maxSeeds = ({ rare }) => Number(values['max-seeds'] ?? (rare ? DEFAULT_MAX_SEEDS_RARE : DEFAULT_MAX_SEEDS));
  const names = values.only?.split(',');
  const chosenOf = (name) =>
    MODES[name].mutations.filter((mutation) => names?.includes(mutation.name) ?? (values.rare || !mutation.rare));
  const count = modes.reduce((sum, name) => sum + chosenOf(name).length, 0);
  if (count === 0) {
    const all = modes.flatMap((name) => MODES[name].mutations.map((mutation) => mutation.name));
    throw new ToolError(`--only takes names of mutations: ${all.join(', ')}.`, 2);
  }
  await prepare();
  const folder = mkdtempSync(join(tmpdir(), 'dcache-mutants-'));
  const survivors = [];
  try {
    for (const name of modes) {
      const chosen = chosenOf(name);
      if (chosen.length === 0) continue;
      // Of no use again and again to somebody who works on one bug.
      const control = names === undefined ? MODES[name].control : 0;
      survivors.push(...(await huntAll(name, chosen, { control, maxSeeds, folder })));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  if (survivors.length > 0) throw new ToolError(`Not noticed: ${survivors.join(', ')}.`);
  console.log(`All ${count} planted bugs were noticed.`);
});
