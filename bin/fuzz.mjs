/** `npm run fuzz -- [--seconds N] [--only NAMES] [--seed S]`: gives every parser spoilt input, test/fuzz/. */
import { prepare } from './prepare.mjs';
import { bundle } from './tooling/bundle.mjs';
import { runAttached, runMain } from './tooling/run.mjs';

await runMain(async (args) => {
  await prepare();
  const program = await bundle('test/fuzz/main.ts', 'dist/fuzz/fuzz.mjs');
  return runAttached([process.execPath, '--enable-source-maps', program, ...args]);
});
