/**
 * Makes a clone ready to run: installs what is missing, compiles what has changed, says nothing when all is well.
 * `npm run build` is this; the other commands call `prepare` first. Needs nothing but Node.
 */
import { pathToFileURL } from 'node:url';
import { requireSupportedNode } from './node-version.mjs';
import { ensureBuild } from './tooling/build.mjs';
import { ensureDependencies } from './tooling/dependencies.mjs';
import { runMain } from './tooling/run.mjs';

/** @throws {ToolError} with what the developer has to do */
export async function prepare() {
  requireSupportedNode();
  await ensureDependencies();
  await ensureBuild();
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await runMain(prepare);
