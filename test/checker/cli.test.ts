import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChecker } from './cli.js';
import { generateEvents } from './generated-history.js';
import { kvCodec } from './history-codec.js';
import { writeHistory } from './history-file.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dcache-checker-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function run(...args: readonly string[]): { readonly code: number; readonly out: string; readonly error: string } {
  const out: string[] = [];
  const error: string[] = [];
  const code = runChecker(args, { out: (line) => out.push(line), error: (line) => error.push(line) });
  return { code, out: out.join('\n'), error: error.join('\n') };
}

const correct = (): string =>
  writeHistory(kvCodec, generateEvents({ seed: 1, operations: 50, keys: 2, clients: 3, lostPerMille: 20 }));
const STALE = [
  'INFO  jepsen.util - 0 :invoke :write 1',
  'INFO  jepsen.util - 0 :ok :write 1',
  'INFO  jepsen.util - 1 :invoke :read nil',
  'INFO  jepsen.util - 1 :ok :read nil',
  '',
].join('\n');

describe('the checker for people', () => {
  it('passes a correct history', () => {
    const file = fileOf('correct.jsonl', correct());
    expect(run(file)).toMatchObject({ code: 0, error: '' });
    expect(run(file).out).toContain('linearizable (50 operations, 2 keys');
  });

  it('names the contradiction in a log, and draws it', () => {
    const html = join(folder, 'stale.html');
    const { code, out } = run(fileOf('stale.log', STALE), '--html', html);
    expect(code).toBe(1);
    expect(out).toContain('violation (2 operations, 1 keys');
    expect(out).toContain('1: read → nil (3 to 4 ms)');
    expect(readFileSync(html, 'utf8')).toContain('<h1>Not linearizable</h1>');
  });

  it('is undecided when the steps do not suffice, and says what to do', () => {
    const { code, out } = run(fileOf('correct.jsonl', correct()), '--max-steps', '3');
    expect(code).toBe(3);
    expect(out).toContain('raise --max-steps');
  });

  it('writes no picture when there is nothing to draw', () => {
    const html = join(folder, 'none.html');
    expect(run(fileOf('correct.jsonl', correct()), '--html', html).out).toContain('is not written');
    expect(existsSync(html)).toBe(false);
  });

  it.each([
    ['no file', () => [], 'one history file is needed'],
    ['a missing file', () => [join(folder, 'none.jsonl')], 'cannot read'],
    ['an unknown flag', () => ['--color'], "Unknown option '--color'"],
    [
      'steps that are no number',
      () => ['x', '--max-steps', 'many'],
      '--max-steps is a whole number from 1, not "many"',
    ],
    ['a malformed line', () => [fileOf('bad.jsonl', `${correct()}{"type":`)], 'expected one JSON object'],
    ['a text that is no history', () => [fileOf('bad.txt', 'hello')], 'line 1: expected lines such as'],
    [
      'an unknown model',
      () => [fileOf('queue.jsonl', '{"format":"dcache-history","version":1,"model":"queue"}')],
      'line 1: expected "model": "kv" or "register", not "queue"',
    ],
    [
      'a picture that cannot be written',
      () => [fileOf('stale.log', STALE), '--html', join(folder, 'no-folder', 'x.html')],
      'cannot write',
    ],
  ])('refuses %s with a reason', (_what, args, message) => {
    const { code, error } = run(...args());
    expect(code).toBe(2);
    expect(error).toContain(message);
  });

  it('runs from the command line', () => {
    const file = fileOf('correct.jsonl', correct());
    const script = join(import.meta.dirname, 'run.mjs');
    expect(execFileSync(process.execPath, [script, file], { encoding: 'utf8' })).toContain('linearizable');
  });
});
