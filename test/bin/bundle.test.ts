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

  describe('imports only what Node has and', () => {
    const { dependencies, optionalDependencies, devDependencies } = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'optionalDependencies' | 'devDependencies', Record<string, string>>;
    const installed = Object.keys({ ...dependencies, ...optionalDependencies });
    let texts: readonly string[] = [];

    beforeAll(() => {
      const files = readdirSync(join(ROOT, 'bundle'), { recursive: true, encoding: 'utf8' });
      texts = files
        .filter((file) => file.endsWith('.js'))
        .map((file) => readFileSync(join(ROOT, 'bundle', file), 'utf8'));
    });

    /** Packages that what the pattern finds in any file is the name of. */
    const named = (pattern: RegExp): readonly string[] => {
      const names = texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name = '']) => name));
      return [...new Set(names)].filter((name) => !isBuiltin(name)).sort();
    };

    test('packages that are installed with it, at the start', () => {
      const names = named(/^import .*from "([^".][^"]*)"/gm);
      expect(names).toContain('lmdb');
      expect(names.filter((name) => !installed.includes(name))).toEqual([]);
    });

    test('those and the clients of other systems, which come with a clone, when they are wanted', () => {
      const names = named(/\bimport\("([^".][^"]*)"/g).filter((name) => !installed.includes(name));
      expect(names).toEqual(['ioredis', 'memjs']);
      expect(Object.keys(devDependencies)).toEqual(expect.arrayContaining(names));
    });
  });
});
