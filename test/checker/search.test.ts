import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kvHistory, registerHistory } from './arbitrary.js';
import { isLinearizableByBruteForce } from './brute-force.js';
import { kvModel, type KvInput, type KvResult } from './kv-model.js';
import type { Operation } from './operation.js';
import { plainKvModel } from './plain-kv-model.js';
import { registerModel, type RegisterInput, type RegisterResult } from './register-model.js';
import { searchLinearization, type SearchResult } from './search.js';

type RegisterOperation = Operation<RegisterInput, RegisterResult>;

const PLENTY = 1_000_000;
/** Above the greatest version that the generator lets a client see by more than there are operations. */
const MAX_VERSION = 12;

function operation(
  id: number,
  input: RegisterInput,
  result: RegisterResult | 'unknown',
  [invokedAt, returnedAt]: readonly [number, number],
): RegisterOperation {
  const base = { id, client: `c${id}`, key: 'k', input, invokedAt, invokedMs: invokedAt };
  if (result === 'unknown') return { ...base, outcome: { type: 'unknown' }, returnedAt: Infinity };
  return { ...base, outcome: { type: 'done', result }, returnedAt };
}

const write = (id: number, value: number, place: readonly [number, number]): RegisterOperation =>
  operation(id, { type: 'write', value }, { type: 'write' }, place);
const lostWrite = (id: number, value: number, invokedAt: number): RegisterOperation =>
  operation(id, { type: 'write', value }, 'unknown', [invokedAt, Infinity]);
const read = (id: number, value: number | null, place: readonly [number, number]): RegisterOperation =>
  operation(id, { type: 'read' }, { type: 'read', value }, place);

const search = (...operations: RegisterOperation[]): SearchResult<number | null, RegisterInput, RegisterResult> =>
  searchLinearization(registerModel, operations, PLENTY);

const ids = (result: SearchResult<number | null, RegisterInput, RegisterResult>): readonly number[] =>
  result.longest.map((step) => step.operation.id);

