/** Small histories of one key with answers at random, about half of them linearizable, for property tests. */
import fc from 'fast-check';
import type { KvCondition, KvInput, KvResult } from './kv-model.js';
import type { Operation, OperationOutcome } from './operation.js';
import type { RegisterInput, RegisterResult } from './register-model.js';

/** An operation before it is put into real time. */
interface Call<Input, Result> {
  readonly input: Input;
  readonly outcome: OperationOutcome<Result>;
}

const smallNumber = fc.constantFrom(null, 0, 1);

const registerCall: fc.Arbitrary<readonly [RegisterInput, RegisterResult]> = fc.oneof(
  fc.record({ value: smallNumber }).map(({ value }) => [{ type: 'read' }, { type: 'read', value }] as const),
  fc.record({ value: smallNumber }).map(({ value }) => [{ type: 'write', value }, { type: 'write' }] as const),
  fc
    .record({ from: smallNumber, to: smallNumber, matched: fc.boolean() })
    .map(({ from, to, matched }) => [{ type: 'cas', from, to } as const, { type: 'cas', matched } as const] as const),
);

/** Longer than what a checker keeps of a value that nobody saw. */
const LONG = 'x'.repeat(70);
const value = fc.constantFrom('1', 'a', 'b', LONG);
const valueOrNull = fc.constantFrom(null, '1', 'a', 'aa', LONG);
const version = fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined });
const condition: fc.Arbitrary<KvCondition | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom({ type: 'absent' } as const, { type: 'present' } as const),
  fc.integer({ min: 1, max: 4 }).map((number) => ({ type: 'version', version: number }) as const),
);

const kvCall: fc.Arbitrary<readonly [KvInput, KvResult]> = fc.oneof(
  fc.constant([{ type: 'lose' }, { type: 'lose' }] as const),
  fc
    .record({ seen: valueOrNull, version })
    .map(
      ({ seen, version }) =>
        [{ type: 'get' }, { type: 'get', value: seen, version: seen === null ? undefined : version }] as const,
    ),
  fc.record({ value, condition, applied: fc.boolean(), version, old: fc.option(valueOrNull, { nil: undefined }) }).map(
    ({ value, condition, applied, version, old }) =>
      [
        { type: 'set', value, condition },
        { type: 'set', applied: applied || condition === undefined, version, old },
      ] as const,
  ),
  fc.record({ condition, deleted: fc.boolean() }).map(
    ({ condition, deleted }) =>
      [
        { type: 'delete', condition },
        { type: 'delete', deleted },
      ] as const,
  ),
  fc
    .record({ found: fc.boolean(), version })
    .map(({ found, version }) => [{ type: 'inspect' }, { type: 'inspect', found, version }] as const),
  fc.record({ seen: fc.constantFrom('1', '2', '3', '11', null), version }).map(
    ({ seen, version }) =>
      [
        { type: 'incr', delta: '1' },
        { type: 'incr', value: seen, version },
      ] as const,
  ),
  fc.record({ length: fc.option(fc.constantFrom(1, 2, 3, 71), { nil: undefined }), version }).map(
    ({ length, version }) =>
      [
        { type: 'append', value: 'a' },
        { type: 'append', length, version },
      ] as const,
  ),
);

function withOutcome<Input, Result>(call: fc.Arbitrary<readonly [Input, Result]>): fc.Arbitrary<Call<Input, Result>> {
  const kind = fc.constantFrom('done', 'done', 'done', 'done', 'unknown', 'unknown', 'not-done');
  return fc.tuple(call, kind).map(([[input, result], type]): Call<Input, Result> => {
    return { input, outcome: type === 'done' ? { type, result } : { type: type === 'unknown' ? type : 'not-done' } };
  });
}

/** Histories of one key whose operations overlap a good deal; equal places occur, and mean concurrent. */
function history<Input, Result>(
  call: fc.Arbitrary<readonly [Input, Result]>,
  maxLength: number,
): fc.Arbitrary<Operation<Input, Result>[]> {
  const timed = fc.tuple(withOutcome(call), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 5 }));
  return fc.array(timed, { minLength: 1, maxLength }).map((calls) =>
    calls.map(([{ input, outcome }, invokedAt, length], id) => {
      const returnedAt = outcome.type === 'unknown' ? Infinity : invokedAt + length;
      return { id, client: `c${id}`, key: 'k', input, outcome, invokedAt, returnedAt, invokedMs: invokedAt };
    }),
  );
}

export const registerHistory = (maxLength: number): fc.Arbitrary<Operation<RegisterInput, RegisterResult>[]> =>
  history(registerCall, maxLength);

export const kvHistory = (maxLength: number): fc.Arbitrary<Operation<KvInput, KvResult>[]> =>
  history(kvCall, maxLength);
