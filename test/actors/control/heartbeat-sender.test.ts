import type { Incarnation } from '../../../src/base/ids.js';
import { beforeEach, expect, test } from 'vitest';
import { HeartbeatSender } from '../../../src/actors/control/heartbeat-sender.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import { DEFAULT_ECC_TIMINGS } from '../../../src/cluster/ecc-timings.js';
import {
  EMPTY_REPORT,
  type GroupEpoch,
  type GroupTrouble,
  type Heartbeat,
  type HeartbeatReply,
} from '../../../src/cluster/heartbeat.js';
import type { LeaseGrant } from '../../../src/cluster/lease-holder.js';
import { life } from '../../cluster/some-maps.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const { heartbeatMs, leaseMs } = DEFAULT_ECC_TIMINGS;
const SELF = life(1);

let scheduler: VirtualScheduler;
let leader: number;
let mainHangs: boolean;
let sent: { readonly to: number; readonly heartbeat: Heartbeat; readonly atMs: number }[];
let grants: LeaseGrant[];
let letGo: GroupEpoch[];
let handOver: GroupEpoch[];
let refusals: number;
let troubles: (readonly GroupTrouble[])[];
let sender: HeartbeatSender;

beforeEach(() => {
  scheduler = new VirtualScheduler();
  leader = 2;
  mainHangs = false;
  [sent, grants, letGo, handOver, refusals, troubles] = [[], [], [], [], 0, []];
  let pulse = 0;
  sender = new HeartbeatSender({
    self: SELF,
    timings: DEFAULT_ECC_TIMINGS,
    scheduler,
    logger: NULL_LOGGER,
    mainPulse: () => (mainHangs ? pulse : ++pulse),
    leader: () => leader,
    send: (to, heartbeat) => sent.push({ to, heartbeat, atMs: scheduler.nowMs() }),
    publishLease: (grant) => grants.push(grant),
    onLetGo: (groups) => letGo.push(...groups),
    onHandOver: (groups) => handOver.push(...groups),
    onLeaveRefused: () => refusals++,
    onTroubles: (told) => troubles.push(told),
  });
  sender.start();
});

const lastSent = (): Heartbeat => {
  const last = sent.at(-1);
  if (last === undefined) throw new Error('no heartbeat has been sent');
  return last.heartbeat;
};
const replyTo = (heartbeat: Heartbeat, changed: Partial<HeartbeatReply> = {}): HeartbeatReply => {
  const { incarnation, sequence } = heartbeat;
  return {
    incarnation,
    sequence,
    term: 1,
    leaseMs,
    mapIndex: 7,
    letGo: [],
    handOver: [],
    leaveRefused: false,
    troubles: [],
    ...changed,
  };
};

test('every interval the leader gets a heartbeat with the last report of the main thread', async () => {
  sender.onReport({ ...EMPTY_REPORT, mapIndex: 12, freeBytes: 345 });
  await scheduler.advance(3 * heartbeatMs);
  expect(sent.map(({ atMs }) => atMs)).toEqual([0, heartbeatMs, 2 * heartbeatMs, 3 * heartbeatMs]);
  expect(sent.map(({ heartbeat }) => heartbeat.sequence)).toEqual([1, 2, 3, 4]);
  expect(lastSent()).toEqual({ ...EMPTY_REPORT, ...SELF, sequence: 4, answeredIn: 0, mapIndex: 12, freeBytes: 345 });
});

test('nothing is sent while no leader is known, and a new one is told at once', async () => {
  leader = 0;
  sent = [];
  await scheduler.advance(3 * heartbeatMs);
  expect(sent).toEqual([]);
  leader = 3;
  sender.onLeader();
  expect(sent.map(({ to }) => to)).toEqual([3]);
});

test('what the next change of the map may wait for is told at once', () => {
  const before = sent.length;
  sender.onReport({ ...EMPTY_REPORT, freeBytes: 1 });
  expect(sent.length).toBe(before);
  sender.onReport({ ...EMPTY_REPORT, letGo: [{ group: 1, epoch: 2 }] });
  expect(sent.length).toBe(before + 1);
  sender.onReport({ ...EMPTY_REPORT, letGo: [{ group: 1, epoch: 2 }], freeBytes: 5 });
  expect(sent.length).toBe(before + 1);
});

test('a lease counts from when its heartbeat was sent, however long the reply was under way', async () => {
  const heartbeat = lastSent();
  await scheduler.advance(150);
  sender.onReply(replyTo(heartbeat));
  expect(grants).toEqual([{ leaseEndMs: leaseMs, mapIndex: 7 }]);
});

test('a reply that grants nothing does not end the lease before it', () => {
  sender.onReply(replyTo(lastSent()));
  sender.onReply(replyTo(lastSent(), { leaseMs: 0 }));
  expect(grants).toEqual([{ leaseEndMs: leaseMs, mapIndex: 7 }]);
});

test('a leader that grants nothing yet is told at once that its answer has come, once a term', () => {
  const before = sent.length;
  sender.onReply(replyTo(lastSent(), { leaseMs: 0, term: 5 }));
  expect(sent.length).toBe(before + 1);
  expect(lastSent().answeredIn).toBe(5);
  sender.onReply(replyTo(lastSent(), { leaseMs: 0, term: 5 }));
  sender.onReply(replyTo(lastSent(), { leaseMs: 0, term: 4 }));
  expect(sent.length).toBe(before + 1);
  expect(lastSent().answeredIn).toBe(5);
});

test('an answer to an earlier life proves nothing of this one', () => {
  const before = sent.length;
  const earlier = (SELF.incarnation + 1) as Incarnation;
  sender.onReply(replyTo(lastSent(), { incarnation: earlier, leaseMs: 0, term: 5 }));
  expect(sent.length).toBe(before);
});

test('a request to let go is handed on', () => {
  sender.onReply(replyTo(lastSent(), { leaseMs: 0, letGo: [{ group: 2, epoch: 9 }] }));
  expect(letGo).toEqual([{ group: 2, epoch: 9 }]);
});

test('a main thread that hangs for one lease time gets no more heartbeats, until it runs again', async () => {
  mainHangs = true;
  await scheduler.advance(leaseMs + 2 * heartbeatMs);
  const count = sent.length;
  expect(sent.at(-1)?.atMs).toBeLessThanOrEqual(leaseMs + heartbeatMs);
  await scheduler.advance(1000);
  expect(sent.length).toBe(count);
  mainHangs = false;
  await scheduler.advance(heartbeatMs);
  expect(sent.length).toBe(count + 1);
});

test('nothing is sent when it has stopped', async () => {
  sender.stop();
  const count = sent.length;
  await scheduler.advance(1000);
  expect(sent.length).toBe(count);
});

test('what the leader waits for, and that it will not let the node go, is told on', () => {
  sender.onReply(replyTo(lastSent(), { handOver: [{ group: 3, epoch: 4 }], leaveRefused: true }));
  expect(handOver).toEqual([{ group: 3, epoch: 4 }]);
  expect(refusals).toBe(1);
});

test('a node that is leaving speaks whenever the map has changed: it is its turn for the next group', () => {
  const before = sent.length;
  sender.onReport({ ...EMPTY_REPORT, mapIndex: 1 });
  expect(sent.length).toBe(before);
  sender.onReport({ ...EMPTY_REPORT, mapIndex: 1, leaving: true });
  sender.onReport({ ...EMPTY_REPORT, mapIndex: 2, leaving: true });
  expect(sent.length).toBe(before + 2);
});
