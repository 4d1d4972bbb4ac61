/** The kv commands as a person and a script meet them: real processes against a real node. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireBuild } from '../support/dist.js';
import { ProcessCluster } from '../support/process-cluster.js';

requireBuild();

const DCACHE = fileURLToPath(new URL('../../bin/dcache', import.meta.url));
let cluster: ProcessCluster;

beforeAll(async () => {
  cluster = await ProcessCluster.start({ mode: 'raft', nodes: 1 });
});

afterAll(() => cluster.stop());

interface Result {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `dcache` with the cluster as its endpoints and `input` on its stdin. */
function dcache(args: readonly string[], input = ''): Promise<Result> {
  const env = { ...process.env, DCACHE_ENDPOINTS: cluster.endpoints.join(',') };
  const child = spawn(process.execPath, [DCACHE, ...args], { env, stdio: 'pipe' });
  let out = '';
  let err = '';
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  child.stdin.end(input);
  return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, out, err })));
}

test('a value set is read, with what else there is to know', async () => {
  expect(await dcache(['kv', 'set', 'fruit', 'cherry', '--ttl', '1h'])).toMatchObject({ exitCode: 0, out: 'OK\n' });
  expect(await dcache(['kv', 'get', 'fruit'])).toMatchObject({ exitCode: 0, out: 'cherry\n', err: '' });
  const meta = JSON.parse((await dcache(['kv', 'get', 'fruit', '--meta', '--json'])).out) as Record<string, unknown>;
  expect(meta).toMatchObject({ key: 'fruit', value: 'cherry', valueBytes: 6 });
  expect(meta.ttlMs).toBeGreaterThan(3_000_000);
});

test('a condition that does not hold is exit code 1 and changes nothing', async () => {
  await dcache(['kv', 'set', 'taken', 'a']);
  const refused = await dcache(['kv', 'set', 'taken', 'b', '--nx']);
  expect(refused).toMatchObject({ exitCode: 1, out: '', err: expect.stringContaining('taken exists') as string });
  expect((await dcache(['kv', 'set', 'taken', 'b', '--xx', '--get-old'])).out).toBe('a\n');
  expect((await dcache(['kv', 'get', 'taken'])).out).toBe('b\n');
});

test('flags that exclude each other, and times that are none, are exit code 2', async () => {
  expect(await dcache(['kv', 'set', 'k', 'v', '--nx', '--xx'])).toMatchObject({ exitCode: 2 });
  expect(await dcache(['kv', 'expire', 'k', 'soon'])).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining('like 500ms or 5s') as string,
  });
});

test('times to live are given, shown and taken away', async () => {
  await dcache(['kv', 'set', 'brief', 'v']);
  expect((await dcache(['kv', 'expire', 'brief', '1h'])).out).toBe('OK\n');
  expect((await dcache(['kv', 'ttl', 'brief'])).out).toMatch(/^\d+ ms\n$/);
  expect((await dcache(['kv', 'persist', 'brief'])).out).toBe('OK\n');
  expect((await dcache(['kv', 'ttl', 'brief'])).out).toBe('for ever\n');
  expect((await dcache(['kv', 'persist', 'brief'])).exitCode).toBe(1);
});

test('numbers are counted up and down, and values grow at their end', async () => {
  expect((await dcache(['kv', 'incr', 'n', '10'])).out).toBe('10\n');
  expect((await dcache(['kv', 'incr', 'n', '--', '-3'])).out).toBe('7\n');
  expect((await dcache(['kv', 'append', 'n'], '5')).out).toBe('2\n');
  expect((await dcache(['kv', 'get', 'n'])).out).toBe('75\n');
});

test('several keys are set and read at once', async () => {
  expect((await dcache(['kv', 'mset', 'm1=a', 'm2=b=c'])).out).toBe('OK\n');
  expect((await dcache(['kv', 'mget', 'm2', 'none', 'm1'])).out).toBe('m2\tb=c\nnone\t\nm1\ta\n');
  expect((await dcache(['kv', 'exists', 'none'])).exitCode).toBe(1);
});

test('what was dumped is loaded again, bytes and all', async () => {
  const bytes = join(cluster.folder, 'bytes');
  writeFileSync(bytes, Buffer.from([0, 255, 128]));
  await dcache(['kv', 'set', 'dump:bytes', '--file', bytes]);
  await dcache(['kv', 'set', 'dump:text', 'two\nlines']);
  const file = join(cluster.folder, 'dump.jsonl');
  expect((await dcache(['kv', 'dump', 'dump:', '--output', file])).exitCode).toBe(0);
  const lines = readFileSync(file, 'utf8');
  expect(lines.trim().split('\n')).toHaveLength(2);
  writeFileSync(file, lines.replaceAll('dump:', 'load:'));
  expect((await dcache(['kv', 'load', file])).out).toMatch(/^2 keys set/);
  const { out } = await dcache(['kv', 'scan', 'load:', '--values']);
  expect(out.trim().split('\n').sort()).toEqual(['load:bytes\tbase64:AP+A', 'load:text\tbase64:dHdvCmxpbmVz']);
});

test('a malformed line is named, and what stands before it is loaded', async () => {
  const result = await dcache(['kv', 'load', '-', '--format', 'csv'], 'key,value\nbefore,1\nbroken\n');
  expect(result.exitCode).toBe(2);
  expect(result.err).toContain('stdin, line 3: it has 1 fields');
  expect(result.err).toContain('1 keys were set');
  expect((await dcache(['kv', 'get', 'before'])).out).toBe('1\n');
});
