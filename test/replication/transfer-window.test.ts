import { expect, test } from 'vitest';
import { LIMITS } from '../../src/base/limits.js';
import { TransferWindow } from '../../src/replication/transfer-window.js';

const SEGMENT_BYTES = 256 * 1024;

/** Round trips in which the window is filled, and all of it taken in `tookMs` after it went out. */
function roundTrips(window: TransferWindow, count: number, tookMs: number, fromMs = 0): number {
  let nowMs = fromMs;
  for (let i = 0; i < count; i++) {
    let sent = 0;
    for (; window.hasRoom; sent++) window.onCut(SEGMENT_BYTES);
    for (; sent > 0; sent--) window.onTaken(SEGMENT_BYTES, nowMs, nowMs + tookMs);
    nowMs += tookMs;
  }
  return nowMs;
}

test('the window of a learner grows to its limit within a few round trips while segments are taken in soon', () => {
  const window = new TransferWindow();
  roundTrips(window, 6, 40);
  expect(window.bytes).toBe(LIMITS.maxTransferBytes);
});

test('it has room for one more segment than fits at most', () => {
  const window = new TransferWindow();
  roundTrips(window, 6, 40);
  for (let sent = 0; window.hasRoom; sent += SEGMENT_BYTES) {
    expect(sent).toBeLessThan(LIMITS.maxTransferBytes);
    window.onCut(SEGMENT_BYTES);
  }
});

test('segments that are late together make it smaller once, in proportion', () => {
  const window = new TransferWindow();
  const atMs = roundTrips(window, 6, 40);
  roundTrips(window, 1, 450, atMs);
  expect(window.bytes).toBeCloseTo(LIMITS.maxTransferBytes / 1.5, 0);
});

test('and at most to a half, however late they are', () => {
  const window = new TransferWindow();
  const atMs = roundTrips(window, 6, 40);
  roundTrips(window, 1, 60_000, atMs);
  expect(window.bytes).toBe(LIMITS.maxTransferBytes / 2);
});

test('it never gets smaller than one of the largest segments', () => {
  const window = new TransferWindow();
  roundTrips(window, 20, 5_000);
  expect(window.bytes).toBe(SEGMENT_BYTES);
  expect(window.hasRoom).toBe(true);
});

test('where the way takes its time, so much is under way that it is neither idle nor late', () => {
  const window = new TransferWindow();
  const bytesPerMs = 10_000;
  const underWay: number[] = [];
  const waits: number[] = [];
  let nowMs = 0;
  for (let i = 0; i < 1_000; i++) {
    while (window.hasRoom) {
      window.onCut(SEGMENT_BYTES);
      underWay.push(nowMs);
    }
    // One after the other, as the learner takes them in.
    nowMs += SEGMENT_BYTES / bytesPerMs;
    const sentAtMs = underWay.shift() ?? nowMs;
    window.onTaken(SEGMENT_BYTES, sentAtMs, nowMs);
    waits.push(nowMs - sentAtMs);
  }
  const settled = waits.slice(100);
  expect(Math.max(...settled)).toBeLessThan(350);
  expect(Math.min(...settled)).toBeGreaterThan(100);
});
