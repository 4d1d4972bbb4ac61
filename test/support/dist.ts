/** Tests that start threads or processes run the build, since Node 20 loads no TypeScript. */
import { existsSync } from 'node:fs';

const dist = new URL('../../dist/', import.meta.url);

/** Fails a test run on a folder without a build, with what to do about it. */
export function requireBuild(): void {
  if (!existsSync(new URL('base/errors.js', dist))) {
    throw new Error(
      'dist/ is missing: run `npx tsc -p tsconfig.json` before the tests that start threads or processes',
    );
  }
}
