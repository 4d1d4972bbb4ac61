/** Tests that start threads or processes run the build, since Node 20 loads no TypeScript. */
import { existsSync, readdirSync, statSync } from 'node:fs';

const root = new URL('../../', import.meta.url);

/** Fails a test run on a folder without a build, or with half of one, with what to do about it. */
export function requireBuild(): void {
  const bundled = new URL('bundle/cli/main.js', root);
  if (!existsSync(new URL('dist/base/errors.js', root)) || !existsSync(bundled)) {
    throw new Error('dist/ or bundle/ is missing: `npm run build` before the tests that start threads or processes');
  }
  // Processes run bundle/: the compiler alone would leave it as it was.
  const bundledMs = statSync(bundled).mtimeMs;
  const newer = readdirSync(new URL('dist/', root), { recursive: true, encoding: 'utf8' }).find(
    (path) => path.endsWith('.js') && statSync(new URL(`dist/${path}`, root)).mtimeMs > bundledMs,
  );
  if (newer !== undefined) {
    throw new Error(`bundle/ is older than dist/${newer}: rm dist/.build-stamp && npm run build`);
  }
}
