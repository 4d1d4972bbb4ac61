/** The developer commands, run in a copy of the project: what is under test writes into its own folder. */
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
/** Only base of src/: these tests are about the commands, and compile a dozen times. */
const COPIED = [
  'bin',
  'proto/buf.yaml',
  'proto/buf.gen.yaml',
  'src/base',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];

// A test compiles up to three times, perhaps while other tests keep the machine busy.
vi.setConfig({ testTimeout: 180_000 });

let clone: string;

/** Runs a script of the copy. */
function run(script: string, ...args: string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(clone, script), ...args], {
    cwd: clone,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

const edit = (path: string, change: (text: string) => string): void =>
  writeFileSync(join(clone, path), change(readFileSync(join(clone, path), 'utf8')));

beforeAll(() => {
  clone = realpathSync(mkdtempSync(join(tmpdir(), 'dcache-clone-')));
  for (const path of COPIED) cpSync(join(ROOT, path), join(clone, path), { recursive: true });
  symlinkSync(realpathSync(join(ROOT, 'node_modules')), join(clone, 'node_modules'));
  writeFileSync(join(clone, 'oclif.manifest.json'), '{}\n');
  writeFileSync(join(clone, 'README.md'), '# dcache\n\n<!-- errors -->\n<!-- errorsstop -->\n');
});

afterAll(() => rmSync(clone, { recursive: true, force: true }));

test('before the build, bin/dcache says how to get going and exits with 5', () => {
  const { status, output } = run('bin/dcache', 'kv', 'get', 'fruit');
  expect(status).toBe(5);
  expect(output).toContain('npm run quickstart');
  expect(output).not.toMatch(/^\s+at /m);
});

describe('the build', () => {
  test('compiles, and then has nothing to do', () => {
    expect(run('bin/prepare.mjs')).toMatchObject({ status: 0, output: expect.stringMatching(/^Built dist/) as string });
    expect(run('bin/prepare.mjs')).toEqual({ status: 0, output: '' });
  });

  test('removes what it made of a source that is gone', () => {
    writeFileSync(join(clone, 'src/base/short-lived.ts'), 'export const here = true;\n');
    run('bin/prepare.mjs');
    expect(existsSync(join(clone, 'dist/base/short-lived.js'))).toBe(true);
    rmSync(join(clone, 'src/base/short-lived.ts'));
    run('bin/prepare.mjs');
    expect(existsSync(join(clone, 'dist/base/short-lived.js'))).toBe(false);
    expect(existsSync(join(clone, 'dist/base/short-lived.d.ts'))).toBe(false);
  });

  test("that fails shows the compiler's words and fails again until it is mended", () => {
    writeFileSync(join(clone, 'src/base/broken.ts'), 'export const n: number = "text";\n');
    for (const attempt of [1, 2]) {
      const { status, output } = run('bin/prepare.mjs');
      expect([attempt, status]).toEqual([attempt, 1]);
      expect(output).toContain('src/base/broken.ts(1,14): error TS2322');
    }
    rmSync(join(clone, 'src/base/broken.ts'));
    expect(run('bin/prepare.mjs').status).toBe(0);
  });
});

describe('generated files', () => {
  test('that are out of date are named by --check, with the command that mends them, and left alone', () => {
    const { status, output } = run('bin/generate.mjs', '--check');
    expect(status).toBe(1);
    expect(output).toContain('README.md');
    expect(output).toContain('npm run generate');
    expect(readFileSync(join(clone, 'README.md'), 'utf8')).not.toContain('NO_LEADER');
  });

  test('are written without --check, and then up to date', () => {
    expect(run('bin/generate.mjs').status).toBe(0);
    expect(readFileSync(join(clone, 'README.md'), 'utf8')).toContain('| `NO_LEADER` |');
    expect(run('bin/generate.mjs', '--check')).toEqual({ status: 0, output: '' });
  });

  test('are out of date when their source or they themselves change', () => {
    edit('src/base/errors.ts', (text) => text.replace('A bounded queue is full; slow down.', 'Slow down.'));
    edit('oclif.manifest.json', (text) => text.replace('{', '{ "edited": true,'));
    const { output } = run('bin/generate.mjs', '--check');
    expect(output).toContain('README.md');
    expect(output).toContain('oclif.manifest.json');
  });

  test('of the schemas come and go with them', () => {
    const schema = 'syntax = "proto3";\npackage scratch.v1;\nmessage Note {\n  bytes text = 1;\n}\n';
    mkdirSync(join(clone, 'proto/scratch/v1'), { recursive: true });
    writeFileSync(join(clone, 'proto/scratch/v1/note.proto'), schema);
    const generated = 'src/adapters/grpc/generated/scratch/v1/note.ts';
    expect(run('bin/generate.mjs', '--check').output).toContain(generated);
    run('bin/generate.mjs');
    expect(readFileSync(join(clone, generated), 'utf8')).toContain('text: Uint8Array;');
    rmSync(join(clone, 'proto/scratch'), { recursive: true });
    expect(run('bin/generate.mjs', '--check').output).toContain(generated);
    run('bin/generate.mjs');
    expect(existsSync(join(clone, generated))).toBe(false);
  });
});

describe('a benchmark', () => {
  test('runs on the compiled sources with the arguments that it is given', () => {
    mkdirSync(join(clone, 'test/bench/workload'), { recursive: true });
    writeFileSync(join(clone, 'test/bench/workload/hex.ts'), "export { toHex } from '../../../src/base/bytes.js';\n");
    writeFileSync(
      join(clone, 'test/bench/hello.ts'),
      "import { toHex } from './workload/hex.js';\nconst n: number = 255;\nconsole.log(toHex(Uint8Array.of(n)), process.argv[2]);\n",
    );
    expect(run('bin/bench.mjs', 'hello', '--size=1').output).toMatch(/^ff --size=1$/m);
    expect(readFileSync(join(clone, 'dist/bench/hello.mjs'), 'utf8')).toContain('"../base/bytes.js"');
  });

  test('that does not exist is refused with the names of those that do', () => {
    const { status, output } = run('bin/bench.mjs', 'nonsense');
    expect(status).toBe(2);
    expect(output).toContain('There is no benchmark "nonsense". npm run bench -- NAME, where NAME is hello.');
  });
});

describe('with a compiled command line', () => {
  beforeAll(() => {
    expect(run('bin/prepare.mjs').status).toBe(0);
    mkdirSync(join(clone, 'bundle/cli'), { recursive: true });
    writeFileSync(
      join(clone, 'bundle/cli/main.js'),
      `export async function main(argv, rootUrl) {
        console.log('up', rootUrl, argv.join(' '));
        if (!argv.includes('start')) return;
        const timer = setInterval(() => undefined, 1000);
        process.on('SIGTERM', () => {
          clearInterval(timer);
          console.log('stopped cleanly');
          process.exitCode = 7;
        });
      }`,
    );
  });

  test('bin/dcache hands it the arguments and where the project is', () => {
    const { status, output } = run('bin/dcache', 'kv', 'get', 'a b');
    expect(status).toBe(0);
    expect(output).toBe(`up ${pathToFileURL(clone).href}/ kv get a b\n`);
  });

  test('quickstart starts a cluster, passes SIGTERM on, waits for the end and exits as the cluster did', async () => {
    const child = spawn(process.execPath, [join(clone, 'bin/quickstart.mjs'), '--debug'], { cwd: clone });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    await expect.poll(() => output, { timeout: 20_000 }).toContain('cluster start --debug');
    child.kill('SIGTERM');
    expect(await ended).toBe(7);
    expect(output).toContain('stopped cleanly');
  });
});
