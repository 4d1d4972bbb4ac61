import { beforeEach, expect, test } from 'vitest';
import { RebuildTurns, type Haste } from '../../../src/actors/ecc/rebuild-turns.js';

const UNIT_BYTES = 1_000;
const NODES = 5;

let hasRoom: boolean;
let turns: RebuildTurns;
/** Those that have begun, in that order. */
let begun: string[];
let ends: Map<string, (error?: Error) => void>;

beforeEach(() => {
  hasRoom = true;
  turns = new RebuildTurns({ unitBytes: UNIT_BYTES, hasRoom: () => hasRoom }, NODES);
  begun = [];
  ends = new Map();
});

function run(name: string, haste: Haste): ReturnType<RebuildTurns['run']> {
  return turns.run(() => {
    begun.push(name);
    return new Promise((resolve, reject) => {
      ends.set(name, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }, haste);
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

async function end(name: string): Promise<void> {
  ends.get(name)?.();
  await settle();
}

test('four of each sort run at a time, those that came first', async () => {
  for (let i = 0; i < 6; i++) run(`p${i}`, 'patient');
  for (let i = 0; i < 6; i++) run(`u${i}`, 'urgent');
  await settle();
  expect(begun).toEqual(['p0', 'p1', 'p2', 'p3', 'u0', 'u1', 'u2', 'u3']);
  await end('p2');
  expect(begun.at(-1)).toBe('p4');
  await end('u0');
  expect(begun.at(-1)).toBe('u4');
});

test('while memory is short they run one by one, the urgent first', async () => {
  hasRoom = false;
  run('p0', 'patient');
  run('p1', 'patient');
  run('u0', 'urgent');
  await settle();
  expect(begun).toEqual(['p0']);
  await end('p0');
  await end('u0');
  expect(begun).toEqual(['p0', 'u0', 'p1']);
});

test('what a request comes to wait for does not wait with the patient any more', async () => {
  for (let i = 0; i < 4; i++) run(`p${i}`, 'patient');
  run('p4', 'patient');
  const { hurry } = run('p5', 'patient');
  await settle();
  hurry();
  await settle();
  expect(begun).toEqual(['p0', 'p1', 'p2', 'p3', 'p5']);
});

test('hurrying what runs already changes nothing', async () => {
  const { hurry, done } = run('p0', 'patient');
  await settle();
  hurry();
  await end('p0');
  await done;
  for (let i = 1; i <= 5; i++) run(`p${i}`, 'patient');
  await settle();
  expect(begun).toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
});

test('one that fails says so, and makes room', async () => {
  const failing = run('p0', 'patient');
  for (let i = 1; i <= 4; i++) run(`p${i}`, 'patient');
  await settle();
  ends.get('p0')?.(new Error('no rebuild'));
  await expect(failing.done).rejects.toThrow('no rebuild');
  await settle();
  expect(begun.at(-1)).toBe('p4');
});
