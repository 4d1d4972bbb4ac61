/**
 * The search for a linearization of one key's operations: Wing and Gong's depth-first search with Lowe's memory of seen
 * configurations (G. Lowe, "Testing for linearizability", 2017). A configuration is (operations linearized, state).
 *
 * What is done beyond the paper, all of it to keep operations of unknown outcome from multiplying the configurations:
 * - Such operations are optional, so a configuration is dropped when one was seen with the same answered operations, a
 *   covering state and a *subset* of the optional ones.
 * - Answers that tell their order (versions) are linearized in that order; where real time has another, none can exist.
 * - An answered operation that fits the state and leaves it alone is linearized at once, without alternatives.
 * - Of interchangeable optional operations only the earliest unused one is tried; one that changes nothing, or that
 *   is overwritten by the next before anybody looked, is not tried.
 *
 * The answered operations are kept in the order of invocation, as the number of the first one missing (`low`) and a bit
 * set of those linearized ahead of it. The bit set is as wide as the concurrency, not as the history.
 */
import { assert } from '../../src/base/assert.js';
import type { Equivalence, Model } from './model.js';
import { Ladder, orderContradictsTime } from './ladder.js';
import { OpenList } from './open-list.js';
import type { Operation } from './operation.js';
import { SeenConfigurations } from './seen-configurations.js';

/** One operation of a linearization and the state after it. */
export interface LinearizedStep<State, Input, Result> {
  readonly operation: Operation<Input, Result>;
  readonly state: State;
}

export interface SearchResult<State, Input, Result> {
  readonly verdict: 'linearizable' | 'violation' | 'undecided';
  /** Work done, in calls of the model; at most the budget. */
  readonly steps: number;
  /**
   * The linearization, or the longest partial one that was found (by answered operations); its last one is answered. Empty when
   * the order that the answers tell contradicts real time, which needs no search.
   */
  readonly longest: readonly LinearizedStep<State, Input, Result>[];
  /** Operations that could come next in real time where `longest` ends, none of which fits. Empty if linearizable. */
  readonly stuck: readonly Operation<Input, Result>[];
}

interface Answered<Input, Result> {
  readonly operation: Operation<Input, Result>;
  readonly result: Result;
  readonly readOnly: boolean;
  readonly order: number | undefined;
}

interface Optional<Input, Result> {
  readonly operation: Operation<Input, Result>;
  /** Its bit in the set of used ones, and that of the previous one that is interchangeable with it (0 if there is none). */
  readonly bit: bigint;
  readonly twinBit: bigint;
  readonly overwrites: boolean;
}

interface Configuration<State> {
  /** Number of the first answered operation that is not linearized. */
  readonly low: number;
  /** Bit i: answered operation low + i is linearized. Bit 0 is clear. */
  readonly ahead: bigint;
  /** Bit i: optional operation i is linearized. */
  readonly used: bigint;
  readonly state: State;
  /** What was linearized last: an answered operation, an optional one, or nothing yet. */
  readonly last: { readonly type: 'answered' | 'optional'; readonly index: number } | undefined;
}

interface Frame<State> {
  readonly configuration: Configuration<State>;
  readonly successors: Iterator<Configuration<State>, void>;
}

/** Comparing a configuration with 16 that were seen takes about as long as a call of the model. */
const COMPARISONS_A_STEP_LOG2 = 4;

class OutOfBudget extends Error {
  override readonly name = 'OutOfBudget';
}

class Search<State, Input, Result> {
  private readonly model: Model<State, Input, Result>;
  private readonly equivalence: Equivalence<State, Input>;
  private readonly maxSteps: number;
  private readonly answered: Answered<Input, Result>[] = [];
  private readonly optional: Optional<Input, Result>[] = [];
  /** The answered operations not linearized, in the order of invocation. */
  private readonly open: OpenList;
  private readonly ladder: Ladder;
  private readonly seen: SeenConfigurations<State>;
  private readonly stack: Frame<State>[] = [];
  private steps = 0;
  private linearizedCount = 0;
  private longestCount = -1;
  private longest: Configuration<State>[] = [];

