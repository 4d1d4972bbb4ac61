import { expect, test } from 'vitest';
import { EMPTY_MAP, type GroupMember } from '../../src/cluster/cluster-map.js';
import type { DataReport } from '../../src/cluster/heartbeat.js';
import { HeartbeatMonitor } from '../../src/cluster/heartbeat-monitor.js';
import { applyAll, life, lives, newMap } from './some-maps.js';
import { heartbeatOf, NOW, TIMINGS, waitingFor } from './some-observations.js';

const MAP = newMap(3, 2);
const TERM = 4;

function monitor(map = MAP): HeartbeatMonitor {
  const created = new HeartbeatMonitor({
    timings: TIMINGS,
    code: { k: 3, m: 2 },
    lossPolicy: 'wait',
    leadsSinceMs: NOW,
    term: TERM,
    members: () => [],
  });
  created.onMap(map, NOW);
  return created;
}

const NONE: ReadonlySet<number> = new Set();

const hear = (to: HeartbeatMonitor, member = life(1), nowMs = NOW, sequence = 1, report: Partial<DataReport> = {}) =>
  to.onHeartbeat(heartbeatOf(member, report, sequence), {
    nowMs,
    quorumContactMs: nowMs,
    lastLogIndex: 7,
    underWay: NONE,
  });

/** The first heartbeat of a life after it has been answered. */
const hearAnswered = (to: HeartbeatMonitor, member: GroupMember, nowMs = NOW, term = TERM) =>
  to.onHeartbeat(heartbeatOf(member, {}, 2, term), {
    nowMs,
    quorumContactMs: nowMs,
    lastLogIndex: 7,
    underWay: new Set(),
  });

const hearAll = (to: HeartbeatMonitor, nowMs: number, reports: Readonly<Record<number, Partial<DataReport>>> = {}) =>
  lives(5).map((member, i) => hear(to, member, nowMs, nowMs, reports[i + 1]));

test('once n nodes have been heard the groups are created', () => {
  const empty = monitor(EMPTY_MAP);
  for (const member of lives(4)) hear(empty, member);
  expect(empty.plan(NOW)).toBeUndefined();
  hear(empty, life(5));
  expect(empty.plan(NOW)).toMatchObject({ type: 'create-groups', members: lives(5) });
});

test('leases are granted from the k-th node on', () => {
  const listening = monitor();
  const leases = lives(5).map((member) => hear(listening, member)?.leaseMs);
  expect(leases).toEqual([0, 0, 500, 500, 500]);
});

test('a node that falls silent leaves as a backup after the timeout, as a primary after the leases of the leader before', () => {
  const listening = monitor();
  hearAll(listening, NOW);
  for (let ms = 100; ms <= 800; ms += 100) {
    for (const member of lives(5).slice(1)) hear(listening, member, NOW + ms, NOW + ms);
  }
  expect(listening.plan(NOW + 699)).toBeUndefined();
  expect(listening.plan(NOW + 700)).toEqual({ type: 'remove', group: 1, epoch: 1, member: life(1) });
  expect(listening.plan(NOW + 879)).toMatchObject({ group: 1 });
  expect(listening.plan(NOW + 880)).toEqual({ type: 'remove', group: 0, epoch: 1, member: life(1) });
});

test('a heartbeat of a life that is over is not answered and changes nothing', () => {
  const listening = monitor();
  hear(listening, life(1));
  hearAnswered(listening, life(1, 2));
  expect(hear(listening, life(1), NOW, 2)).toBeUndefined();
  expect(listening.observations(NOW).nodes.get(life(1).nodeId)?.incarnation).toBe(life(1, 2).incarnation);
});

test('a life that has not been answered in this term takes the place of no other: it may be over, and was long under way', () => {
  const listening = monitor();
  const incarnationOf1 = () => listening.observations(NOW).nodes.get(life(1).nodeId)?.incarnation;
  hear(listening, life(1, 2), NOW, 1);
  expect(incarnationOf1()).toBeUndefined(); // the map names life 1
  hearAnswered(listening, life(1, 2));
  expect(hear(listening, life(1))).toMatchObject({ leaseMs: 0, term: TERM });
  expect(hearAnswered(listening, life(1), NOW, TERM - 1)).toMatchObject({ leaseMs: 0 });
  expect(incarnationOf1()).toBe(life(1, 2).incarnation);
  expect(listening.plan(NOW)).toMatchObject({ type: 'remove', member: life(1) });
});

test('a heartbeat that a later one has overtaken is answered, but what it reports is old', () => {
  const listening = monitor();
  hear(listening, life(1), NOW, 5, { freeBytes: 5 });
  expect(hear(listening, life(1), NOW + 50, 4, { freeBytes: 4 })?.sequence).toBe(4);
  expect(listening.observations(NOW).nodes.get(life(1).nodeId)?.heartbeat.freeBytes).toBe(5);
});

test('a primary with broken links is asked, then goes without leases, then leaves', () => {
  const listening = monitor();
  const reports = { 1: waitingFor(2, 3, 4, 5) };
  const first = TIMINGS.linkTimeoutMs;
  for (let ms = 0; ms <= first - 100; ms += 100) expect(hearAll(listening, NOW + ms, reports)[0]?.letGo).toEqual([]);
  const asked = hearAll(listening, NOW + first, reports)[0];
  // In groups 0, 4 and 3 it holds data; where it holds parity nothing need be asked.
  expect(asked).toMatchObject({ leaseMs: 500, letGo: [{ group: 0 }, { group: 3 }, { group: 4 }] });
  expect(hearAll(listening, NOW + first + 500, reports)[0]?.leaseMs).toBe(0);
  expect(listening.observations(NOW + first + 500).overdue).toHaveLength(3);

  const removed = applyAll(MAP, [
    { type: 'remove', group: 1, epoch: 1, member: life(1) },
    { type: 'remove', group: 2, epoch: 1, member: life(1) },
  ]);
  listening.onMap(removed, NOW + first + 510);
  hearAll(listening, NOW + first + 520, reports);
  const last = NOW + first;
  expect(listening.plan(last + 549)).toBeUndefined();
  expect(listening.plan(last + 550)).toEqual({ type: 'remove', group: 0, epoch: 1, member: life(1) });
});

test('a new epoch is observed afresh', () => {
  const listening = monitor();
  listening.onMap(applyAll(MAP, [{ type: 'renew', group: 2, epoch: 1 }]), NOW + 400);
  expect(listening.observations(NOW + 500).epochsSinceMs).toEqual([NOW, NOW, NOW + 400, NOW, NOW]);
});
