/**
 * Developer programs written in TypeScript under test/ (benchmarks, the simulator) as one file that Node can run.
 * Packages stay outside, and so does src/: the program imports the compiled dist/, so that it runs the very code that
 * ships, worker threads included.
 */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { ROOT } from './files.mjs';
import { ToolError } from './run.mjs';

/** Leaves imports of src/x.js as imports of dist/x.js, seen from the folder of `output`. */
const compiledSources = (output) => ({
  name: 'compiled-sources',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
      const target = resolve(resolveDir, path);
      const fromSrc = relative(join(ROOT, 'src'), target);
      if (fromSrc.startsWith('..')) return undefined;
      const specifier = relative(dirname(output), join(ROOT, 'dist', fromSrc))
        .split(sep)
        .join('/');
      // Without a dot in front, a file beside the bundle would be taken for a package.
      return { path: specifier.startsWith('.') ? specifier : `./${specifier}`, external: true };
    });
  },
});

/**
 * Bundles `entry` into `output`, both from the top of the project. Takes a few milliseconds, so it does not ask whether
 * it is needed.
 * @returns {Promise<string>} absolute path of the bundle
 */
export async function bundle(entry, output) {
  const absolute = join(ROOT, output);
  if (!existsSync(join(ROOT, entry))) throw new ToolError(`There is no ${entry}.`);
  const esbuild = await import('esbuild');
  try {
    await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: [entry],
      outfile: absolute,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      sourcemap: 'inline',
      logLevel: 'warning',
      plugins: [compiledSources(absolute)],
    });
  } catch (error) {
    if (error instanceof Error && 'errors' in error) throw new ToolError(`${entry} cannot be bundled.`);
    throw error;
  }
  return absolute;
}