  constructor(model: Model<State, Input, Result>, operations: readonly Operation<Input, Result>[], maxSteps: number) {
    this.model = model;
    this.equivalence = model.equivalence(operations);
    this.seen = new SeenConfigurations((a, b) => this.equivalence.covers(a, b));
    this.maxSteps = maxSteps;
    const newestTwin = new Map<string, bigint>();
    for (const operation of [...operations].sort((a, b) => a.invokedAt - b.invokedAt)) {
      const { input, outcome } = operation;
      assert(
        outcome.type === 'unknown' || operation.returnedAt >= operation.invokedAt,
        'a return follows its invocation',
      );
      if (outcome.type === 'done') {
        const readOnly = model.isReadOnly(input, outcome.result);
        const order = model.order(input, outcome.result);
        this.answered.push({ operation, result: outcome.result, readOnly, order });
      } else if (outcome.type === 'unknown' && !model.isReadOnly(input, undefined)) {
        const key = this.equivalence.inputKey(input);
        const bit = 1n << BigInt(this.optional.length);
        const twinBit = newestTwin.get(key) ?? 0n;
        this.optional.push({ operation, bit, twinBit, overwrites: model.overwrites(input) });
        newestTwin.set(key, bit);
      }
    }
    this.ladder = new Ladder(this.answered.map(({ order }) => order));
    this.open = new OpenList(this.answered.length);
  }

  run(): SearchResult<State, Input, Result> {
    if (orderContradictsTime(this.answered)) return this.result('violation');
    try {
      return this.result(this.explore() ? 'linearizable' : 'violation');
    } catch (error) {
      if (error instanceof OutOfBudget) return this.result('undecided');
      throw error;
    }
  }

  /** Depth first. Leaves the stack at the linearization when it returns true. */
  private explore(): boolean {
    this.enter({ low: 0, ahead: 0n, used: 0n, state: this.model.initial, last: undefined });
    for (;;) {
      if (this.linearizedCount === this.answered.length) return true;
      const frame = this.stack.at(-1);
      if (frame === undefined) return false;
      const successor = frame.successors.next();
      if (successor.done === true) this.leave(frame.configuration);
      else if (this.isNew(successor.value)) this.enter(successor.value);
    }
  }

  private enter(configuration: Configuration<State>): void {
    if (configuration.last?.type === 'answered') this.take(configuration.last.index);
    this.stack.push({ configuration, successors: this.successorsOf(configuration) });
  }

  private leave(configuration: Configuration<State>): void {
    this.keepLongest();
    this.stack.pop();
    if (configuration.last?.type === 'answered') this.putBack(configuration.last.index);
  }

  /** Called before each step back, so that the copy is made once a climb and not once a step. */
  private keepLongest(): void {
    if (this.linearizedCount <= this.longestCount) return;
    this.longestCount = this.linearizedCount;
    this.longest = this.stack.map((frame) => frame.configuration);
  }

  private take(index: number): void {
    this.open.take(index);
    this.ladder.take(index);
    this.linearizedCount++;
  }

  private putBack(index: number): void {
    this.open.putBack(index);
    this.ladder.putBack(index);
    this.linearizedCount--;
  }

  /**
   * What may be linearized next. Lazy: the list of answered operations changes below a suspended iterator, but is as it
   * was whenever the iterator is resumed.
   */
  private *successorsOf(from: Configuration<State>): Generator<Configuration<State>, void> {
    const { candidates, earliestReturn } = this.candidates();
    for (const index of candidates) {
      if (!this.answeredAt(index).readOnly) continue;
      for (const state of this.stepAnswered(from.state, index)) {
        if (!this.allowsAll(state, from.state)) continue;
        yield this.withAnswered(from, index, state);
        return;
      }
    }
    for (const index of candidates) {
      for (const state of this.stepAnswered(from.state, index)) yield this.withAnswered(from, index, state);
    }
    yield* this.optionalSuccessorsOf(from, earliestReturn);
  }

  private *optionalSuccessorsOf(
    from: Configuration<State>,
    earliestReturn: number,
  ): Generator<Configuration<State>, void> {
    for (const [index, { operation, bit, twinBit, overwrites }] of this.optional.entries()) {
      if (operation.invokedAt > earliestReturn) return;
      if ((from.used & bit) !== 0n || (from.used & twinBit) !== twinBit) continue;
      if (overwrites && from.last?.type === 'optional') continue;
      for (const state of this.step(from.state, operation.input, undefined)) {
        if (this.allowsAll(from.state, state)) continue;
        yield { ...from, used: from.used | bit, state, last: { type: 'optional', index } };
      }
    }
  }

