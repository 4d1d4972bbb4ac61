import { expect, test } from 'vitest';
import {
  encodeContactContext,
  encodeReadContext,
  sequenceOfContactContext,
  ticketOfReadContext,
} from '../../../src/actors/control/read-context.js';

test('a read and a question to the quorum are never taken for each other', () => {
  expect(ticketOfReadContext(encodeContactContext(7, 3, 12), 7)).toBeUndefined();
  expect(sequenceOfContactContext(encodeReadContext(7, 12), 7, 3)).toBeUndefined();
});

test('a question is known by its life and its leadership', () => {
  const context = encodeContactContext(2 ** 48 - 1, 3, 12);
  expect(sequenceOfContactContext(context, 2 ** 48 - 1, 3)).toBe(12);
  expect(sequenceOfContactContext(context, 2 ** 48 - 2, 3)).toBeUndefined();
  expect(sequenceOfContactContext(context, 2 ** 48 - 1, 4)).toBeUndefined();
});
