/** `npm run quickstart`: from a fresh clone to a running local cluster, of the default mode. Further arguments go to `dcache cluster start`. */
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { ROOT } from './tooling/files.mjs';
import { runAttached, runMain, say } from './tooling/run.mjs';

await runMain(async (args) => {
  await prepare();
  const exitCode = await runAttached([process.execPath, join(ROOT, 'bin/dcache'), 'cluster', 'start', ...args]);
  if (exitCode === 0) say('\nTo see in a minute what a cluster withstands: npx dcache demo');
  return exitCode;
});
