import { expect, test } from 'vitest';
import { LIMITS } from '../../src/base/limits.js';
import { TransferWindow } from '../../src/replication/transfer-window.js';

const SEGMENT_BYTES = 256 * 1024;

test('the window of a transfer grows to its limit while segments are taken in soon', () => {
  const window = new TransferWindow();
  expect(window.bytes).toBe(SEGMENT_BYTES);
  for (let i = 0; i < 100; i++) window.onTaken(SEGMENT_BYTES, 10);
  expect(window.bytes).toBe(LIMITS.maxTransferBytes);
});

test('and halves when they are not, down to one segment', () => {
  const window = new TransferWindow();
  for (let i = 0; i < 100; i++) window.onTaken(SEGMENT_BYTES, 10);
  window.onTaken(SEGMENT_BYTES, 900);
  expect(window.bytes).toBe(LIMITS.maxTransferBytes / 2);
  for (let i = 0; i < 100; i++) window.onTaken(SEGMENT_BYTES, 900);
  expect(window.bytes).toBe(SEGMENT_BYTES);
});
