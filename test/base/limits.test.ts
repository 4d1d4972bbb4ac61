import { expect, test } from 'vitest';
import { LIMITS } from '../../src/base/limits.js';

test.each(Object.entries(LIMITS))('%s is a positive whole number', (_name, limit) => {
  expect(Number.isSafeInteger(limit) && limit > 0).toBe(true);
});

test('the largest key with the largest value passes every place between client and log', () => {
  const largest = LIMITS.maxKeyBytes + LIMITS.maxValueBytes;
  const places = [
    LIMITS.maxClientMessageBytes,
    LIMITS.maxPeerMessageBytes,
    LIMITS.maxRequestBytesInFlight,
    LIMITS.maxMailboxBytes,
    LIMITS.maxUncommittedBytes,
  ];
  for (const place of places) expect(place).toBeGreaterThan(largest);
});

test('requests in flight on one node fit a mailbox', () => {
  expect(LIMITS.maxRequestsInFlight).toBeLessThanOrEqual(LIMITS.maxMailboxMessages);
});