  /** Answered operations that no other one left precedes in real time or in the order of the model, earliest return first: the likeliest order of taking effect. */
  private candidates(): { readonly candidates: readonly number[]; readonly earliestReturn: number } {
    const candidates: number[] = [];
    let earliestReturn = Infinity;
    for (let index = this.open.first(); index !== this.open.count; index = this.open.after(index)) {
      const { invokedAt, returnedAt } = this.answeredAt(index).operation;
      if (invokedAt > earliestReturn) break;
      if (this.ladder.allows(index)) candidates.push(index);
      earliestReturn = Math.min(earliestReturn, returnedAt);
    }
    candidates.sort((a, b) => this.answeredAt(a).operation.returnedAt - this.answeredAt(b).operation.returnedAt);
    return { candidates, earliestReturn };
  }

  private answeredAt(index: number): Answered<Input, Result> {
    return this.answered[index] as Answered<Input, Result>;
  }

  private stepAnswered(state: State, index: number): readonly State[] {
    const { operation, result } = this.answeredAt(index);
    return this.step(state, operation.input, result);
  }

  private step(state: State, input: Input, result: Result | undefined): readonly State[] {
    this.spend(1);
    return this.model.step(state, input, result).map((next) => this.equivalence.shorten(next));
  }

  private spend(steps: number): void {
    if (this.steps + steps > this.maxSteps) throw new OutOfBudget();
    this.steps += steps;
  }

  private withAnswered(from: Configuration<State>, index: number, state: State): Configuration<State> {
    let low = from.low;
    let ahead = from.ahead | (1n << BigInt(index - low));
    while ((ahead & 1n) === 1n) {
      ahead >>= 1n;
      low++;
    }
    return { low, ahead, used: from.used, state, last: { type: 'answered', index } };
  }

  private allowsAll(a: State, b: State): boolean {
    return this.equivalence.stateKey(a) === this.equivalence.stateKey(b) && this.equivalence.covers(a, b);
  }

  /** Remembers the configuration, unless one that allows at least as much was seen before. */
  private isNew({ low, ahead, used, state }: Configuration<State>): boolean {
    const key = `${low}/${ahead.toString(16)}/${this.equivalence.stateKey(state)}`;
    this.spend(this.seen.countUnder(key) >>> COMPARISONS_A_STEP_LOG2);
    return this.seen.add(key, { used, state });
  }

  private result(verdict: 'linearizable' | 'violation' | 'undecided'): SearchResult<State, Input, Result> {
    this.keepLongest();
    const longest: LinearizedStep<State, Input, Result>[] = [];
    const lastAnswered = this.longest.findLastIndex(({ last }) => last?.type === 'answered');
    for (const { last, state } of this.longest.slice(0, lastAnswered + 1)) {
      if (last === undefined) continue;
      const { operation } = last.type === 'answered' ? this.answeredAt(last.index) : this.optionalAt(last.index);
      longest.push({ operation, state });
    }
    return { verdict, steps: this.steps, longest, stuck: verdict === 'linearizable' ? [] : this.stuckAfter(longest) };
  }

  private optionalAt(index: number): Optional<Input, Result> {
    return this.optional[index] as Optional<Input, Result>;
  }

  private stuckAfter(longest: readonly LinearizedStep<State, Input, Result>[]): Operation<Input, Result>[] {
    const linearized = new Set(longest.map((step) => step.operation));
    const left = this.answered.map(({ operation }) => operation).filter((operation) => !linearized.has(operation));
    const earliestReturn = left.reduce((earliest, { returnedAt }) => Math.min(earliest, returnedAt), Infinity);
    return left.filter(({ invokedAt }) => invokedAt <= earliestReturn);
  }
}

/**
 * Whether the operations of one key have a linearization.
 * @param operations all of one key, in any order; those that were not done are left out
 * @param maxSteps calls of the model after which the verdict is `undecided`; at least 1
 */
export function searchLinearization<State, Input, Result>(
  model: Model<State, Input, Result>,
  operations: readonly Operation<Input, Result>[],
  maxSteps: number,
): SearchResult<State, Input, Result> {
  return new Search(model, operations, maxSteps).run();
}
