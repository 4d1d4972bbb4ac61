import { expect, test } from 'vitest';
import { Mailbox, weighBuffers } from '../../../src/actors/runtime/mailbox.js';

const overhead = (): number => {
  const mailbox = new Mailbox('probe', 1, 10_000);
  return mailbox.admit(0);
};

test('counts messages and bytes in and out', () => {
  const mailbox = new Mailbox('probe', 3, 10_000);
  const weights = [mailbox.admit(100), mailbox.admit(200)];
  expect([mailbox.pendingMessages, mailbox.pendingBytes]).toEqual([2, 300 + 2 * overhead()]);
  for (const weight of weights) mailbox.release(weight);
  expect([mailbox.pendingMessages, mailbox.pendingBytes]).toEqual([0, 0]);
});

test('is full when one more message, or one more byte, would pass its limit', () => {
  const few = new Mailbox('few', 1, 10_000);
  few.admit(0);
  expect(() => few.admit(0)).toThrow(/few is full: 1 messages/);
  const small = new Mailbox('small', 100, 1_000);
  small.admit(1_000 - overhead() * 2);
  expect(() => small.admit(1)).toThrow(/small is full: .* limit of 1000 bytes/);
  small.admit(0);
  expect(small.pendingBytes).toBe(1_000);
});

test('small messages count, so that their number is bounded by bytes too', () => {
  expect(overhead()).toBeGreaterThan(0);
});

test('weighs byte arrays and text, also in lists of objects', () => {
  const bytes = new Uint8Array(10);
  expect(weighBuffers('m', [bytes, bytes.buffer, 'ab', 7, null, undefined])).toBe(24);
  expect(weighBuffers('m', [[bytes, bytes], { value: bytes, key: 'k', count: 1 }])).toBe(32);
  expect(weighBuffers('m', [[{ data: bytes }, { data: bytes }]])).toBe(20);
});
