import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { measureEventLoopDelay } from '../../../src/adapters/metrics/event-loop-delay.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('counts how late each timer fires, in seconds, until it is ended', () => {
  const observed: number[] = [];
  let nowMs = 1_000;
  const end = measureEventLoopDelay({ observe: (value) => observed.push(value) }, () => nowMs);
  nowMs = 1_100;
  vi.advanceTimersByTime(100);
  nowMs = 1_450;
  vi.advanceTimersByTime(100);
  // Counted from the late one: this one is on time.
  nowMs = 1_550;
  vi.advanceTimersByTime(100);
  end();
  vi.advanceTimersByTime(1_000);
  expect(observed).toEqual([0, 0.25, 0]);
});
