/** The Node version check, run before anything that an old Node could stumble over. */
import { readFileSync } from 'node:fs';

/**
 * Whether `version` ("20.19.1") satisfies `range`, which must have the form ">=major.minor".
 */
export function satisfies(version, range) {
  const [, wantMajor, wantMinor] = /^>=(\d+)\.(\d+)$/.exec(range) ?? [];
  if (wantMajor === undefined) throw new Error(`package.json: engines.node must look like ">=20.19", it is "${range}"`);
  const [major, minor] = version.split('.').map(Number);
  return major > Number(wantMajor) || (major === Number(wantMajor) && minor >= Number(wantMinor));
}

/** Ends the process with a readable message and exit code 5 unless this Node is one that package.json allows. */
export function requireSupportedNode() {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  if (satisfies(process.versions.node, engines.node)) return;
  process.stderr.write(
    `dcache needs Node ${engines.node}; this is Node ${process.versions.node} (${process.execPath}).\n` +
      'Install a newer one from https://nodejs.org, or switch with your version manager (nvm install 22).\n',
  );
  process.exit(5);
}
