import { expect, test } from 'vitest';
import {
  checkEccTimings,
  DEFAULT_ECC_TIMINGS,
  quietAfterElectionMs,
  withDrift,
  type EccTimings,
} from '../../src/cluster/ecc-timings.js';

test('the defaults can be used', () => {
  expect(checkEccTimings(DEFAULT_ECC_TIMINGS)).toBeUndefined();
});

test.each<[Partial<EccTimings>, RegExp]>([
  [{ heartbeatMs: 0 }, /heartbeatMs \(0\) must be at least 1/],
  [{ heartbeatMs: 0.5 }, /heartbeatMs \(0.5\) must be a whole number/],
  [{ driftPercent: 51 }, /driftPercent \(51\) must be at most 50/],
  [{ leaseMs: 299 }, /leaseMs \(299\) must be at least three heartbeats/],
  [{ minElectionTimeoutMs: 199 }, /election timeout \(199 ms\) must be at least two heartbeats/],
  [{ heartbeatTimeoutMs: 550 }, /heartbeatTimeoutMs \(550\) must be above leaseMs with drift \(550 ms\)/],
  [{ linkTimeoutMs: 700 }, /linkTimeoutMs \(700\) must be above heartbeatTimeoutMs/],
])('%o is refused with the relation that it breaks', (changed, reason) => {
  const refusal = checkEccTimings({ ...DEFAULT_ECC_TIMINGS, ...changed });
  expect(refusal?.code).toBe('CONFIG_INVALID');
  expect(refusal?.message).toMatch(reason);
});

test('a new leader waits for an election timeout and a lease, with drift', () => {
  expect(withDrift(DEFAULT_ECC_TIMINGS, 500)).toBe(550);
  expect(quietAfterElectionMs(DEFAULT_ECC_TIMINGS)).toBe(880);
});
