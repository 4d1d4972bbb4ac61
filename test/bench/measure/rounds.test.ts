import { describe, expect, it } from 'vitest';
import { measureRounds, type Scenario } from '../../../src/bench/measure/rounds.js';

/** A system that answers at once and needs 2 ms of processor time for each request. */
function system(name: string, order: string[]): Scenario {
  let cpuSeconds = 0;
  return {
    system: name,
    operation: 'get',
    inFlight: 2,
    cpuSeconds: () => cpuSeconds,
    send: () => {
      cpuSeconds += 0.002;
      if (order.at(-1) !== name) order.push(name);
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('rounds', () => {
  it('of several systems take turns, after each has been warmed up', async () => {
    const order: string[] = [];
    const announced: string[] = [];
    const scenarios = [system('a', order), system('b', order)];
    const results = await measureRounds(scenarios, { rounds: 3, roundMs: 5 }, (round, { system: name }) =>
      announced.push(`${round}${name}`),
    );
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']);
    expect(announced).toEqual(['1a', '1b', '2a', '2b', '3a', '3b']);
    for (const { rounds, perSecond, cpuSecondsPerMillion } of results) {
      expect(rounds).toHaveLength(3);
      expect(perSecond).toBeGreaterThan(0);
      expect(cpuSecondsPerMillion).toBeCloseTo(2000);
      for (const round of rounds) expect(round.cpuSecondsPerMillion).toBeCloseTo(2000);
    }
  });

  it('end with the first request that fails, and when they are asked to', async () => {
    const failing: Scenario = { ...system('a', []), send: () => Promise.reject(new Error('gone')) };
    await expect(measureRounds([failing], { rounds: 1, roundMs: 5 }, () => undefined)).rejects.toThrow('gone');
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(measureRounds([system('a', [])], { rounds: 1, roundMs: 5, signal }, () => undefined)).rejects.toThrow(
      'enough',
    );
  });
});
