/**
 * Whether a whole history is linearizable. Keys are independent (linearizability is compositional: Herlihy and Wing
 * 1990, theorem 1), so each key is searched on its own.
 */
import type { Model } from './model.js';
import { partitionByKey, type Operation } from './operation.js';
import { searchLinearization, type SearchResult } from './search.js';

/** Enough for any key of some ten thousand operations; a key that needs more has a pathological number of unknowns. */
export const DEFAULT_MAX_STEPS_PER_KEY = 2_000_000;

export type Verdict = 'linearizable' | 'violation' | 'undecided';

/** A key that is not known to be linearizable. */
export interface KeyFailure<State, Input, Result> {
  readonly key: string;
  /** All operations on the key. */
  readonly operations: readonly Operation<Input, Result>[];
  readonly search: SearchResult<State, Input, Result>;
}

export interface CheckReport<State, Input, Result> {
  /** `violation` if any key violates; else `undecided` if the budget ended the search of any key. */
  readonly verdict: Verdict;
  readonly operationCount: number;
  readonly keyCount: number;
  /** Calls of the model for all keys. */
  readonly steps: number;
  readonly violations: readonly KeyFailure<State, Input, Result>[];
  readonly undecided: readonly KeyFailure<State, Input, Result>[];
}

export interface CheckOptions {
  /** Calls of the model spent on one key, at least 1; {@link DEFAULT_MAX_STEPS_PER_KEY} by default. */
  readonly maxStepsPerKey?: number | undefined;
}

/** Checks every key, also after a violation. Deterministic: the same operations give the same report. */
export function checkLinearizability<State, Input, Result>(
  model: Model<State, Input, Result>,
  operations: readonly Operation<Input, Result>[],
  options: CheckOptions = {},
): CheckReport<State, Input, Result> {
  const maxSteps = options.maxStepsPerKey ?? DEFAULT_MAX_STEPS_PER_KEY;
  const violations: KeyFailure<State, Input, Result>[] = [];
  const undecided: KeyFailure<State, Input, Result>[] = [];
  const partitions = partitionByKey(operations);
  let steps = 0;
  for (const [key, ofKey] of partitions) {
    const search = searchLinearization(model, ofKey, maxSteps);
    steps += search.steps;
    if (search.verdict === 'violation') violations.push({ key, operations: ofKey, search });
    if (search.verdict === 'undecided') undecided.push({ key, operations: ofKey, search });
  }
  const verdict = violations.length > 0 ? 'violation' : undecided.length > 0 ? 'undecided' : 'linearizable';
  return { verdict, operationCount: operations.length, keyCount: partitions.size, steps, violations, undecided };
}
