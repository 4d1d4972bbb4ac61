/** oclif.manifest.json from the compiled commands, so that `dcache` need not load every command to find one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../tooling/files.mjs';
import { ToolError } from '../tooling/run.mjs';

/** The manifest with its commands in order of their names. Arguments and flags keep the order of the source: it means something. */
function inOrder({ commands, version }) {
  const ids = Object.keys(commands).sort();
  return { commands: Object.fromEntries(ids.map((id) => [id, commands[id]])), version };
}

/** @returns {Promise<object>} what oclif reads from the manifest; no commands while src/cli/commands is empty */
export async function loadManifest() {
  const { Plugin } = await import('@oclif/core');
  if (!existsSync(join(ROOT, 'bundle/cli/commands'))) return { commands: {}, version: '0.0.0' };
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
  return inOrder(plugin.manifest);
}

/** @returns {Map<string, string>} */
export function renderManifest(manifest) {
  return new Map([['oclif.manifest.json', `${JSON.stringify(manifest, undefined, 2)}\n`]]);
}
