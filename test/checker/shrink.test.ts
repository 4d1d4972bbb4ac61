import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLinearizability, type KeyFailure } from './check.js';
import { generateEvents, withStaleRead } from './generated-history.js';
import { kvModel, type KvInput, type KvResult, type KvState } from './kv-model.js';
import { withUnknownOutcome, type Operation } from './operation.js';
import { HistoryRecorder, operationsOf } from './recorder.js';
import { searchLinearization } from './search.js';
import { shrinkViolation, type Counterexample } from './shrink.js';

const PLENTY = 1_000_000;

function onlyFailure(operations: readonly Operation<KvInput, KvResult>[]): KeyFailure<KvState, KvInput, KvResult> {
  const { violations } = checkLinearizability(kvModel, operations);
  const [failure] = violations;
  if (failure === undefined || violations.length > 1) throw new Error('one key should violate');
  return failure;
}

/** The verdict when only the answers of `kept` count. */
function verdictOf({ operations }: Counterexample<KvState, KvInput, KvResult>, kept: ReadonlySet<number>): string {
  const weakened = operations.map((operation) => (kept.has(operation.id) ? operation : withUnknownOutcome(operation)));
  return searchLinearization(kvModel, weakened, PLENTY).verdict;
}

describe('a violation', () => {
  it('is cut down to the first prefix that fails and the answers that contradict each other', () => {
    const recorder = new HistoryRecorder<KvInput, KvResult>();
    let timeMs = 0;
    const run = (client: string, input: KvInput, result: KvResult): void => {
      recorder.invoke(client, { key: 'k', input }, timeMs++).done(result, timeMs++);
    };
    run('c1', { type: 'set', value: 'x' }, { type: 'set', applied: true });
    run('c1', { type: 'set', value: 'a' }, { type: 'set', applied: true });
    run('c2', { type: 'get' }, { type: 'get', value: 'a' });
    run('c2', { type: 'set', value: 'b' }, { type: 'set', applied: true });
    run('c1', { type: 'get' }, { type: 'get', value: 'b' });
    run('c3', { type: 'get' }, { type: 'get', value: 'a' });
    run('c3', { type: 'get' }, { type: 'get', value: 'b' });
    run('c3', { type: 'delete' }, { type: 'delete', deleted: true });

    const counterexample = shrinkViolation(kvModel, onlyFailure(recorder.operations()));
    expect(counterexample.operations.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(counterexample.search.stuck.map(({ id }) => id)).toEqual([5]);
    // Who read `a`, then `b`, then `a` again needs no answer of a writer to know that something is wrong.
    expect(counterexample.essential.map(({ id }) => id)).toEqual([2, 4, 5]);
    expect(counterexample.minimal).toBe(true);
  });

  it('needs each of the answers that are left, and no other', () => {
    const options = fc.record({ seed: fc.nat(), choice: fc.nat(), lostPerMille: fc.integer({ min: 0, max: 200 }) });
    fc.assert(
      fc.property(options, ({ seed, choice, lostPerMille }) => {
        const events = generateEvents({ seed, operations: 60, keys: 1, clients: 4, lostPerMille });
        const spoilt = withStaleRead(operationsOf(events), choice);
        fc.pre(spoilt !== undefined);
        const counterexample = shrinkViolation(kvModel, onlyFailure(spoilt));
        const ids = counterexample.essential.map(({ id }) => id);
        expect(counterexample.minimal).toBe(true);
        expect(verdictOf(counterexample, new Set(ids))).toBe('violation');
        for (const id of ids) {
          expect(verdictOf(counterexample, new Set(ids.filter((other) => other !== id)))).toBe('linearizable');
        }
      }),
      { numRuns: 60 },
    );
  });

  it('that is too hard to shrink is still reported, and said not to be minimal', () => {
    const events = generateEvents({ seed: 3, operations: 60, keys: 1, clients: 4, lostPerMille: 0 });
    const spoilt = withStaleRead(operationsOf(events), 5) ?? [];
    const counterexample = shrinkViolation(kvModel, onlyFailure(spoilt), { maxStepsPerAttempt: 3 });
    expect(counterexample).toMatchObject({ minimal: false, search: { verdict: 'violation' } });
  });
});
