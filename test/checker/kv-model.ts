/**
 * One key of dcache: get, inspect, set and delete (with conditions), incr, append, and the version of the value.
 *
 * The rule of versions: a successful put gets a version greater than every earlier one of its key, deleted values included.
 * A client may not have seen the version of a put (its answer was lost, or it did not ask). The model then keeps the set of
 * versions that are still possible, a lower bound and the excluded ones, and narrows it when an operation tells.
 *
 * Issue 4 (requests with an identity) extends this by new kinds of input; `step` is the only place that gives them meaning.
 */
import { assertNever, InvariantViolation } from '../../src/base/assert.js';
import { kvEquivalence } from './kv-equivalence.js';
import { describeKvOperation } from './kv-labels.js';
import type { Model } from './model.js';

export type KvCondition =
  { readonly type: 'absent' } | { readonly type: 'present' } | { readonly type: 'version'; readonly version: number };

/** Values are compared as texts; a recorder of binary values writes them in hexadecimal, or a digest of them. */
export type KvInput =
  | { readonly type: 'get' }
  | { readonly type: 'set'; readonly value: string; readonly condition?: KvCondition | undefined }
  | { readonly type: 'delete'; readonly condition?: KvCondition | undefined }
  /** Whether the key is there, without its value. */
  | { readonly type: 'inspect' }
  /** `delta` is a 64-bit integer in decimal. A missing key counts as 0. */
  | { readonly type: 'incr'; readonly delta: string }
  /** A missing key counts as empty. */
  | { readonly type: 'append'; readonly value: string }
  /** Nobody's request: a loss of data was declared that the key may have been part of. It is missing from then on, or as it was. */
  | { readonly type: 'lose' };

/** What the client saw. A field that is left out was not seen, and is not checked. */
export type KvResult =
  /** `value` is null for a missing key. */
  | { readonly type: 'get'; readonly value: string | null; readonly version?: number | undefined }
  | {
      readonly type: 'set';
      /** False: the condition failed. */
      readonly applied: boolean;
      /** Of the new value; if the condition failed, of the present one (0: missing). */
      readonly version?: number | undefined;
      /** The value before the operation; null if missing. */
      readonly old?: string | null | undefined;
    }
  /** `deleted` is false for a missing key or a failed condition. */
  | { readonly type: 'delete'; readonly deleted: boolean }
  | { readonly type: 'inspect'; readonly found: boolean; readonly version?: number | undefined }
  /** `value` is the new number in decimal; null: refused, since value or sum is no 64-bit integer. */
  | { readonly type: 'incr'; readonly value: string | null; readonly version?: number | undefined }
  | { readonly type: 'lose' }
  /** `length` of the new value in bytes of UTF-8. */
  | { readonly type: 'append'; readonly length?: number | undefined; readonly version?: number | undefined };

/** A value of which only the length is left: no answer shows it or anything that it can become. In bytes of UTF-8. */
export interface UnseenValue {
  readonly bytes: number;
}

export interface KvState {
  /** Null when the key is missing. */
  readonly value: string | UnseenValue | null;
  /** The version of the value if `known`, else the least possible one. For a missing key: the next is greater than this. */
  readonly version: number;
  /** False while several versions are possible. True for a missing key. */
  readonly known: boolean;
  /** Versions above `version` that are impossible all the same; ascending, empty if `known`. */
  readonly excluded: readonly number[];
}

const NONE: readonly number[] = [];
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** The state after a put of `value` whose version was seen, or not. Empty when that version is not above the last. */
function put(state: KvState, value: string | UnseenValue, version: number | undefined): readonly KvState[] {
  if (version === undefined) return [{ value, version: state.version + 1, known: false, excluded: NONE }];
  return version > state.version ? [{ value, version, known: true, excluded: NONE }] : [];
}

/** The state narrowed to what a client saw as the version of the present value. */
function withVersion(state: KvState, seen: number | undefined): readonly KvState[] {
  if (seen === undefined) return [state];
  if (state.value === null) return seen === 0 ? [state] : [];
  if (state.known) return seen === state.version ? [state] : [];
  if (seen < state.version || state.excluded.includes(seen)) return [];
  return [{ value: state.value, version: seen, known: true, excluded: NONE }];
}

/** The state narrowed to a present value that does not have the version. */
function withoutVersion(state: KvState, other: number): readonly KvState[] {
  if (state.value === null) return [state];
  if (state.known) return other === state.version ? [] : [state];
  if (other < state.version || state.excluded.includes(other)) return [state];
  const excluded = [...state.excluded, other].sort((a, b) => a - b);
  let version = state.version;
  while (excluded[0] === version) {
    excluded.shift();
    version++;
  }
  return [{ value: state.value, version, known: false, excluded }];
}

interface Branch {
  readonly state: KvState;
  readonly holds: boolean;
}

/** The ways in which a condition may turn out. Both, when the version is not known. */
function branchesOf(state: KvState, condition: KvCondition | undefined): readonly Branch[] {
  switch (condition?.type) {
    case undefined:
      return [{ state, holds: true }];
    case 'absent':
      return [{ state, holds: state.value === null }];
    case 'present':
      return [{ state, holds: state.value !== null }];
    case 'version': {
      const equal = state.value === null ? [] : withVersion(state, condition.version);
      const different = withoutVersion(state, condition.version);
      return [
        ...equal.map((narrowed) => ({ state: narrowed, holds: true })),
        ...different.map((narrowed) => ({ state: narrowed, holds: false })),
      ];
    }
    default:
      return assertNever(condition, 'condition');
  }
}

