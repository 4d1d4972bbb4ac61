/**
 * `npm test`: everything that has to hold. The build and the static checks, two at a time, then the tests; ends at the
 * first failure, saying what failed and how to run only that again.
 *
 *     npm test                                  all of it
 *     npm test -- --only lint,types             some steps
 *     npm test -- --only tests test/raft        some tests; what follows goes to vitest
 */
import { lintProto } from './generate/grpc.mjs';
import { requireSupportedNode } from './node-version.mjs';
import { ensureBuild } from './tooling/build.mjs';
import { ensureDependencies } from './tooling/dependencies.mjs';
import { ToolError, installedTool, runAttached, runCaptured, runMain, say } from './tooling/run.mjs';

/** A check that is silent when it passes and shows what its tool printed when it does not. */
const captured =
  (...tool) =>
  async () => {
    const { exitCode, output } = await runCaptured(installedTool(...tool));
    if (exitCode !== 0) throw new ToolError(output.trim());
  };

let building;
/** Once, whoever needs it first. */
const build = () => (building ??= ensureBuild());

/** The slow ones come first so that the two lanes end together. */
const STATIC_STEPS = {
  build,
  lint: captured('eslint/bin/eslint.js', '.', '--max-warnings', '0'),
  types: captured('typescript/bin/tsc', '-p', 'test/tsconfig.json', '--pretty', 'false'),
  generated: async () => {
    await build();
    const { exitCode, output } = await runCaptured([process.execPath, 'bin/generate.mjs', '--check']);
    if (exitCode !== 0) throw new ToolError(output.trim());
  },
  architecture: captured('dependency-cruiser/bin/dependency-cruise.mjs', 'src', '--config', '.dependency-cruiser.cjs'),
  format: captured('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
  proto: lintProto,
};
const LANES = 2;
const ALL_STEPS = [...Object.keys(STATIC_STEPS), 'tests'];

const seconds = (startedAt) => `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s`;

/** Runs one step and prints its name and time. */
async function runStep(name, step) {
  const startedAt = performance.now();
  try {
    await step();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    say(`  ✗ ${name.padEnd(14)}${seconds(startedAt)}`);
    const again = name === 'build' ? 'npm run build' : `npm test -- --only ${name}`;
    throw new ToolError(`${error.message}\n\nFailed: ${name}. To run only this again: ${again}`, error.exitCode);
  }
  say(`  ✓ ${name.padEnd(14)}${seconds(startedAt)}`);
}

/** Runs steps side by side. A failure keeps further ones from beginning; those under way are waited for. */
async function runInLanes(steps) {
  const waiting = [...steps];
  const failures = [];
  const lane = async () => {
    for (let next = waiting.shift(); next && failures.length === 0; next = waiting.shift()) {
      try {
        await runStep(...next);
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const [first] = failures;
  if (first) throw new ToolError(failures.map((failure) => `\n${failure.message}`).join('\n'), first.exitCode);
}

function parse(args) {
  const at = args.indexOf('--only');
  if (at === -1) return { chosen: ALL_STEPS, vitestArgs: args };
  const chosen = (args[at + 1] ?? '').split(',');
  const unknown = chosen.find((name) => !ALL_STEPS.includes(name));
  if (unknown !== undefined) {
    throw new ToolError(`--only takes steps separated by commas: ${ALL_STEPS.join(', ')}. "${unknown}" is none.`, 2);
  }
  return { chosen, vitestArgs: [...args.slice(0, at), ...args.slice(at + 2)] };
}

await runMain(async (args) => {
  const { chosen, vitestArgs } = parse(args);
  const startedAt = performance.now();
  requireSupportedNode();
  await ensureDependencies();
  await runInLanes(Object.entries(STATIC_STEPS).filter(([name]) => name === 'build' || chosen.includes(name)));
  if (chosen.includes('tests')) {
    await runStep('tests', async () => {
      const vitest = installedTool('vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts', '--root', '.');
      const exitCode = await runAttached([...vitest, ...vitestArgs]);
      if (exitCode !== 0) throw new ToolError('vitest says above which tests failed.', exitCode);
    });
  }
  say(`\nAll is well.${seconds(startedAt)}`);
});
