import { describe, expect, test } from 'vitest';
import { describeFailure } from './describe.js';
import { run } from './run.js';
import { Totals } from './totals.js';

const SEEDS = 250;
const SEEDS_PER_TEST = 25;
/** A run that outlasts this has a loop in it. */
const TIMEOUT_MS = 120_000;

describe('a simulated cluster', () => {
  const totals = new Totals('raft');

  const firstSeeds = Array.from({ length: SEEDS / SEEDS_PER_TEST }, (_, i) => 1 + i * SEEDS_PER_TEST);
  test.each(firstSeeds)(
    `keeps its promises under ${SEEDS_PER_TEST} seeds from %i`,
    async (firstSeed) => {
      for (let seed = firstSeed; seed < firstSeed + SEEDS_PER_TEST; seed++) {
        const report = await run(seed, 'raft');
        expect(report.verdict.type, describeFailure(report)).toBe('passed');
        totals.add(report);
      }
    },
    TIMEOUT_MS,
  );

  test('has met every kind of mishap on the way', () => {
    console.log(totals.describe());
    expect(totals.seeds).toBe(SEEDS);
    expect(totals.unreached()).toEqual([]);
    expect(totals.snapshotsSent).toBeGreaterThan(0);
  });
});

describe('a run', () => {
  test.each([3, 7, 30])('is the same again for the same seed: %i', async (seed) => {
    const first = await run(seed, 'raft');
    const second = await run(seed, 'raft');
    expect(second.traceHash).toBe(first.traceHash);
    expect(second.history).toEqual(first.history);
  });

  test('is another one for another seed', async () => {
    const hashes = new Set<string>();
    for (const seed of [3, 7, 30]) hashes.add((await run(seed, 'raft')).traceHash);
    expect(hashes.size).toBe(3);
  });
});
