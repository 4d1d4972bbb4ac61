import { beforeEach, expect, test } from 'vitest';
import { PendingRequests, type PendingRequest } from '../../../src/actors/data/pending.js';
import { DcacheError } from '../../../src/base/errors.js';
import { LIMITS } from '../../../src/base/limits.js';
import type { KvReply, KvRequest } from '../../../src/store/requests.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const GET: KvRequest = { type: 'get', key: Uint8Array.of(1) };
const MISS: KvReply = { type: 'get', value: null, version: 0 };
const TOO_LATE = new DcacheError('DEADLINE_EXCEEDED', 'too late');

let scheduler: VirtualScheduler;
let requests: PendingRequests;
let routed: PendingRequest[];
beforeEach(() => {
  scheduler = new VirtualScheduler();
  requests = new PendingRequests(scheduler, () => TOO_LATE);
  routed = [];
});

const accept = (request: KvRequest = GET, timeoutMs = 1_000): Promise<KvReply> =>
  requests.accept(request, timeoutMs, false, (pending) => routed.push(pending));

/** What has become of a promise so far. */
function watch(promise: Promise<unknown>): { outcome: unknown } {
  const watched: { outcome: unknown } = { outcome: 'open' };
  promise.then(
    (value) => (watched.outcome = value),
    (error: unknown) => (watched.outcome = error),
  );
  return watched;
}

test('a request is routed at once, counted while it is under way, and answered', async () => {
  const reply = accept();
  expect([routed.length, requests.count, requests.bytes]).toEqual([1, 1, 1]);
  routed[0]?.done(MISS);
  expect(await reply).toEqual(MISS);
  expect([requests.count, requests.bytes]).toEqual([0, 0]);
});

test('only the first settlement counts', async () => {
  const reply = accept();
  routed[0]?.failed(TOO_LATE);
  routed[0]?.done(MISS);
  await expect(reply).rejects.toBe(TOO_LATE);
  expect(requests.count).toBe(0);
});

test('no request stays beyond its deadline', async () => {
  const [short, long] = [watch(accept(GET, 100)), watch(accept(GET, 300))];
  await scheduler.advance(90);
  expect([short.outcome, long.outcome]).toEqual(['open', 'open']);
  await scheduler.advance(40);
  expect([short.outcome, long.outcome]).toEqual([TOO_LATE, 'open']);
  await scheduler.advance(200);
  expect(long.outcome).toBe(TOO_LATE);
});

test('one request more than the limit is refused, and accepted again when one is answered', async () => {
  const replies = Array.from({ length: LIMITS.maxRequestsInFlight }, () => accept());
  await expect(accept()).rejects.toMatchObject({ code: 'OVERLOADED', outcome: 'not-done' });
  routed[0]?.done(MISS);
  await replies[0];
  replies.push(accept());
  expect(requests.count).toBe(LIMITS.maxRequestsInFlight);
  requests.failAll(() => TOO_LATE);
  await Promise.allSettled(replies);
});

test('bytes are bounded as well as numbers', async () => {
  const large: KvRequest = { type: 'append', key: Uint8Array.of(1), value: new Uint8Array(LIMITS.maxValueBytes) };
  const fitting = Math.floor(LIMITS.maxRequestBytesInFlight / (LIMITS.maxValueBytes + 1));
  const replies = Array.from({ length: fitting }, () => accept(large));
  await expect(accept(large)).rejects.toMatchObject({ code: 'OVERLOADED' });
  expect(requests.count).toBe(fitting);
  requests.failAll(() => TOO_LATE);
  await Promise.allSettled(replies);
});

test('is drained when the last request is settled, at once when there is none', async () => {
  await requests.drained();
  const replies = [accept(), accept()];
  const drained = watch(requests.drained());
  routed[0]?.done(MISS);
  await scheduler.settle();
  expect(drained.outcome).toBe('open');
  routed[1]?.done(MISS);
  await scheduler.settle();
  expect(drained.outcome).toBeUndefined();
  await Promise.all(replies);
});
