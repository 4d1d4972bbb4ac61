/**
 * Measures how late timers fire on this thread, all the time and cheaply: ten times a second. What it counts says whether
 * anything holds the event loop, and with it heartbeats and requests.
 */
import type { Histogram } from '../../base/metrics.js';

const PERIOD_MS = 100;

/** Begins to measure into `histogram`, in seconds. Does not keep the process alive. @returns a function that ends it */
export function measureEventLoopDelay(histogram: Histogram, now: () => number = () => performance.now()): () => void {
  let dueMs = now() + PERIOD_MS;
  const timer = setInterval(() => {
    const firedMs = now();
    histogram.observe(Math.max(0, firedMs - dueMs) / 1000);
    // Node counts the next period from now on, also after a late one.
    dueMs = firedMs + PERIOD_MS;
  }, PERIOD_MS);
  timer.unref();
  return () => clearInterval(timer);
}
