import { describe, expect, test } from 'vitest';
import { describeFailure } from '../describe.js';
import { run } from '../run.js';
import { Totals } from '../totals.js';

/** As many as it takes to come to everything there is. */
const SEEDS = 80;
const SEEDS_PER_TEST = 10;
/** A run that outlasts this has a loop in it. */
const TIMEOUT_MS = 120_000;

describe('a simulated cluster of ecc mode', () => {
  const totals = new Totals('ecc');

  const firstSeeds = Array.from({ length: SEEDS / SEEDS_PER_TEST }, (_, i) => 1 + i * SEEDS_PER_TEST);
  test.each(firstSeeds)(
    `keeps its promises under ${SEEDS_PER_TEST} seeds from %i`,
    async (firstSeed) => {
      for (let seed = firstSeed; seed < firstSeed + SEEDS_PER_TEST; seed++) {
        const report = await run(seed, 'ecc');
        expect(report.verdict.type, describeFailure(report)).toBe('passed');
        totals.add(report);
      }
    },
    TIMEOUT_MS,
  );

  test('has met every kind of mishap on the way, and come to everything that there is to check', () => {
    console.log(totals.describe());
    expect(totals.seeds).toBe(SEEDS);
    expect(totals.unreached()).toEqual([]);
  });
});

// Among what it evicts are fragments of values that are being written (test/simulator/RESULTS.md).
test('under a small cap that large values fill while they are written, no node holds more than it may', async () => {
  const report = await run(9879, 'ecc');
  expect(report.verdict.type, describeFailure(report)).toBe('passed');
});

test('a run of ecc mode is the same again for the same seed', async () => {
  const first = await run(5, 'ecc');
  const second = await run(5, 'ecc');
  expect(second.traceHash).toBe(first.traceHash);
  expect(second.history).toEqual(first.history);
});
