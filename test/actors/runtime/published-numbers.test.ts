import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { newPublishedNumbers, NumbersReader, NumbersWriter } from '../../../src/actors/runtime/published-numbers.js';
import { requireBuild } from '../../support/dist.js';

beforeAll(requireBuild);
afterEach(() => vi.restoreAllMocks());

const NAMES = ['one', 'twice', 'negative'] as const;

test('a group starts as zeros', () => {
  const memory = newPublishedNumbers(NAMES);
  expect(new NumbersReader(memory, NAMES).read()).toEqual({ one: 0, twice: 0, negative: 0 });
});

test('readers see the latest group, with doubles and large integers exact', () => {
  const memory = newPublishedNumbers(NAMES);
  const writer = new NumbersWriter(memory, NAMES);
  const reader = new NumbersReader(memory, NAMES);
  const groups = [
    { one: 0.1, twice: Number.MAX_SAFE_INTEGER, negative: -Infinity },
    { one: 2 ** 32 + 1, twice: -0, negative: Number.MIN_VALUE },
    { one: 1, twice: 2, negative: -1 },
  ];
  for (const group of groups) {
    writer.publish(group);
    expect(reader.read()).toEqual(group);
    expect(new NumbersReader(memory, NAMES).read()).toEqual(group);
  }
});

test('a reader gets the same object until something new is published', () => {
  const memory = newPublishedNumbers(NAMES);
  const writer = new NumbersWriter(memory, NAMES);
  const reader = new NumbersReader(memory, NAMES);
  writer.publish({ one: 1, twice: 2, negative: -1 });
  const first = reader.read();
  expect(reader.read()).toBe(first);
  writer.publish({ one: 1, twice: 2, negative: -1 });
  expect(reader.read()).not.toBe(first);
});

test('memory of another group is refused', () => {
  const memory = newPublishedNumbers(['one']);
  expect(() => new NumbersReader(memory, NAMES)).toThrow(/belong together/);
  expect(() => new NumbersWriter(memory, NAMES)).toThrow(/belong together/);
  expect(() => newPublishedNumbers(['twin', 'twin'])).toThrow(/names of their own/);
});

test('a reader that is overtaken while it reads starts again, wherever that happens', () => {
  for (let overtakenAt = 1; overtakenAt <= 8; overtakenAt++) {
    const memory = newPublishedNumbers(NAMES);
    const writer = new NumbersWriter(memory, NAMES);
    const reader = new NumbersReader(memory, NAMES);
    writer.publish({ one: 1, twice: 2, negative: -1 });
    const load = Atomics.load.bind(Atomics);
    let loads = 0;
    vi.spyOn(Atomics, 'load').mockImplementation((...cell) => {
      loads += 1;
      if (loads === overtakenAt) {
        for (const i of [2, 3]) writer.publish({ one: i, twice: 2 * i, negative: -i });
      }
      return load(...cell);
    });
    expect(reader.read()).toEqual({ one: 3, twice: 6, negative: -3 });
    vi.restoreAllMocks();
  }
});

test('a reader never sees half of a group while another thread publishes', async () => {
  const memory = newPublishedNumbers(NAMES);
  const reader = new NumbersReader(memory, NAMES);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./fixtures/numbers-thread.mjs', import.meta.url), {
    workerData: { memory, names: NAMES, stop },
  });
  const ended = once(worker, 'exit');
  let different = 0;
  let torn = 0;
  let backwards = 0;
  let last = reader.read();
  const deadline = performance.now() + 20_000;
  while (different < 3_000 && performance.now() < deadline) {
    const group = reader.read();
    if (group === last) continue;
    different += 1;
    if (group.twice !== 2 * group.one || group.negative !== -group.one) torn += 1;
    if (group.one < last.one) backwards += 1;
    last = group;
  }
  Atomics.store(stop, 0, 1);
  await ended;
  expect({ different, torn, backwards }).toEqual({ different: 3_000, torn: 0, backwards: 0 });
});
