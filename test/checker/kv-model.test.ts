import { describe, expect, it } from 'vitest';
import { kvModel, type KvInput, type KvResult, type KvState } from './kv-model.js';

type Exchange = readonly [KvInput, KvResult | undefined];

const get = (value: string | null, version?: number): Exchange => [{ type: 'get' }, { type: 'get', value, version }];
const set = (value: string, version?: number): Exchange => [
  { type: 'set', value },
  { type: 'set', applied: true, version },
];
const lost = (input: KvInput): Exchange => [input, undefined];

/** Whether the exchanges are possible one after the other, on a key that starts missing. */
function possible(...exchanges: readonly Exchange[]): boolean {
  let states: readonly KvState[] = [kvModel.initial];
  for (const [input, result] of exchanges) states = states.flatMap((state) => kvModel.step(state, input, result));
  return states.length > 0;
}

describe('a key of dcache', () => {
  it('starts missing and holds what was set last', () => {
    expect(possible(get(null), set('a'), get('a'), set('b'), get('b'))).toBe(true);
    expect(possible(set('a'), set('b'), get('a'))).toBe(false);
    expect(possible(set('a'), get(null))).toBe(false);
  });

  it('tells an empty value from a missing key', () => {
    expect(possible(set(''), get(''))).toBe(true);
    expect(possible(set(''), get(null))).toBe(false);
  });

  it('gives every put a greater version, also after a delete', () => {
    expect(possible(set('a', 5), set('b', 6), get('b', 6))).toBe(true);
    expect(possible(set('a', 5), set('b', 5))).toBe(false);
    const remove: Exchange = [{ type: 'delete' }, { type: 'delete', deleted: true }];
    expect(possible(set('a', 5), remove, set('b', 6))).toBe(true);
    expect(possible(set('a', 5), remove, set('b', 4))).toBe(false);
  });

  it('leaves room for the versions of puts whose answer was lost', () => {
    expect(possible(set('a', 5), lost({ type: 'set', value: 'b' }), set('c', 7))).toBe(true);
    expect(possible(set('a', 5), lost({ type: 'set', value: 'b' }), set('c', 6))).toBe(false);
  });

  it('keeps a version once somebody has seen it', () => {
    expect(possible(set('a'), get('a', 9), get('a', 9))).toBe(true);
    expect(possible(set('a'), get('a', 9), get('a', 10))).toBe(false);
  });

  it.each([
    ['nx on a missing key', [], { type: 'absent' }, true],
    ['nx on a present key', [set('a', 3)], { type: 'absent' }, false],
    ['xx on a missing key', [], { type: 'present' }, false],
    ['xx on a present key', [set('a', 3)], { type: 'present' }, true],
    ['a version on a missing key', [], { type: 'version', version: 3 }, false],
    ['the right version', [set('a', 3)], { type: 'version', version: 3 }, true],
    ['a wrong version', [set('a', 3)], { type: 'version', version: 2 }, false],
  ] as const)('decides a set with %s', (_what, before, condition, holds) => {
    const answered = (applied: boolean): Exchange => [
      { type: 'set', value: 'b', condition },
      { type: 'set', applied },
    ];
    expect(possible(...before, answered(holds), ...(holds ? [get('b')] : []))).toBe(true);
    expect(possible(...before, answered(!holds))).toBe(false);
  });

  it('remembers which version a failed condition ruled out', () => {
    const failed: Exchange = [
      { type: 'set', value: 'b', condition: { type: 'version', version: 4 } },
      { type: 'set', applied: false },
    ];
    expect(possible(set('a'), failed, get('a', 3))).toBe(true);
    expect(possible(set('a'), failed, get('a', 4))).toBe(false);
  });

  it('answers a set with the value before it', () => {
    const swap = (old: string | null): Exchange => [
      { type: 'set', value: 'b' },
      { type: 'set', applied: true, old },
    ];
    expect(possible(set('a'), swap('a'))).toBe(true);
    expect(possible(set('a'), swap(null))).toBe(false);
    expect(possible(swap(null))).toBe(true);
  });

  it('says whether a delete removed something', () => {
    const remove = (deleted: boolean): Exchange => [{ type: 'delete' }, { type: 'delete', deleted }];
    expect(possible(remove(false), set('a'), remove(true), remove(false), get(null))).toBe(true);
    expect(possible(remove(true))).toBe(false);
    expect(possible(set('a'), remove(false))).toBe(false);
  });

  it('inspects without the value', () => {
    const inspect = (found: boolean, version: number): Exchange => [
      { type: 'inspect' },
      { type: 'inspect', found, version },
    ];
    expect(possible(inspect(false, 0), set('a', 2), inspect(true, 2))).toBe(true);
    expect(possible(set('a', 2), inspect(true, 3))).toBe(false);
  });

  it('adds to 64-bit integers and refuses what is none', () => {
    const incr = (delta: string, value: string | null): Exchange => [
      { type: 'incr', delta },
      { type: 'incr', value },
    ];
    expect(possible(incr('5', '5'), incr('-7', '-2'), get('-2'))).toBe(true);
    expect(possible(incr('5', '5'), incr('1', '7'))).toBe(false);
    expect(possible(set('x'), incr('1', null), get('x'))).toBe(true);
    expect(possible(set('9223372036854775807'), incr('1', null))).toBe(true);
    expect(possible(set('9223372036854775806'), incr('1', '9223372036854775807'))).toBe(true);
  });

  it('appends, and counts bytes', () => {
    const append = (value: string, length: number): Exchange => [
      { type: 'append', value },
      { type: 'append', length },
    ];
    expect(possible(append('ä', 2), append('b', 3), get('äb'))).toBe(true);
    expect(possible(append('ä', 1))).toBe(false);
  });

  it('refuses the answer of another operation as a defect of the recorder', () => {
    expect(() => possible([{ type: 'get' }, { type: 'delete', deleted: true }])).toThrow(
      'a get cannot have the result',
    );
  });

  it('is missing or as it was after a loss that it may have been part of, and its versions go on', () => {
    const loss: Exchange = [{ type: 'lose' }, { type: 'lose' }];
    expect(possible(set('a', 3), loss, get('a', 3))).toBe(true);
    expect(possible(set('a', 3), loss, get(null), get(null))).toBe(true);
    expect(possible(set('a', 3), loss, get(null), get('a'))).toBe(false);
    expect(possible(set('a', 3), set('b', 4), loss, get('a'))).toBe(false);
    expect(possible(set('a', 3), loss, set('b', 3))).toBe(false);
    expect(possible(loss, get(null))).toBe(true);
    expect(possible(loss, get('a'))).toBe(false);
  });
});
