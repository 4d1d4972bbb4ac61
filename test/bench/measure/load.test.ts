import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { closedLoop, openLoop } from '../../../src/bench/measure/load.js';

/** A server that answers after 1 ms, but nobody from `stallsAtMs` to `stallsUntilMs`. */
function stallingServer(stallsAtMs: number, stallsUntilMs: number): () => Promise<void> {
  return () => {
    const nowMs = performance.now();
    const readyMs = nowMs >= stallsAtMs && nowMs < stallsUntilMs ? stallsUntilMs : nowMs;
    return new Promise((resolve) => setTimeout(resolve, readyMs - nowMs + 1));
  };
}

describe('load', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  async function latenciesUnder(run: (send: (dueMs: number) => Promise<void>) => Promise<void>): Promise<number[]> {
    const latencies: number[] = [];
    const answer = stallingServer(400, 900);
    const done = run(async (dueMs) => {
      await answer();
      latencies.push(performance.now() - dueMs);
    });
    await vi.advanceTimersByTimeAsync(3_000);
    await done;
    return latencies;
  }

  it('of the closed loop hides a stall: one late answer a client', async () => {
    const latencies = await latenciesUnder((send) => closedLoop(4, { endsAtMs: performance.now() + 1000 }, send));
    expect(latencies.filter((ms) => ms > 100)).toHaveLength(4);
  });

  it('of the open loop shows a stall to everybody who would have come meanwhile', async () => {
    const latencies = await latenciesUnder((send) =>
      openLoop(100, performance.now(), { endsAtMs: performance.now() + 1000 }, send),
    );
    expect(latencies).toHaveLength(100);
    // Those due in the 400 ms before the last 100 ms of the stall.
    expect(latencies.filter((ms) => ms > 100).length).toBeGreaterThanOrEqual(39);
    expect(Math.max(...latencies)).toBeGreaterThanOrEqual(490);
  });

  it('of the open loop counts from when a request was due, when the sender is late itself', async () => {
    const dues: number[] = [];
    const done = openLoop(1000, performance.now(), { endsAtMs: performance.now() + 100 }, (dueMs) => {
      dues.push(dueMs);
      return Promise.resolve();
    });
    await vi.advanceTimersByTimeAsync(1_000);
    await done;
    expect(dues).toHaveLength(100);
    dues.forEach((dueMs, i) => expect(dueMs - (dues[0] ?? 0)).toBeCloseTo(i));
  });

  it.each([
    [
      'closed',
      (signal: AbortSignal, send: () => Promise<void>) =>
        closedLoop(2, { endsAtMs: performance.now() + 60_000, signal }, send),
    ],
    [
      'open',
      (signal: AbortSignal, send: () => Promise<void>) =>
        openLoop(100, performance.now(), { endsAtMs: performance.now() + 60_000, signal }, send),
    ],
  ])('of the %s loop ends when it is asked to', async (_, run) => {
    const controller = new AbortController();
    let sent = 0;
    const done = run(controller.signal, () => {
      sent++;
      return new Promise((resolve) => setTimeout(resolve, 10));
    });
    await vi.advanceTimersByTimeAsync(100);
    controller.abort();
    await vi.advanceTimersByTimeAsync(1_000);
    await done;
    expect(sent).toBeGreaterThan(5);
    expect(sent).toBeLessThan(30);
  });
});
