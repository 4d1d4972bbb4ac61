import { describe, expect, test } from 'vitest';
import { run } from './run.js';

describe('the simulator', () => {
  test.each([2, 4, 9, 17])('gives the same trace for the same seed: %i', async (seed) => {
    const first = await run(seed);
    const second = await run(seed);
    expect(second.traceHash).toBe(first.traceHash);
    expect(second.history).toEqual(first.history);
  });

  test('gives different traces for different seeds', async () => {
    const hashes = await Promise.all([2, 4, 9, 17].map(async (seed) => (await run(seed)).traceHash));
    expect(new Set(hashes).size).toBe(4);
  });
});
