import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLinearizability } from './check.js';
import { generateEvents, withStaleRead } from './generated-history.js';
import { kvModel } from './kv-model.js';
import { operationsOf } from './recorder.js';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('the check of a whole history', () => {
  it('finds the histories of a correct store linearizable', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 300 }),
        (seed, keys, lostPerMille) => {
          const events = generateEvents({ seed, operations: 150, keys, clients: 5, lostPerMille });
          const report = checkLinearizability(kvModel, operationsOf(events));
          expect(report).toMatchObject({ verdict: 'linearizable', operationCount: 150, violations: [], undecided: [] });
        },
      ),
    );
  });

  it('catches one stale read in an otherwise correct history, and names its key', () => {
    fc.assert(
      fc.property(seeds, fc.nat(), fc.integer({ min: 0, max: 300 }), (seed, choice, lostPerMille) => {
        const events = generateEvents({ seed, operations: 150, keys: 3, clients: 5, lostPerMille });
        const correct = operationsOf(events);
        const spoilt = withStaleRead(correct, choice);
        fc.pre(spoilt !== undefined);
        const changed = spoilt.find((operation, index) => operation.outcome !== correct[index]?.outcome);
        const report = checkLinearizability(kvModel, spoilt);
        expect(report.verdict).toBe('violation');
        expect(report.violations.map(({ key }) => key)).toEqual([changed?.key]);
      }),
    );
  });

  it('reaches a verdict on 100,000 operations over 100 keys', () => {
    const events = generateEvents({ seed: 7, operations: 100_000, keys: 100, clients: 20, lostPerMille: 10 });
    const operations = operationsOf(events);
    expect(checkLinearizability(kvModel, operations)).toMatchObject({ verdict: 'linearizable', keyCount: 100 });
    const spoilt = withStaleRead(operations.slice(-2000), 1000);
    const stale = [...operations.slice(0, -2000), ...(spoilt ?? [])];
    expect(checkLinearizability(kvModel, stale).verdict).toBe('violation');
  });

  it('is a violation when one key violates and another ran out of budget', () => {
    const hard = operationsOf(generateEvents({ seed: 1, operations: 100, keys: 1, clients: 5, lostPerMille: 0 }));
    const stale = withStaleRead(
      operationsOf(generateEvents({ seed: 2, operations: 12, keys: 1, clients: 1, lostPerMille: 0 })),
      0,
    );
    const other = (stale ?? []).map((operation) => ({ ...operation, id: operation.id + 1000, key: 'other' }));
    const options = { maxStepsPerKey: 60 };
    expect(checkLinearizability(kvModel, hard, options)).toMatchObject({ verdict: 'undecided' });
    const report = checkLinearizability(kvModel, [...hard, ...other], options);
    expect(report.verdict).toBe('violation');
    expect(report.undecided.map(({ key }) => key)).toEqual(['key-0']);
    expect(report.violations.map(({ key }) => key)).toEqual(['other']);
  });
});
