/**
 * The plain second checker, for histories of a handful of operations: every order of every choice of the operations,
 * tried against the definition. Shares nothing with the search but the model.
 */
import type { Model } from './model.js';
import type { Operation } from './operation.js';

/** Whether some order of all answered and some unknown operations respects real time and the model. One key only. */
export function isLinearizableByBruteForce<State, Input, Result>(
  model: Model<State, Input, Result>,
  operations: readonly Operation<Input, Result>[],
): boolean {
  const extend = (order: readonly Operation<Input, Result>[], state: State): boolean => {
    const rest = operations.filter((operation) => operation.outcome.type !== 'not-done' && !order.includes(operation));
    if (rest.every((operation) => operation.outcome.type === 'unknown')) return true;
    return rest.some((next) => {
      if (rest.some((other) => other.returnedAt < next.invokedAt)) return false;
      const result = next.outcome.type === 'done' ? next.outcome.result : undefined;
      return model.step(state, next.input, result).some((after) => extend([...order, next], after));
    });
  };
  return extend([], model.initial);
}
