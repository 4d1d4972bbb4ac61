import { expect, test } from 'vitest';
import { LookAgain } from '../../../src/actors/data/look-again.js';
import { PendingRequest } from '../../../src/actors/data/pending.js';

const ignore = (): void => undefined;
const newPending = (): PendingRequest =>
  new PendingRequest({
    ...{ request: { type: 'count' }, forwarded: false, timeoutMs: 1_000, deadlineMs: 1_000 },
    ...{ resolve: ignore, reject: ignore, onSettled: ignore },
  });

test('a request looks again soon, and then less and less often, each by its own count', () => {
  const lookAgain = new LookAgain(20);
  const [first, second] = [newPending(), newPending()];
  expect(Array.from({ length: 6 }, () => lookAgain.waitMs(first))).toEqual([2, 4, 8, 16, 20, 20]);
  expect(lookAgain.waitMs(second)).toBe(2);
});
