/** A short run of each parser under spoilt input; `npm run fuzz` goes on for as long as one likes. */
import { describe, expect, test } from 'vitest';
import { parseArguments } from './arguments.js';
import { fuzz } from './target.js';
import { flagOf, TARGETS } from './targets.js';

const SEED = Number(process.env['DCACHE_FUZZ_SEED'] ?? 1);
const RUNS = 120;

describe('spoilt input is read as what holds together, or refused with the documented error', () => {
  test.each(TARGETS)('$group: $name', async (target) => {
    const { read, refused } = await fuzz(target, SEED, RUNS);
    // A run that only ever comes to one of the two shows nothing.
    expect(read).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });
});

test('names of parsers are told apart when they are typed', () => {
  expect(new Set(TARGETS.map(flagOf)).size).toBe(TARGETS.length);
});

test.each([
  [['--only', 'nonsense'], /^--only takes groups and names: config, .* "nonsense" is none\.$/],
  [['--seed=-1'], '--seed is a whole number, not "-1"'],
  [['--runs', '0'], '--runs is a whole number from 1, not "0"'],
  [['--seconds', 'soon'], '--seconds is a number above 0, not "soon"'],
])('%j cannot be used', (args, reason) => {
  expect(parseArguments(args)).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
});

test('one parser and a seed are one round, for which no time is given', () => {
  const asked = parseArguments(['--only', 'Raft-message', '--seed', '9', '--runs', '10']);
  expect(asked).toMatchObject({ seed: 9, runs: 10, seconds: undefined });
  expect(asked).toHaveProperty('targets.length', 1);
});
