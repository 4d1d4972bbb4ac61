import { expect, test } from 'vitest';
import { RefillPause } from '../../src/recovery/refill-pause.js';

test('pauses get longer with every attempt in vain, up to a minute, and begin anew when all is in sync', () => {
  const pause = new RefillPause();
  let nowMs = 1_000;
  const lengths: number[] = [];
  for (let attempt = 0; attempt < 8; attempt++) {
    expect(pause.isPaused(nowMs)).toBe(false);
    const pauseMs = pause.onLack(nowMs) ?? 0;
    lengths.push(pauseMs);
    expect(pause.isPaused(nowMs + pauseMs - 1)).toBe(true);
    expect(pause.leftMs(nowMs + 500)).toBe(pauseMs - 500);
    expect(pause.onLack(nowMs + pauseMs - 1)).toBeUndefined();
    nowMs += pauseMs;
  }
  expect(lengths).toEqual([2, 4, 8, 16, 32, 64, 64, 64].map((s) => s * 1_000));
  pause.onInSync();
  expect(pause.leftMs(nowMs)).toBe(0);
  expect(pause.onLack(nowMs)).toBe(2_000);
});
