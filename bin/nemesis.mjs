/** `npm run nemesis -- [--minutes M] [--mode MODE] [--nodes N] [--seed S]`: faults on real processes, test/nemesis/. */
import { prepare } from './prepare.mjs';
import { bundle } from './tooling/bundle.mjs';
import { runAttached, runMain } from './tooling/run.mjs';

await runMain(async (args) => {
  await prepare();
  const program = await bundle('test/nemesis/main.ts', 'dist/nemesis/nemesis.mjs');
  return runAttached([process.execPath, '--enable-source-maps', program, ...args]);
});
