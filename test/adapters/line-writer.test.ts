import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LineWriter } from '../../src/adapters/line-writer.js';

let folder: string;
const open: number[] = [];

const opened = (path: string, flags: string | number): number => {
  const fd = openSync(path, flags);
  open.push(fd);
  return fd;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dcache-lines-'));
});

afterEach(() => {
  for (const fd of open.splice(0)) closeSync(fd);
  rmSync(folder, { recursive: true });
});

/** A pipe with nobody reading yet: it takes some tens of kilobytes and then says EAGAIN. */
function pipe(): { readonly readEnd: number; readonly writeEnd: number } {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const readEnd = opened(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { readEnd, writeEnd: opened(path, constants.O_WRONLY | constants.O_NONBLOCK) };
}

test('lines come out whole and in order', async () => {
  const path = join(folder, 'log');
  const writer = new LineWriter(opened(path, 'a'));
  const lines = Array.from({ length: 500 }, (_, i) => `line ${i} äöü\n`);
  for (const line of lines) writer.write(line);
  await writer.flush(5_000);
  expect(readFileSync(path, 'utf8')).toBe(lines.join(''));
});

test('flushSync writes what waits before it returns', async () => {
  const path = join(folder, 'log');
  const writer = new LineWriter(opened(path, 'a'));
  writer.write('under way\n');
  writer.write('waiting\n');
  writer.flushSync();
  expect(readFileSync(path, 'utf8')).toContain('waiting\n');
  await writer.flush(5_000);
  expect(readFileSync(path, 'utf8').split('\n').sort()).toEqual(['', 'under way', 'waiting']);
});

describe('a reader that hangs', () => {
  test('costs lines beyond the bound, and the next line that gets through is preceded by their number', async () => {
    const { readEnd, writeEnd } = pipe();
    const writer = new LineWriter(writeEnd, 64 * 1024);
    const line = `${'x'.repeat(1023)}\n`;
    for (let i = 0; i < 1000; i++) writer.write(line);
    const drain = setInterval(() => {
      try {
        const chunk = Buffer.alloc(1024 * 1024);
        received += chunk.toString('latin1', 0, readSync(readEnd, chunk));
      } catch (error) {
        // An empty pipe is expected between two writes.
        if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      }
    }, 1);
    let received = '';
    await writer.flush(5_000);
    writer.write('afterwards\n');
    await writer.flush(5_000);
    await expect.poll(() => received, { timeout: 5_000 }).toContain('afterwards\n');
    clearInterval(drain);
    const notice = /\{"level":"warn".*"lostLines":(\d+).*\}\n/.exec(received);
    const survived = received.split('\n').filter((text) => text.startsWith('xxx')).length;
    expect(Number(notice?.[1])).toBe(1000 - survived);
    expect(survived).toBeGreaterThanOrEqual(64);
  });

  test('does not hold up flush beyond its time, nor flushSync for ever', async () => {
    const { writeEnd } = pipe();
    const writer = new LineWriter(writeEnd);
    for (let i = 0; i < 1000; i++) writer.write(`${'x'.repeat(1023)}\n`);
    const startedAt = performance.now();
    await writer.flush(100);
    writer.flushSync();
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

// Only Linux has a file that is always full.
describe.skipIf(!existsSync('/dev/full'))('a disk that is full', () => {
  test('costs lines but stops neither the writer nor flushSync', async () => {
    const writer = new LineWriter(opened('/dev/full', 'w'));
    writer.write('a\n');
    await expect(writer.flush(5_000)).resolves.toBeUndefined();
    writer.write('b\n');
    writer.write('c\n');
    expect(() => writer.flushSync()).not.toThrow();
    await expect(writer.flush(5_000)).resolves.toBeUndefined();
  });

  test('is made up for, once there is room, by the number of lines that it cost', async () => {
    const path = join(folder, 'target');
    const fd = opened('/dev/full', 'w');
    const writer = new LineWriter(fd);
    for (const line of ['a\n', 'b\n', 'c\n']) {
      writer.write(line);
      await writer.flush(5_000);
    }
    // The same descriptor number now leads to a file that takes what it is given.
    closeSync(fd);
    expect(openSync(path, 'a')).toBe(fd);
    writer.write('d\n');
    await writer.flush(5_000);
    expect(readFileSync(path, 'utf8')).toMatch(/^\{.*"lostLines":3,.*\}\nd\n$/);
  });
});
