/** Installed packages: are they the ones that package-lock.json asks for, and `npm ci` when they are not. */
import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './files.mjs';
import { ToolError, runAttached, say } from './run.mjs';

const readPackages = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages;

/**
 * Why an install is needed, or undefined when it is not. Compares what npm wrote down about its last install with the
 * lock file, package by package: times say nothing after a checkout. Optional packages may be missing (another
 * system's binaries, an addon that could not be built) but must not be there in another version.
 */
export function missingDependency(locked, installed) {
  for (const [path, wanted] of Object.entries(locked)) {
    if (path === '' || wanted.link) continue;
    const found = installed[path];
    const name = path.replace(/^.*node_modules\//, '');
    if (found === undefined && !wanted.optional && !wanted.devOptional) return `${name} is not installed`;
    if (found !== undefined && found.version !== wanted.version) {
      return `${name} is installed in version ${found.version}, wanted is ${wanted.version}`;
    }
  }
  return undefined;
}

function reasonToInstall() {
  if (!existsSync(join(ROOT, 'node_modules'))) return 'there is no node_modules folder yet';
  // npm writes this file when an install has succeeded.
  if (!existsSync(join(ROOT, 'node_modules/.package-lock.json'))) return 'the last install was not finished';
  return missingDependency(readPackages('package-lock.json'), readPackages('node_modules/.package-lock.json'));
}

/** Installs what package-lock.json asks for, if anything is missing. */
export async function ensureDependencies() {
  const reason = reasonToInstall();
  if (reason === undefined) return;
  const folder = join(ROOT, 'node_modules');
  if (existsSync(folder) && lstatSync(folder).isSymbolicLink()) {
    throw new ToolError(
      `${reason}. node_modules is a link to ${realpathSync(folder)}: run \`npm ci\` there, or remove the link.`,
    );
  }
  say(`Installing dependencies: ${reason}. This takes about a minute.`);
  // --include=dev: NODE_ENV=production in the environment must not leave out the compiler.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm prints its summary on stdout, which belongs to the command that is being prepared: it goes to stderr (2).
  const exitCode = await runAttached(['npm', ...args], { stdout: 2, shell: process.platform === 'win32' });
  if (exitCode !== 0) {
    throw new ToolError(
      '`npm ci` failed, its messages are above. A native package needs Python 3, make and a C++ compiler; ' +
        'without network access, install from a mirror (npm config set registry URL).',
    );
  }
}
