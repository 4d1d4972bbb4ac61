import { describe, expect, it } from 'vitest';
import { RunRecorder } from '../../../src/bench/measure/run-recorder.js';

const PART = { beginsAtMs: 1000, durationMs: 300, windowMs: 100 };

describe('the record of a run', () => {
  it('leaves out what was due in the warm-up', () => {
    const recorder = new RunRecorder(PART);
    recorder.answered('get', 999, 1001, 0);
    recorder.failed('set', 999, 1001, 'OVERLOADED');
    const { total, byOperation } = recorder.figures();
    expect(total).toMatchObject({ answered: 0, perSecond: 0, failed: {} });
    expect(byOperation).toEqual({});
  });

  it('tells windows by when answers came, kinds apart and together', () => {
    const recorder = new RunRecorder(PART);
    recorder.answered('get', 1000, 1010, 0);
    recorder.answered('set', 1000, 1020, 0);
    recorder.answered('get', 1050, 1150, 1);
    recorder.failed('set', 1100, 1160, 'OUTCOME_UNKNOWN');
    recorder.answered('get', 1280, 1320, 0); // after the end: its latency counts, its answer is not of the measured part
    const { total, byOperation, timeline } = recorder.figures();
    expect(timeline.map(({ atMs, answered, failed }) => [atMs, answered, failed])).toEqual([
      [0, 2, 0],
      [100, 1, 1],
      [200, 0, 0],
    ]);
    expect(timeline[0]?.maxMs).toBeCloseTo(20, 1);
    expect(timeline[1]?.p50Ms).toBeCloseTo(100, 0);
    expect(total).toMatchObject({ answered: 4, perSecond: 10, missing: 1, failed: { OUTCOME_UNKNOWN: 1 } });
    expect(byOperation.get).toMatchObject({ answered: 3, missing: 1, failed: {} });
    expect(byOperation.set).toMatchObject({ answered: 1, failed: { OUTCOME_UNKNOWN: 1 } });
    expect(total.latency.maxMs).toBeCloseTo(100, 0);
    expect(total.latency.curve.at(-1)?.[0]).toBe(100);
  });

  it('knows the longest time without an answer, at the beginning, between and at the end', () => {
    const stall = (answersMs: readonly number[]): [atMs: number, ms: number] => {
      const recorder = new RunRecorder(PART);
      for (const nowMs of answersMs) recorder.answered('get', nowMs, nowMs, 0);
      const { longestStallAtMs, longestStallMs } = recorder.figures();
      return [longestStallAtMs, longestStallMs];
    };
    expect(stall([])).toEqual([0, 300]);
    expect(stall([1120, 1200, 1290])).toEqual([0, 120]);
    expect(stall([1010, 1170, 1290])).toEqual([10, 160]);
    expect(stall([1010, 1020, 1030])).toEqual([30, 270]);
  });
});
