import { describe, expect, test } from 'vitest';
import type { ClusterMap } from '../../src/cluster/cluster-map.js';
import { planMapChange } from '../../src/cluster/map-planner.js';
import { CALM_MS, isLeaveRefused, planHandOver } from '../../src/cluster/planned-hand-over.js';
import { applyAll, declared, groupOf, life, newMap } from './some-maps.js';
import { NOW, observe, TIMINGS } from './some-observations.js';

/** RS(3, 2): in group 0, n1, n2, n3 are at data positions, n4, n5 at parity positions. */
const MAP = newMap(3, 2);
const ONE: ClusterMap = { ...MAP, groups: [groupOf(MAP)] };
const WITHOUT_1 = applyAll(ONE, [{ type: 'remove', group: 0, epoch: 1, member: life(1) }]);
const JOINING_1 = applyAll(WITHOUT_1, [{ type: 'join', group: 0, epoch: 2, member: life(1, 2), replaces: 0 }]);
const WITHOUT_1_2 = applyAll(WITHOUT_1, [{ type: 'remove', group: 0, epoch: 2, member: life(2) }]);

const LEAVING = { report: { leaving: true } };
const DEAD = { heardMsAgo: TIMINGS.heartbeatTimeoutMs, leased: false };
const letGo = (epoch: number) => ({ letGo: [{ group: 0, epoch }] });

describe('a node that is leaving', () => {
  test('leaves at once where it leads nothing', () => {
    const command = planMapChange(ONE, observe(ONE, 5, { 5: LEAVING }));
    expect(command).toEqual({ type: 'remove', group: 0, epoch: 1, member: life(5) });
    expect(planHandOver(ONE, observe(ONE, 5, { 5: LEAVING }), life(5))).toEqual([]);
  });

  test('is asked for what it leads when it has left the others, a group at a time, and leaves when it has let go', () => {
    const asBackup = [1, 2].map((group) => ({ type: 'remove', group, epoch: 1, member: life(1) }) as const);
    expect(planMapChange(MAP, observe(MAP, 5, { 1: LEAVING }))).toEqual(asBackup[0]);
    expect(planHandOver(MAP, observe(MAP, 5, { 1: LEAVING }), life(1))).toEqual([]);
    const map = applyAll(MAP, asBackup);
    expect(planMapChange(map, observe(map, 5, { 1: LEAVING }))).toBeUndefined();
    expect(planHandOver(map, observe(map, 5, { 1: LEAVING }), life(1))).toEqual([{ group: 0, epoch: 1 }]);

    const done = observe(ONE, 5, { 1: { report: { leaving: true, ...letGo(1) } } });
    expect(planMapChange(ONE, done)).toEqual({ type: 'remove', group: 0, epoch: 1, member: life(1) });
  });

  test('is asked for nothing while the leader is new, and serves again if it has let go before', () => {
    const isNew = { leadsSinceMs: NOW - 879 };
    expect(planHandOver(ONE, observe(ONE, 5, { 1: LEAVING }, isNew), life(1))).toEqual([]);
    const done = observe(ONE, 5, { 1: { report: { leaving: true, ...letGo(1) } } }, isNew);
    expect(planMapChange(ONE, done)).toEqual({ type: 'renew', group: 0, epoch: 1 });
  });

  test.each([
    ['one more is away, and another one leaves as well', WITHOUT_1, { 2: LEAVING, 3: LEAVING }, life(2)],
    ['two more are away', WITHOUT_1_2, { 3: LEAVING, 1: DEAD, 2: DEAD }, life(3)],
    ['two more have fallen silent', ONE, { 3: LEAVING, 4: DEAD, 5: DEAD }, life(3)],
  ])('stays when fewer than k would remain: %s', (_, map, changes, member) => {
    const observed = observe(map, 5, { 1: DEAD, ...changes });
    expect(planHandOver(map, observed, member)).toEqual([]);
    expect(isLeaveRefused(map, observed, member)).toBe(true);
    const command = planMapChange(map, observed);
    expect(command?.type === 'remove' && command.member.nodeId === member.nodeId).toBe(false);
  });

  test.each([
    ['it can leave', ONE, { 1: LEAVING }],
    ['somebody is about to come in sync', WITHOUT_1_2, { 3: LEAVING, 1: { incarnation: 2 }, 2: { incarnation: 2 } }],
    ['it is not leaving', WITHOUT_1_2, {}],
  ])('is not refused when %s', (_, map, changes) => {
    expect(isLeaveRefused(map, observe(map, 5, changes), life(3))).toBe(false);
  });

  test('of an earlier life says nothing of the life that is in sync', () => {
    expect(planMapChange(ONE, observe(ONE, 5, { 5: { incarnation: 2, ...LEAVING } }))).toMatchObject({
      type: 'remove',
      member: life(5),
    });
    expect(planHandOver(ONE, observe(ONE, 5, { 1: { incarnation: 2, ...LEAVING } }), life(1))).toEqual([]);
  });

  test('does not join, and gives up learning', () => {
    const returning = { incarnation: 2, ...LEAVING };
    expect(planMapChange(WITHOUT_1, observe(WITHOUT_1, 5, { 1: returning }))).toBeUndefined();
    const command = planMapChange(JOINING_1, observe(JOINING_1, 5, { 1: returning }));
    expect(command).toMatchObject({ type: 'stop-joining', member: life(1, 2) });
  });
});

