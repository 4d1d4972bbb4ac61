import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { historyHeader } from '../checker/history-file.js';
import { parseArguments, type RunArguments } from './arguments.js';
import { nemesis } from './cli.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dcache-nemesis-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function runOf(...args: string[]): RunArguments {
  const parsed = parseArguments(args);
  if (typeof parsed === 'string' || parsed.type !== 'run') throw new Error(`${args.join(' ')} is not understood`);
  return parsed.run;
}

test('what is left out has its default', () => {
  expect(runOf()).toMatchObject({
    shape: { mode: 'ecc', nodes: 5, code: { k: 3, m: 2 } },
    seed: 1,
    firstRound: 1,
    lengthMs: 60_000,
    wholeBoundMs: 90_000,
  });
  expect(runOf('--nodes', '3').shape.code).toEqual({ k: 2, m: 1 });
  expect(runOf('--mode', 'raft', '--minutes', '0.5')).toMatchObject({ shape: { nodes: 3 }, lengthMs: 30_000 });
  expect(runOf('--only', 'pause,kill').kinds).toEqual(['kill', 'pause']);
  expect(runOf('--network', 'namespaces').kinds).not.toContain('slow');
  expect(runOf('--mode', 'raft', '--all-at-once').kinds).toContain('crash-all');
});

test.each([
  [['--mode', 'both'], /--mode is raft or ecc/],
  [['--seed', '1.5'], /--seed is a whole number/],
  [['--round', '0'], /--round is a whole number from 1/],
  [['--minutes', '0'], /--minutes is a number above 0/],
  [['--whole-within', 'soon'], /--whole-within is a number/],
  [['--network', 'wires'], /--network is proxies or namespaces/],
  [['--network', 'namespaces', '--only', 'slow'], /"slow" is none/],
  [['--only', 'kill,flood'], /"flood" is none/],
  [['--all-at-once'], /is for raft mode/],
  [['--mode', 'raft', '--nodes', '2'], /tolerates no failure/],
  [['--nodes', '4', '--k', '2', '--m', '2'], /k must be a majority/],
  [['--hours', '1'], /--hours/],
])('%j is refused with the reason', (args, reason) => {
  expect(parseArguments(args)).toMatch(reason);
});

/** A history in which "b" was acknowledged, and `read` was read afterwards. */
function saved(read: string): string {
  const lines = [
    historyHeader('kv'),
    '{"type":"invoke","id":0,"client":"c0","key":"k","input":{"type":"set","value":"b"},"timeMs":1}',
    '{"type":"done","id":0,"result":{"type":"set","applied":true,"version":5},"timeMs":2}',
    '{"type":"invoke","id":1,"client":"c1","key":"k","input":{"type":"get"},"timeMs":3}',
    `{"type":"done","id":1,"result":{"type":"get","value":${read},"version":5},"timeMs":4}`,
  ];
  const file = join(folder, 'history.jsonl');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

test('a saved history is judged again', async () => {
  const out: string[] = [];
  expect(await nemesis(['--judge', saved('"b"')], (line) => out.push(line))).toBe(0);
  expect(await nemesis(['--judge', saved('null')], (line) => out.push(line))).toBe(1);
  expect(out.join('\n')).toMatch(/linearizable[^]*key k: these answers contradict each other/);
  expect(await nemesis(['--judge', join(folder, 'missing')], (line) => out.push(line))).toBe(2);
});
