import { beforeEach, expect, test } from 'vitest';
import { DrainOffice } from '../../../src/actors/control/drain-office.js';
import { HeartbeatMonitor } from '../../../src/cluster/heartbeat-monitor.js';
import { life, newMap } from '../../cluster/some-maps.js';
import { heartbeatOf, TIMINGS } from '../../cluster/some-observations.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const MAP = newMap(3, 2);
const { nodeId } = life(2);

let scheduler: VirtualScheduler;
let monitor: HeartbeatMonitor;
let office: DrainOffice;
/** Of each removal that the office has begun: how it ends. */
let removals: { done(): void; fail(error: Error): void }[];

beforeEach(() => {
  scheduler = new VirtualScheduler();
  const parts = { timings: TIMINGS, code: { k: 3, m: 2 }, lossPolicy: 'wait', members: () => [] } as const;
  monitor = new HeartbeatMonitor({ ...parts, leadsSinceMs: 0, term: 1 });
  monitor.onMap(MAP, 0);
  office = new DrainOffice({ monitor, scheduler, map: () => MAP, onAsked: () => undefined });
  removals = [];
});

const remove = (): Promise<void> =>
  new Promise((resolve, reject) => void removals.push({ done: resolve, fail: reject }));
const isKeptOut = (): boolean => monitor.observations(scheduler.nowMs()).removing.has(nodeId);

function hearAll(): void {
  for (const { nodeId: from, incarnation } of MAP.groups[0]?.inSync ?? []) {
    const context = { nowMs: scheduler.nowMs(), quorumContactMs: scheduler.nowMs(), lastLogIndex: 1 };
    monitor.onHeartbeat(heartbeatOf({ nodeId: from, incarnation }, {}, 1), { ...context, underWay: new Set() });
  }
}

test('a node that is not up is removed at once', async () => {
  await scheduler.advance(TIMINGS.heartbeatTimeoutMs);
  const removal = office.drain(nodeId, remove);
  await scheduler.settle();
  expect(removals).toHaveLength(1);
  removals[0]?.done();
  await removal;
});

test('one that is up is kept out of its groups from then on, and removed when it has left them or gone', async () => {
  hearAll();
  const removal = office.drain(nodeId, remove);
  await scheduler.settle();
  expect([removals.length, isKeptOut()]).toEqual([0, true]);
  await scheduler.advance(TIMINGS.heartbeatTimeoutMs);
  office.look();
  await scheduler.settle();
  expect([removals.length, isKeptOut()]).toEqual([1, true]);
  removals[0]?.done();
  await removal;
  expect(isKeptOut()).toBe(false);
});

test('who asks for a removal that is under way waits for it, and the node is kept out until that has settled', async () => {
  await scheduler.advance(TIMINGS.heartbeatTimeoutMs);
  const both = [office.drain(nodeId, remove), office.drain(nodeId, remove)];
  await scheduler.settle();
  expect([removals.length, isKeptOut()]).toEqual([1, true]);
  removals[0]?.done();
  await Promise.all(both);
  expect(isKeptOut()).toBe(false);
});

test('after a removal that failed another one begins anew', async () => {
  await scheduler.advance(TIMINGS.heartbeatTimeoutMs);
  const failed = office.drain(nodeId, remove);
  await scheduler.settle();
  removals[0]?.fail(new Error('the log is full'));
  await expect(failed).rejects.toThrow('the log is full');
  expect(isKeptOut()).toBe(false);
  const again = office.drain(nodeId, remove);
  await scheduler.settle();
  removals[1]?.done();
  await again;
  expect(removals).toHaveLength(2);
});

test('ten seconds are enough, and a node that is needed stays', async () => {
  const removal = office.drain(nodeId, remove).catch((error: unknown) => error);
  for (let seconds = 0; seconds < 10; seconds += 0.1) {
    hearAll();
    await scheduler.advance(100);
    office.look();
  }
  expect(await removal).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect([removals.length, isKeptOut()]).toEqual([0, false]);
});

test('the end of leading is told', async () => {
  hearAll();
  const removal = office.drain(nodeId, remove).catch((error: unknown) => error);
  office.stop();
  expect(await removal).toMatchObject({ code: 'NO_LEADER' });
});
