/** One register that is read, written and compared-and-set; null at the start. The model of Jepsen's etcd histories. */
import { assertNever, InvariantViolation } from '../../src/base/assert.js';
import type { Model } from './model.js';

export type RegisterValue = number | null;

export type RegisterInput =
  | { readonly type: 'read' }
  | { readonly type: 'write'; readonly value: RegisterValue }
  | { readonly type: 'cas'; readonly from: RegisterValue; readonly to: RegisterValue };

export type RegisterResult =
  | { readonly type: 'read'; readonly value: RegisterValue }
  | { readonly type: 'write' }
  /** `matched` is false when the register definitely did not hold `from`. */
  | { readonly type: 'cas'; readonly matched: boolean };

function step(
  state: RegisterValue,
  input: RegisterInput,
  result: RegisterResult | undefined,
): readonly RegisterValue[] {
  if (result !== undefined && result.type !== input.type) {
    throw new InvariantViolation(`a ${input.type} cannot have the result of a ${result.type}`);
  }
  switch (input.type) {
    case 'read':
      return result?.type !== 'read' || result.value === state ? [state] : [];
    case 'write':
      return [input.value];
    case 'cas': {
      const matches = state === input.from;
      if (result?.type === 'cas' && result.matched !== matches) return [];
      return [matches ? input.to : state];
    }
    default:
      return assertNever(input, 'register operation');
  }
}

const show = (value: RegisterValue): string => (value === null ? 'nil' : String(value));

export const registerModel: Model<RegisterValue, RegisterInput, RegisterResult> = {
  initial: null,
  step,
  order: () => undefined,
  equivalence: () => ({
    stateKey: show,
    shorten: (state) => state,
    covers: (a, b) => a === b,
    inputKey: JSON.stringify,
  }),
  isReadOnly: (input, result) => input.type === 'read' || (result?.type === 'cas' && !result.matched),
  overwrites: (input) => input.type === 'write',
  describe(input, result) {
    switch (input.type) {
      case 'read':
        return `read → ${result?.type === 'read' ? show(result.value) : '?'}`;
      case 'write':
        return `write ${show(input.value)}${result === undefined ? ' → ?' : ''}`;
      case 'cas': {
        const outcome = result?.type === 'cas' ? (result.matched ? 'ok' : 'no match') : '?';
        return `cas ${show(input.from)}→${show(input.to)} → ${outcome}`;
      }
      default:
        return assertNever(input, 'register operation');
    }
  },
  describeState: (state) => show(state),
};
