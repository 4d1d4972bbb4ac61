/** `npm run simulate -- [--seed S] [--seeds N] [--trace]`: runs the simulator, test/simulator/. */
import { prepare } from './prepare.mjs';
import { bundle } from './tooling/bundle.mjs';
import { runAttached, runMain } from './tooling/run.mjs';

await runMain(async (args) => {
  await prepare();
  const program = await bundle('test/simulator/main.ts', 'dist/simulator/simulate.mjs');
  return runAttached([process.execPath, '--enable-source-maps', program, ...args]);
});
