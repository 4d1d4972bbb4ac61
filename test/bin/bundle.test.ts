/** What `bin/dcache` runs, as the build has left it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { requireBuild } from '../support/dist.js';

const ROOT = join(import.meta.dirname, '../..');

beforeAll(requireBuild);

describe('bundle/', () => {
  test('has every command where the manifest says', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')) as {
      commands: Record<string, { relativePath: string[] }>;
    };
    const files = Object.values(manifest.commands).map(({ relativePath }) => relativePath.join('/'));
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) expect(file).toMatch(/^bundle\//);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  test('has the threads where those look for them who start them', () => {
    for (const file of ['bundle/node/control-thread.js', 'bundle/adapters/codec-pool/worker.js']) {
      expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
    }
  });

  test('tells a module an address from which the project is as far away as from its source', () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['bin/dcache', '--version'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(stderr).toBe('');
    expect(stdout).toContain(`dcache/${version} `);
  });

  test('imports only what Node has and packages that are installed with it', () => {
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
      optionalDependencies: Record<string, string>;
    };
    const installed = Object.keys({ ...dependencies, ...optionalDependencies });
    const files = readdirSync(join(ROOT, 'bundle'), { recursive: true, encoding: 'utf8' });
    const imported = files
      .filter((file) => file.endsWith('.js'))
      .flatMap((file) => [
        ...readFileSync(join(ROOT, 'bundle', file), 'utf8').matchAll(/(?:^import .*from |\bimport\()"([^".][^"]*)"/gm),
      ])
      .map(([, specifier = '']) => specifier);
    expect(imported).toContain('lmdb');
    expect(imported.filter((name) => !isBuiltin(name) && !installed.includes(name))).toEqual([]);
  });
});