describe('a holder that is back', () => {
  const declarations = [declared(JOINING_1, 0, 0, life(1, 2), 10)];
  const says = (report: object) =>
    observe(JOINING_1, 5, { 1: { incarnation: 2 }, 4: { report: { declarations, ...report } } });

  test('comes in sync when who acts for it has let go, which it is asked for as soon as it has declared it', () => {
    expect(planHandOver(JOINING_1, observe(JOINING_1, 5, { 1: { incarnation: 2 } }), life(4))).toEqual([]);
    expect(planHandOver(JOINING_1, says({}), life(4))).toEqual([{ group: 0, epoch: 2 }]);
    expect(planHandOver(JOINING_1, says({}), life(5))).toEqual([]);
    expect(planMapChange(JOINING_1, says({}))).toBeUndefined();
    expect(planMapChange(JOINING_1, says(letGo(2)))).toMatchObject({ type: 'promote', member: life(1, 2) });
  });

  test('whose stream has broken meanwhile stays out; letting go is answered all the same', () => {
    const broken = { ...letGo(2), brokenJoins: [{ group: 0, joinIndex: 10 }] };
    expect(planMapChange(JOINING_1, says(broken))).toEqual({ type: 'renew', group: 0, epoch: 2 });
  });

  test('comes back under a new leader as well: nobody leaves', () => {
    const observed = { ...says({}), leadsSinceMs: NOW - 10 };
    expect(planHandOver(JOINING_1, observed, life(4))).toEqual([{ group: 0, epoch: 2 }]);
  });

  test('takes its partitions over one after the other, and comes in sync elsewhere while nothing else is under way', () => {
    // n1 is complete at data positions of groups 0 and 3, where n4 and n2 act for it, and at a parity position of group 1.
    const groups = [0, 1, 2, 3, 4];
    const out = groups.map((group) => ({ type: 'remove', group, epoch: 1, member: life(1) }) as const);
    const back = groups.map((group) => ({ type: 'join', group, epoch: 2, member: life(1, 2), replaces: 0 }) as const);
    const map = applyAll(MAP, [...out, ...back]);
    const says = (...declarations: readonly (readonly [group: number, position: number])[]) => ({
      report: {
        declarations: declarations.map(([group, position]) =>
          declared(map, group, position, life(1, 2), groupOf(map, group).joining[0]?.joinIndex ?? 0),
        ),
      },
    });
    const observed = observe(map, 5, {
      1: { incarnation: 2 },
      2: says([1, 0], [3, 2]),
      3: says([1, 1]),
      4: says([1, 2], [0, 0]),
    });
    expect(planHandOver(map, observed, life(4))).toEqual([{ group: 0, epoch: 2 }]);
    expect(planHandOver(map, observed, life(2))).toEqual([]);
    expect(planMapChange(map, observed)).toMatchObject({ type: 'promote', group: 1 });
    expect(planMapChange(map, observed, new Set([4]))).toBeUndefined();
    // Another group has just changed.
    const changed = (msAgo: number) => ({ ...observed, epochsSinceMs: observed.epochsSinceMs.with(2, NOW - msAgo) });
    expect(planHandOver(map, changed(CALM_MS - 1), life(4))).toEqual([]);
    expect(planMapChange(map, changed(CALM_MS - 1))).toBeUndefined();
    expect(planHandOver(map, changed(CALM_MS), life(4))).toEqual([{ group: 0, epoch: 2 }]);
  });
});
