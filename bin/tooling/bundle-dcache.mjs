/**
 * What `bin/dcache` runs: dist/ and most of the packages it uses in a few files instead of six hundred, in bundle/. Finding and
 * reading modules one by one was half of the processor time of starting a node. The library for programs stays as it is in dist/.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { ROOT, filesUnder } from './files.mjs';
import { ToolError } from './run.mjs';

const FOLDER = 'bundle';

/** What is loaded by its path: the command line, its commands and hooks (by oclif), and threads. They keep their places. */
const entries = () => [
  'dist/cli/main.js',
  ...filesUnder('dist/cli/commands', (path) => path.endsWith('.js')),
  ...filesUnder('dist/cli/hooks', (path) => path.endsWith('.js')),
  'dist/node/control-thread.js',
  'dist/adapters/codec-pool/worker.js',
];

/**
 * Packages with native code or worker files of their own, what oclif would take if a project had it, and the clients of other systems, which
 * come with a clone only.
 */
const OUTSIDE = ['lmdb', 'piscina', '@ronomon/reed-solomon', 'pino-pretty', 'typescript', 'ioredis', 'memjs'];

/** CommonJS packages expect these three. */
const BANNER = `
import { createRequire as createRequire_ } from 'node:module';
import { fileURLToPath as fileURLToPath_ } from 'node:url';
const require = createRequire_(import.meta.url);
const __filename = fileURLToPath_(import.meta.url);
const __dirname = fileURLToPath_(new URL('.', import.meta.url));
const bundleUrl_ = import.meta.url.slice(0, import.meta.url.lastIndexOf('/${FOLDER}/') + ${FOLDER.length + 2});
`;

/**
 * Which file a module ends up in is not known, so each is told the address that it would have if bundle/ were like dist/: there
 * are the threads, and package.json and bin/ are as far away.
 */
const ownAddresses = {
  name: 'own-addresses',
  setup(build) {
    const dist = join(ROOT, 'dist/');
    build.onLoad({ filter: /\.js$/ }, async ({ path }) => {
      if (!path.startsWith(dist)) return undefined;
      const source = await readFile(path, 'utf8');
      const address = `(bundleUrl_ + ${JSON.stringify(path.slice(dist.length))})`;
      return { contents: source.replaceAll('import.meta.url', address), loader: 'js' };
    });
  },
};

/** Makes bundle/ of dist/ anew. Nothing while there is no command line in dist/. */
export async function bundleDcache() {
  rmSync(join(ROOT, FOLDER), { recursive: true, force: true });
  if (!existsSync(join(ROOT, 'dist/cli/main.js'))) return;
  const esbuild = await import('esbuild');
  try {
    await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: entries(),
      outbase: 'dist',
      outdir: FOLDER,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: OUTSIDE,
      keepNames: true,
      sourcemap: 'linked',
      sourcesContent: false,
      banner: { js: BANNER },
      logLevel: 'warning',
      plugins: [ownAddresses],
    });
  } catch (error) {
    if (error instanceof Error && 'errors' in error) throw new ToolError('dist/ cannot be bundled.');
    throw error;
  }
}