type Seen<Type extends KvResult['type']> = Extract<KvResult, { type: Type }> | undefined;
type Asked<Type extends KvInput['type']> = Extract<KvInput, { type: Type }>;

function get(state: KvState, seen: Seen<'get'>): readonly KvState[] {
  if (seen === undefined) return [state];
  return seen.value === state.value ? withVersion(state, seen.version) : [];
}

function inspect(state: KvState, seen: Seen<'inspect'>): readonly KvState[] {
  if (seen === undefined) return [state];
  return seen.found === (state.value !== null) ? withVersion(state, seen.version) : [];
}

function set(state: KvState, { value, condition }: Asked<'set'>, seen: Seen<'set'>): readonly KvState[] {
  return branchesOf(state, condition).flatMap((branch) => {
    if (seen === undefined) return branch.holds ? put(branch.state, value, undefined) : [branch.state];
    if (seen.applied !== branch.holds) return [];
    if (seen.old !== undefined && seen.old !== branch.state.value) return [];
    return branch.holds ? put(branch.state, value, seen.version) : withVersion(branch.state, seen.version);
  });
}

function remove(state: KvState, { condition }: Asked<'delete'>, seen: Seen<'delete'>): readonly KvState[] {
  return branchesOf(state, condition).flatMap((branch) => {
    const deletes = branch.holds && branch.state.value !== null;
    if (seen !== undefined && seen.deleted !== deletes) return [];
    return [deletes ? { value: null, version: branch.state.version, known: true, excluded: NONE } : branch.state];
  });
}

/** The sum in decimal, or null when dcache refuses to add. */
function sumOf(value: KvState['value'], delta: string): string | null {
  if (value !== null && (typeof value === 'object' || !/^-?(0|[1-9][0-9]{0,18})$/.test(value))) return null;
  const before = BigInt(value ?? '0');
  const after = before + BigInt(delta);
  const fits = [before, after].every((number) => number >= INT64_MIN && number <= INT64_MAX);
  return fits ? after.toString() : null;
}

function increment(state: KvState, { delta }: Asked<'incr'>, seen: Seen<'incr'>): readonly KvState[] {
  const sum = sumOf(state.value, delta);
  if (seen !== undefined && seen.value !== sum) return [];
  return sum === null ? [state] : put(state, sum, seen?.version);
}

function append(state: KvState, { value }: Asked<'append'>, seen: Seen<'append'>): readonly KvState[] {
  const before = state.value ?? '';
  const joined = typeof before === 'string' ? before + value : { bytes: before.bytes + Buffer.byteLength(value) };
  if (seen?.length !== undefined && seen.length !== bytesOf(joined)) return [];
  return put(state, joined, seen?.version);
}

function lose(state: KvState): readonly KvState[] {
  if (state.value === null) return [state];
  return [state, { value: null, version: state.version, known: true, excluded: NONE }];
}

/** The length of a value in bytes of UTF-8. */
export function bytesOf(value: string | UnseenValue): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : value.bytes;
}

function step(state: KvState, input: KvInput, result: KvResult | undefined): readonly KvState[] {
  const mismatch = (): never => {
    throw new InvariantViolation(`a ${input.type} cannot have the result of a ${result?.type}`);
  };
  switch (input.type) {
    case 'get':
      return result === undefined || result.type === 'get' ? get(state, result) : mismatch();
    case 'set':
      return result === undefined || result.type === 'set' ? set(state, input, result) : mismatch();
    case 'inspect':
      return result === undefined || result.type === 'inspect' ? inspect(state, result) : mismatch();
    case 'delete':
      return result === undefined || result.type === 'delete' ? remove(state, input, result) : mismatch();
    case 'incr':
      return result === undefined || result.type === 'incr' ? increment(state, input, result) : mismatch();
    case 'append':
      return result === undefined || result.type === 'append' ? append(state, input, result) : mismatch();
    case 'lose':
      return result === undefined || result.type === 'lose' ? lose(state) : mismatch();
    default:
      return assertNever(input, 'kv operation');
  }
}

/** Whether an operation with that answer is known to have changed nothing. */
function isReadOnly(input: KvInput, result: KvResult | undefined): boolean {
  if (input.type === 'get' || input.type === 'inspect') return true;
  switch (result?.type) {
    case undefined:
    case 'append':
    case 'lose':
      return false;
    case 'get':
    case 'inspect':
      return true;
    case 'set':
      return !result.applied;
    case 'delete':
      return !result.deleted;
    case 'incr':
      return result.value === null;
    default:
      return assertNever(result, 'kv result');
  }
}

/** Versions never fall, and every operation that sees one sees that of the state it leaves. */
function order(_input: KvInput, result: KvResult): number | undefined {
  if (result.type === 'delete' || result.type === 'lose' || (result.type === 'incr' && result.value === null))
    return undefined;
  return result.version === 0 ? undefined : result.version;
}

function describeState({ value, version, known, excluded }: KvState): string {
  if (value === null) return version === 0 ? 'missing' : `missing, next version > ${version}`;
  const exceptions = excluded.length === 0 ? '' : ` (not ${excluded.join(', ')})`;
  const shown = typeof value === 'string' ? JSON.stringify(value) : `${value.bytes} bytes that nobody saw`;
  return `${shown}, version ${known ? '' : '≥ '}${version}${exceptions}`;
}

export const kvModel: Model<KvState, KvInput, KvResult> = {
  initial: { value: null, version: 0, known: true, excluded: NONE },
  step,
  order,
  equivalence: kvEquivalence,
  isReadOnly,
  overwrites: (input) => (input.type === 'set' || input.type === 'delete') && input.condition === undefined,
  describe: describeKvOperation,
  describeState,
};
