import { expect, test } from 'vitest';
import type { Incarnation } from '../../src/base/ids.js';
import type { HeartbeatReply } from '../../src/cluster/heartbeat.js';
import { LeaseHolder } from '../../src/cluster/lease-holder.js';

const SELF = 7 as Incarnation;
const reply = (sequence: number, changed: Partial<HeartbeatReply> = {}): HeartbeatReply => ({
  incarnation: SELF,
  sequence,
  term: 1,
  leaseMs: 500,
  mapIndex: 3,
  letGo: [],
  handOver: [],
  leaveRefused: false,
  troubles: [],
  ...changed,
});

test('heartbeats are counted from 1', () => {
  const holder = new LeaseHolder(SELF);
  expect([holder.begin(0), holder.begin(100), holder.begin(200)]).toEqual([1, 2, 3]);
});

test('a lease counts from when its heartbeat was sent', () => {
  const holder = new LeaseHolder(SELF);
  holder.begin(1_000);
  holder.begin(1_100);
  expect(holder.onReply(reply(1))).toEqual({ leaseEndMs: 1_500, mapIndex: 3 });
  expect(holder.grant).toEqual({ leaseEndMs: 1_500, mapIndex: 3 });
});

test('without a reply there is no lease', () => {
  expect(new LeaseHolder(SELF).grant.leaseEndMs).toBe(Number.NEGATIVE_INFINITY);
});

test('a reply to an older heartbeat does not shorten the lease', () => {
  const holder = new LeaseHolder(SELF);
  const [first, second] = [holder.begin(0), holder.begin(100)];
  holder.onReply(reply(second));
  expect(holder.onReply(reply(first, { mapIndex: 9 }))).toBeUndefined();
  expect(holder.grant).toEqual({ leaseEndMs: 600, mapIndex: 3 });
});

test.each<[string, HeartbeatReply]>([
  ['to another life', reply(1, { incarnation: 8 as Incarnation })],
  ['to a heartbeat that was never sent', reply(2)],
  ['without a lease', reply(1, { leaseMs: 0 })],
])('a reply %s gives nothing', (_, given) => {
  const holder = new LeaseHolder(SELF);
  holder.begin(0);
  expect(holder.onReply(given)).toBeUndefined();
  expect(holder.grant.leaseEndMs).toBe(Number.NEGATIVE_INFINITY);
});

test('a reply to a heartbeat of long ago gives nothing', () => {
  const holder = new LeaseHolder(SELF);
  for (let i = 0; i < 65; i++) holder.begin(i);
  expect(holder.onReply(reply(1))).toBeUndefined();
  expect(holder.onReply(reply(2))).toBeDefined();
});
