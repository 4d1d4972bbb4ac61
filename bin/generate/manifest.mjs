/** oclif.manifest.json from the compiled commands, so that `dcache` need not load every command to find one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../tooling/files.mjs';
import { ToolError } from '../tooling/run.mjs';

/** Objects with their keys in order, arrays as they are: the same commands always give the same text. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

/** @returns {Promise<object>} what oclif reads from the manifest; no commands while src/cli/commands is empty */
export async function loadManifest() {
  const { Plugin } = await import('@oclif/core');
  if (!existsSync(join(ROOT, 'dist/cli/commands'))) return { commands: {}, version: '0.0.0' };
  const plugin = new Plugin({
    root: ROOT,
    type: 'core',
    isRoot: true,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    // Defaults computed from the environment (a home folder, a host name) must not end up in the file.
    respectNoCacheDefault: true,
  });
  try {
    await plugin.load();
  } catch (error) {
    throw new ToolError(`The commands cannot be loaded:\n${error instanceof Error ? error.stack : String(error)}`);
  }
  return sorted(plugin.manifest);
}

/** @returns {Map<string, string>} */
export function renderManifest(manifest) {
  return new Map([['oclif.manifest.json', `${JSON.stringify(manifest, undefined, 2)}\n`]]);
}
