/**
 * A sequential specification of one key: what the checker knows about the system it checks.
 *
 * A state may stand for a set of concrete states that no operation has told apart yet (the version of a write whose answer
 * was lost, for example).
 */
import type { Operation } from './operation.js';

export interface Model<State, Input, Result> {
  readonly initial: State;

  /**
   * Every state that the operation may lead to from `state`; empty when `result` is impossible there. Without a result
   * (the answer was lost) every state that taking effect may lead to. Pure; throws when `result` is one of another
   * kind of operation.
   */
  step(state: State, input: Input, result: Result | undefined): readonly State[];

  /**
   * A number that does not fall along any linearization, which the answer tells (a version): among the operations that
   * have one, a lower one takes effect before a higher one. Undefined when the answer tells none.
   */
  order(input: Input, result: Result): number | undefined;

  /** What can be told apart by the answers of these operations, all of one key. */
  equivalence(operations: readonly Operation<Input, Result>[]): Equivalence<State, Input>;

  /** Whether the operation, given that result, leaves every state's concrete content alone. Without a result: always. */
  isReadOnly(input: Input, result: Result | undefined): boolean;

  /**
   * Whether the operation without a result makes anything before it irrelevant: for all states s and each t reached from s
   * by operations, what it makes of s covers what it makes of t.
   */
  overwrites(input: Input): boolean;

  /** A short label, such as `set a → v5`; `?` in the place of an unknown result. */
  describe(input: Input, result: Result | undefined): string;
  describeState(state: State): string;
}

/** The same model without the hint of an order: slower, but stuck only where an answer does not fit. */
export function withoutOrder<State, Input, Result>(model: Model<State, Input, Result>): Model<State, Input, Result> {
  return { ...model, order: () => undefined };
}

/**
 * What need not be told apart when certain answers are all that is to be explained. It is only there to spare the search
 * work: telling everything apart is right as well.
 */
export interface Equivalence<State, Input> {
  /** States with different keys are unrelated: neither covers the other. */
  stateKey(state: State): string;

  /** A state that takes no more memory and that no answer can tell from this one; often the same. */
  shorten(state: State): State;

  /** For two states with one key: whether each answer that can be explained from `b` can be from `a`. Reflexive, transitive. */
  covers(a: State, b: State): boolean;

  /** Inputs with one key are interchangeable as long as their results are unknown. */
  inputKey(input: Input): string;
}
