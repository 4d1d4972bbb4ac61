/** `npm run quickstart`: from a fresh clone to a running local cluster. Further arguments go to `dcache cluster start`. */
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { ROOT } from './tooling/files.mjs';
import { runAttached, runMain } from './tooling/run.mjs';

await runMain(async (args) => {
  await prepare();
  const start = ['cluster', 'start', '--mode', 'raft', '--nodes', '3', ...args];
  return runAttached([process.execPath, join(ROOT, 'bin/dcache'), ...start]);
});
