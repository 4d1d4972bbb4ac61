import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BatchPacer, HOLD_MS } from '../../../src/adapters/grpc/batch-pacer.js';

let due: number;
let pacer: BatchPacer;
beforeEach(() => {
  vi.useFakeTimers();
  due = 0;
  pacer = new BatchPacer(() => due++);
});
afterEach(() => vi.useRealTimers());

function send(requests: number): number[] {
  pacer.beginBatch();
  return Array.from({ length: requests }, () => pacer.add());
}

test('the first request leaves at once, and one of another turn while it is under way', () => {
  expect(pacer.mayLeave(1)).toBe(true);
  send(1);
  expect(pacer.mayLeave(1)).toBe(true);
});

test('fewer than are unanswered wait until as many are answered', () => {
  const batch = send(4);
  expect(pacer.mayLeave(2)).toBe(false);
  for (const number of batch.slice(0, 2)) pacer.onSettled(number);
  expect(pacer.mayLeave(2)).toBe(true);
});

test('nobody waits longer than the limit, and is told of it once', () => {
  send(4);
  expect([pacer.mayLeave(1), pacer.mayLeave(2)]).toEqual([false, false]);
  vi.advanceTimersByTime(HOLD_MS - 1);
  expect(due).toBe(0);
  vi.advanceTimersByTime(HOLD_MS);
  expect(due).toBe(1);
});

test('slow requests of earlier batches hold nobody up', () => {
  send(100);
  const [quick = 0] = send(1);
  expect(pacer.mayLeave(1)).toBe(true);
  pacer.onSettled(quick);
  pacer.onSettled(1); // one of the slow ones
  expect(pacer.mayLeave(1)).toBe(true);
});
