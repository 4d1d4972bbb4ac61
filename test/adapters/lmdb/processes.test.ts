/** The log among real processes: killed in the middle of appends, opened twice, out of disk. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openRaftLog } from '../../../src/adapters/lmdb/open-log.js';
import { requireBuild } from '../../support/dist.js';

const appender = fileURLToPath(new URL('./fixtures/appender.mjs', import.meta.url));
const maxTailBytes = 10_000;
const journalBytes = 20_000;

let folder: string;
let children: ChildProcess[];

beforeAll(requireBuild);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dcache-log-'));
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `command` and yields the lines that it prints. */
function run(command: string, args: readonly string[]): { child: ChildProcess; lines: AsyncIterable<string> } {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  return { child, lines: createInterface({ input: child.stdout }) };
}

test('whatever was reported durable is there after kill -9 in the middle of appends, again and again', async () => {
  for (const reports of [1, 40, 7, 130, 22]) {
    const { child, lines } = run(process.execPath, [appender, folder]);
    let durable = 0;
    let seen = 0;
    const dead = once(child, 'exit');
    for await (const line of lines) {
      const [word, index] = line.split(' ');
      expect(word).not.toBe('refused');
      durable = Number(index);
      seen += 1;
      if (seen === reports) child.kill('SIGKILL');
    }
    await dead;
    const open = await openRaftLog({ folder, maxTailBytes, journalBytes });
    expect(open.log.lastIndex()).toBeGreaterThanOrEqual(durable);
    const { log } = open;
    const entries = log.entries(log.firstIndex(), log.lastIndex() + 1, Infinity);
    if (typeof entries === 'string') throw new Error(entries);
    for (const { index, data } of entries) {
      expect(data.length).toBe(200);
      expect(data.every((byte) => byte === index % 251)).toBe(true);
    }
    await open.close();
  }
});

test('a folder held by a live process is refused, with its pid, and free once that process is dead', async () => {
  const { child, lines } = run(process.execPath, [appender, folder]);
  for await (const line of lines) {
    if (line.startsWith('durable')) break;
  }
  await expect(openRaftLog({ folder, maxTailBytes, journalBytes })).rejects.toMatchObject({
    code: 'NODE_ID_IN_USE',
    message: expect.stringContaining(`held by process ${child.pid}`) as string,
  });
  const dead = once(child, 'exit');
  child.kill('SIGKILL');
  await dead;
  const open = await openRaftLog({ folder, maxTailBytes, journalBytes });
  expect(open.log.lastIndex()).toBeGreaterThan(0);
  await open.close();
});

test('of several processes that open a new folder at once, one gets it', async () => {
  const outcomes = await Promise.all(
    [1, 2, 3].map(async () => {
      const { child, lines } = run(process.execPath, [appender, folder]);
      for await (const line of lines) return { child, line };
      return { child, line: 'silent' };
    }),
  );
  const words = outcomes.map(({ line }) => line.split(' ').slice(0, 2).join(' ')).sort();
  expect(words).toEqual(['opened 0', 'refused NODE_ID_IN_USE', 'refused NODE_ID_IN_USE']);
});

test('a full disk is reported as such, and what was durable before is there', async () => {
  // A limit on the size of files stands in for a small disk: the same write of lmdb fails, with EFBIG instead of ENOSPC.
  const shell = 'ulimit -f 2000; exec "$0" "$@"';
  const { child, lines } = run('sh', ['-c', shell, process.execPath, appender, folder, '3000', 'keeps']);
  const dead = once(child, 'exit');
  let durable = 0;
  let refused = '';
  for await (const line of lines) {
    if (line.startsWith('durable')) durable = Number(line.split(' ')[1]);
    if (line.startsWith('refused')) refused = line;
  }
  await dead;
  expect(refused).toContain('refused DISK_FULL');
  expect(refused).toContain(folder);
  const open = await openRaftLog({ folder, maxTailBytes, journalBytes });
  expect(open.log.lastIndex()).toBe(durable);
  await open.close();
});