describe('the search', () => {
  it('finds the empty history linearizable', () => {
    expect(search()).toMatchObject({ verdict: 'linearizable', longest: [], stuck: [] });
  });

  it('lets concurrent operations take effect in either order', () => {
    const result = search(write(0, 1, [0, 9]), read(1, null, [1, 2]), read(2, 1, [3, 4]));
    expect(result.verdict).toBe('linearizable');
    expect(ids(result)).toEqual([1, 0, 2]);
  });

  it('catches a read of a value that was overwritten before the read began', () => {
    const result = search(write(0, 1, [0, 1]), write(1, 2, [2, 3]), read(2, 1, [4, 5]));
    expect(result.verdict).toBe('violation');
    expect(ids(result)).toEqual([0, 1]);
    expect(result.stuck.map(({ id }) => id)).toEqual([2]);
  });

  it('catches two readers who see two writes in opposite orders', () => {
    const writes = [write(0, 1, [0, 20]), write(1, 2, [0, 20])];
    const first = [read(2, 1, [1, 2]), read(3, 2, [3, 4])];
    const second = [read(4, 2, [1, 2]), read(5, 1, [3, 4])];
    expect(search(...writes, ...first).verdict).toBe('linearizable');
    expect(search(...writes, ...second).verdict).toBe('linearizable');
    expect(search(...writes, ...first, ...second).verdict).toBe('violation');
  });

  it('takes operations that share a place for concurrent', () => {
    expect(search(write(0, 1, [0, 5]), read(1, null, [5, 6])).verdict).toBe('linearizable');
    expect(search(write(0, 1, [0, 5]), read(1, null, [6, 7])).verdict).toBe('violation');
  });

  it('lets a write of unknown outcome take effect late, or never', () => {
    expect(search(lostWrite(0, 1, 0), read(1, null, [5, 6]), read(2, 1, [7, 8])).verdict).toBe('linearizable');
    expect(search(lostWrite(0, 1, 0), read(1, null, [5, 6])).verdict).toBe('linearizable');
  });

  it('does not let a write of unknown outcome take effect twice, or before it was sent', () => {
    const twice = [
      write(0, 2, [0, 1]),
      lostWrite(1, 1, 2),
      read(2, 1, [5, 6]),
      write(3, 2, [7, 8]),
      read(4, 1, [9, 10]),
    ];
    expect(search(...twice).verdict).toBe('violation');
    expect(search(read(0, 1, [0, 1]), lostWrite(1, 1, 2)).verdict).toBe('violation');
  });

  it('leaves out what was definitely not done', () => {
    const refused: RegisterOperation = { ...write(0, 1, [0, 1]), outcome: { type: 'not-done' } };
    expect(search(refused, read(1, null, [2, 3])).verdict).toBe('linearizable');
    expect(search(refused, read(1, 1, [2, 3])).verdict).toBe('violation');
  });

  it('is undecided when the budget ends first', () => {
    const operations = [write(0, 1, [0, 1]), write(1, 2, [2, 3]), read(2, 2, [4, 5])];
    expect(searchLinearization(registerModel, operations, 2)).toMatchObject({ verdict: 'undecided', steps: 2 });
  });

  it('is not led astray by hundreds of writes whose outcome nobody knows', () => {
    const lost = Array.from({ length: 400 }, (_, index) => lostWrite(index, 1000 + index, index));
    const answered = Array.from({ length: 200 }, (_, index) => {
      const place = 500 + index * 4;
      return index % 2 === 0
        ? write(1000 + index, index, [place, place + 6])
        : read(1000 + index, index - 1, [place, place + 1]);
    });
    const stale = read(5000, 0, [4000, 4001]);
    expect(search(...lost, ...answered).verdict).toBe('linearizable');
    expect(search(...lost, ...answered, stale).verdict).toBe('violation');
  });

  it('uses a chain of operations of unknown outcome when only the chain explains a read', () => {
    const cas = (id: number, from: number, to: number): RegisterOperation =>
      operation(id, { type: 'cas', from, to }, 'unknown', [0, Infinity]);
    expect(search(lostWrite(0, 1, 0), cas(1, 2, 3), cas(2, 1, 2), read(3, 3, [5, 6])).verdict).toBe('linearizable');
    expect(search(lostWrite(0, 1, 0), cas(1, 2, 3), cas(2, 1, 4), read(3, 3, [5, 6])).verdict).toBe('violation');
  });

  it('keeps an operation of unknown outcome for the read that only it explains', () => {
    const lostCas = operation(2, { type: 'cas', from: 0, to: 1 }, 'unknown', [1, Infinity]);
    const early = [lostWrite(0, 1, 0), write(1, 0, [0, 1]), lostCas, read(3, 1, [2, 3])];
    expect(search(...early, write(4, 5, [4, 5]), read(5, 1, [6, 7])).verdict).toBe('linearizable');
    expect(
      search(...early, write(4, 5, [4, 5]), read(5, 1, [6, 7]), write(6, 5, [8, 9]), read(7, 1, [10, 11])).verdict,
    ).toBe('violation');
  });

  it('takes little memory for long values that nobody saw', () => {
    const lost = (id: number, input: KvInput): Operation<KvInput, KvResult> => {
      const places = { invokedAt: id, returnedAt: Infinity, invokedMs: id };
      return { id, client: `c${id}`, key: 'k', input, outcome: { type: 'unknown' }, ...places };
    };
    const appends = Array.from({ length: 60 }, (_, id) => lost(id, { type: 'append', value: `${id}`.repeat(100_000) }));
    const gets = Array.from({ length: 60 }, (_, index): Operation<KvInput, KvResult> => {
      const places = { invokedAt: 100 + 2 * index, returnedAt: 101 + 2 * index, invokedMs: 0 };
      const result: KvResult = { type: 'inspect', found: true, version: 1000 + index };
      return {
        id: 100 + index,
        client: 'c',
        key: 'k',
        input: { type: 'inspect' },
        outcome: { type: 'done', result },
        ...places,
      };
    });
    const before = process.memoryUsage().heapUsed;
    expect(searchLinearization(kvModel, [...appends, ...gets], 20_000).verdict).toBe('linearizable');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 2 ** 20);
  });

  it('needs no step when versions contradict real time', () => {
    const get = (id: number, version: number): Operation<KvInput, KvResult> => {
      const result: KvResult = { type: 'get', value: 'a', version };
      const places = { invokedAt: 2 * id, returnedAt: 2 * id + 1, invokedMs: 0 };
      return { id, client: 'c', key: 'k', input: { type: 'get' }, outcome: { type: 'done', result }, ...places };
    };
    expect(searchLinearization(kvModel, [get(0, 7), get(1, 6)], PLENTY)).toMatchObject({
      verdict: 'violation',
      steps: 0,
    });
  });

  it('agrees with brute force on small histories of a register', () => {
    const seen = { linearizable: 0, violation: 0 };
    fc.assert(
      fc.property(registerHistory(6), (operations) => {
        const expected = isLinearizableByBruteForce(registerModel, operations) ? 'linearizable' : 'violation';
        expect(searchLinearization(registerModel, operations, PLENTY).verdict).toBe(expected);
        seen[expected]++;
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(seen.linearizable, seen.violation)).toBeGreaterThan(500);
  });

  it('agrees with brute force over concrete versions on small histories of dcache', () => {
    const plain = plainKvModel(MAX_VERSION);
    const seen = { linearizable: 0, violation: 0 };
    fc.assert(
      fc.property(kvHistory(5), (operations) => {
        const expected = isLinearizableByBruteForce(plain, operations) ? 'linearizable' : 'violation';
        expect(searchLinearization(kvModel, operations, PLENTY).verdict).toBe(expected);
        seen[expected]++;
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(seen.linearizable, seen.violation)).toBeGreaterThan(300);
  });
});
