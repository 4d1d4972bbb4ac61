/**
 * `npm run mutants -- [--mode raft|ecc] [--only NAME,NAME] [--rare] [--max-seeds N]`: plants each bug of test/simulator/mutants/ in turn
 * and runs the simulator until it notices. Fails when it does not notice one, when a bug does not apply any more, or when
 * the program without a bug is taken for broken.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ECC_MUTATIONS } from '../test/simulator/mutants/ecc-mutations.mjs';
import { MUTATIONS } from '../test/simulator/mutants/mutations.mjs';
import { prepare } from './prepare.mjs';
import { ROOT } from './tooling/files.mjs';
import { ToolError, runCaptured, runMain } from './tooling/run.mjs';

const LANES = 2;
const DEFAULT_MAX_SEEDS = 500;
const DEFAULT_MAX_SEEDS_RARE = 10_000;
/** By mode; `control`: seeds that the program without a bug has to pass. */
const MODES = {
  raft: { mutations: MUTATIONS, control: 200 },
  ecc: { mutations: ECC_MUTATIONS, control: 100 },
};
const CONTROL = 'no bug';

/** @returns {readonly import('../test/simulator/mutants/mutations.mjs').Edit[]} */
const editsOf = (mutation) => mutation.edits ?? [mutation];

/** @returns the source of the edit's file with the bug in it */
function mutate(name, { file, find, put }) {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const times = source.split(find).length - 1;
  if (times !== 1) throw new ToolError(`${name} does not apply: its text occurs ${times} times in ${file}.`);
  return source.replace(find, () => put);
}

/** The hunt with src/ in it, where modules may be replaced: `mutation` undefined for none. */
async function buildHunt(mutation, outfile) {
  const esbuild = await import('esbuild');
  const edits = mutation === undefined ? [] : editsOf(mutation);
  const replaced = new Map(edits.map((edit) => [join(ROOT, edit.file), mutate(mutation.name, edit)]));
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

await runMain(async (args) => {
  const { values } = parseArgs({
    args,
    options: {
      mode: { type: 'string', default: 'raft' },
      only: { type: 'string' },
      rare: { type: 'boolean' },
      'max-seeds': { type: 'string' },
    },
  });
  const mode = MODES[values.mode];
  if (mode === undefined) throw new ToolError(`--mode is raft or ecc, not "${values.mode}".`, 2);
  const seedsFor = ({ rare }) => Number(values['max-seeds'] ?? (rare ? DEFAULT_MAX_SEEDS_RARE : DEFAULT_MAX_SEEDS));
  const names = values.only?.split(',');
  const chosen = mode.mutations.filter(({ name, rare }) => names?.includes(name) ?? (values.rare || !rare));
  if (chosen.length === 0)
    throw new ToolError(`--only takes names of mutations: ${mode.mutations.map(({ name }) => name).join(', ')}.`, 2);
  await prepare();
  const folder = mkdtempSync(join(tmpdir(), 'dcache-mutants-'));
  const survivors = [];
  const report = (name, { caught, seeds, how }) =>
    console.log(`${name.padEnd(40)}${String(seeds).padStart(5)} seeds  ${caught ? how : '-'}`);
  try {
    await inLanes([
      async () => {
        const outcome = await hunt(values.mode, undefined, folder, mode.control);
        report(CONTROL, outcome);
        if (outcome.caught)
          throw new ToolError(`The simulator takes the program without a bug for broken: ${outcome.how}`);
      },
      ...chosen.map((mutation) => async () => {
        const outcome = await hunt(values.mode, mutation, folder, seedsFor(mutation));
        report(mutation.name, outcome);
        if (!outcome.caught) survivors.push(mutation.name);
      }),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  if (survivors.length > 0) throw new ToolError(`Not noticed: ${survivors.join(', ')}.`);
  console.log(`All ${chosen.length} planted bugs were noticed.`);
});
