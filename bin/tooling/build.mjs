/** The build: src/ through the TypeScript compiler into dist/, and that into bundle/, only when something has changed. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleDcache } from './bundle-dcache.mjs';
import { ROOT, filesUnder, fingerprint } from './files.mjs';
import { ToolError, installedTool, runCaptured, say } from './run.mjs';

const STAMP = join(ROOT, 'dist/.build-stamp');

const sources = () => [...filesUnder('src'), 'package-lock.json', 'tsconfig.json', 'bin/tooling/bundle-dcache.mjs'];

/** Removes what an earlier build made of sources that are gone: oclif would still offer a deleted command. */
function removeOrphans() {
  const compiled = /\.(js|js\.map|d\.ts)$/;
  for (const path of filesUnder('dist', (path) => compiled.test(path))) {
    if (!existsSync(join(ROOT, path.replace(/^dist/, 'src').replace(compiled, '.ts')))) rmSync(join(ROOT, path));
  }
}

/** Compiles if a source, the compiler's settings or a dependency changed since the last good build. */
export async function ensureBuild() {
  const wanted = fingerprint(sources());
  const stamp = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : undefined;
  if (stamp === wanted) return;
  // Without a stamp nobody knows what is in dist/; the compiler's own notes there may promise files that are gone.
  if (stamp === undefined) rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  const startedAt = performance.now();
  const { exitCode, output } = await runCaptured(
    installedTool('typescript/bin/tsc', '-p', 'tsconfig.json', '--pretty', String(process.stderr.isTTY ?? false)),
  );
  if (exitCode !== 0) {
    process.stderr.write(output);
    throw new ToolError('The build failed: src/ does not compile.');
  }
  removeOrphans();
  await bundleDcache();
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(STAMP, wanted);
  say(`Built dist/ in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
}
