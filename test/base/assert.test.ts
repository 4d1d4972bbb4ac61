import { expect, test } from 'vitest';
import { InvariantViolation, assert, assertNever } from '../../src/base/assert.js';

test('assert passes on what holds and throws InvariantViolation on what does not', () => {
  expect(() => assert(true, 'holds')).not.toThrow();
  expect(() => assert(false, 'commit never goes back')).toThrow(new InvariantViolation('commit never goes back'));
});

test('assertNever names what was not handled', () => {
  expect(() => assertNever({ type: 'new' } as never, 'message')).toThrow('unhandled message: {"type":"new"}');
});
