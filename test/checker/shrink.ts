/**
 * Cuts a violation down to what contradicts itself, by two steps that keep "not linearizable" meaningful for the whole:
 *
 * 1. The history is cut at the first place where it is not linearizable (every prefix of a linearizable history is
 *    linearizable, so the place is found by halving).
 * 2. Answers are forgotten: an operation whose answer is forgotten may take effect at any time after its invocation, or
 *    never. What is still not linearizable needs only the answers that are left. Operations themselves are never
 *    removed, since without a write its readers would seem to be wrong.
 *
 * The second step is delta debugging (Zeller and Hildebrandt, 2002) down to answers each of which is needed.
 */
import { assert } from '../../src/base/assert.js';
import type { KeyFailure } from './check.js';
import { withoutOrder, type Model } from './model.js';
import { withUnknownOutcome, type Operation } from './operation.js';
import { searchLinearization, type SearchResult } from './search.js';

export interface Counterexample<State, Input, Result> {
  readonly key: string;
  /** The history up to the first return that cannot be explained; what had not returned by then is of unknown outcome. */
  readonly operations: readonly Operation<Input, Result>[];
  /** The longest linearization of `operations`, and what is stuck there. */
  readonly search: SearchResult<State, Input, Result>;
  /** The operations whose answers contradict each other, in the order of invocation. */
  readonly essential: readonly Operation<Input, Result>[];
  /** The longest linearization when only the answers of `essential` are kept. */
  readonly essentialSearch: SearchResult<State, Input, Result>;
  /** Whether without any one of the essential answers the rest is linearizable. False when that is too hard to tell. */
  readonly minimal: boolean;
}

export interface ShrinkOptions {
  /** Calls of the model for one attempt; an attempt that needs more counts as failed. */
  readonly maxStepsPerAttempt?: number | undefined;
  /** Calls of the model in all. */
  readonly maxSteps?: number | undefined;
}

const MAX_STEPS_TO_EXPLAIN = 200_000;

class Shrinker<State, Input, Result> {
  private readonly model: Model<State, Input, Result>;
  private readonly maxStepsPerAttempt: number;
  private stepsLeft: number;
  private gaveUp = false;

  constructor(model: Model<State, Input, Result>, options: ShrinkOptions) {
    this.model = model;
    this.maxStepsPerAttempt = options.maxStepsPerAttempt ?? 100_000;
    this.stepsLeft = options.maxSteps ?? 3_000_000;
  }

  /** Whether every attempt came to a verdict. */
  get decided(): boolean {
    return !this.gaveUp;
  }

  /** Whether the operations are certainly not linearizable. */
  violates(operations: readonly Operation<Input, Result>[]): boolean {
    const maxSteps = Math.min(this.maxStepsPerAttempt, this.stepsLeft);
    const { verdict, steps } = searchLinearization(this.model, operations, maxSteps);
    this.stepsLeft -= steps;
    if (verdict === 'undecided') this.gaveUp = true;
    return verdict === 'violation';
  }

  /** The shortest prefix that violates; the whole when shorter ones are too hard to judge. */
  cut(operations: readonly Operation<Input, Result>[]): readonly Operation<Input, Result>[] {
    const places = answeredOf(operations)
      .map((operation) => operation.returnedAt)
      .sort((a, b) => a - b);
    let low = 0;
    let high = places.length - 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.violates(prefix(operations, places[middle] ?? Infinity))) high = middle;
      else low = middle + 1;
    }
    return prefix(operations, places[high] ?? Infinity);
  }

  /** The operations whose answers are kept. */
  essential(operations: readonly Operation<Input, Result>[]): readonly Operation<Input, Result>[] {
    let kept = answeredOf(operations);
    for (let size = Math.ceil(kept.length / 2); ; size = Math.ceil(size / 2)) {
      let removed = false;
      for (let start = 0; start < kept.length;) {
        const fewer = kept.filter((_, index) => index < start || index >= start + size);
        if (this.violates(keepAnswers(operations, fewer))) {
          kept = fewer;
          removed = true;
        } else {
          start += size;
        }
      }
      if (size === 1 && !removed) return kept;
    }
  }
}

function answeredOf<Input, Result>(
  operations: readonly Operation<Input, Result>[],
): readonly Operation<Input, Result>[] {
  return operations.filter((operation) => operation.outcome.type === 'done');
}

function prefix<Input, Result>(
  operations: readonly Operation<Input, Result>[],
  lastPlace: number,
): readonly Operation<Input, Result>[] {
  return operations
    .filter((operation) => operation.invokedAt <= lastPlace && operation.outcome.type !== 'not-done')
    .map((operation) => (operation.returnedAt <= lastPlace ? operation : withUnknownOutcome(operation)));
}

function keepAnswers<Input, Result>(
  operations: readonly Operation<Input, Result>[],
  kept: readonly Operation<Input, Result>[],
): readonly Operation<Input, Result>[] {
  const keep = new Set(kept);
  return operations.map((operation) => (keep.has(operation) ? operation : withUnknownOutcome(operation)));
}

/**
 * The longest linearization of operations that violate. First without the hint of an order, so that what is stuck does
 * not fit the state; when that is too hard, with it. The longer of the two, should neither come to an end.
 * @param steps that a search of more operations took
 */
function explain<State, Input, Result>(
  model: Model<State, Input, Result>,
  operations: readonly Operation<Input, Result>[],
  steps: number,
): SearchResult<State, Input, Result> {
  const unordered = searchLinearization(withoutOrder(model), operations, MAX_STEPS_TO_EXPLAIN);
  if (unordered.verdict === 'violation') return unordered;
  const ordered = searchLinearization(model, operations, steps + MAX_STEPS_TO_EXPLAIN);
  return ordered.longest.length > unordered.longest.length ? ordered : unordered;
}

/** The smallest contradiction in a key that violates. Deterministic. */
export function shrinkViolation<State, Input, Result>(
  model: Model<State, Input, Result>,
  failure: KeyFailure<State, Input, Result>,
  options: ShrinkOptions = {},
): Counterexample<State, Input, Result> {
  assert(failure.search.verdict === 'violation', 'only a violation is shrunk');
  const shrinker = new Shrinker(model, options);
  const operations = shrinker.cut(failure.operations);
  const essential = shrinker.essential(operations);
  const search = explain(model, operations, failure.search.steps);
  const essentialSearch = explain(model, keepAnswers(operations, essential), failure.search.steps);
  return { key: failure.key, operations, search, essential, essentialSearch, minimal: shrinker.decided };
}
