// Bundles cli.ts into a temporary file (Node 20 does not run TypeScript) and runs it: see there for arguments and exit codes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const folder = mkdtempSync(join(tmpdir(), 'dcache-checker-'));
try {
  const outfile = join(folder, 'cli.mjs');
  const entryPoints = [fileURLToPath(new URL('cli.ts', import.meta.url))];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', sourcemap: 'inline' });
  process.setSourceMapsEnabled(true);
  const { runChecker } = await import(pathToFileURL(outfile).href);
  process.exitCode = runChecker(process.argv.slice(2), { out: console.log, error: console.error });
} finally {
  rmSync(folder, { recursive: true });
}
