import { describe, expect, test } from 'vitest';
import { FLOOR_STEP } from '../../src/cluster/apply-map-command.js';
import { EMPTY_MAP, type ClusterMap } from '../../src/cluster/cluster-map.js';
import { planLetGo, planMapChange } from '../../src/cluster/map-planner.js';
import { applyAll, declared, groupOf, life, lives, newMap, node } from './some-maps.js';
import { NOW, observe, TIMINGS, waitingFor } from './some-observations.js';

/** RS(3, 2) with one group: n1, n2, n3 at data positions, n4, n5 at parity positions. */
const MAP: ClusterMap = { ...newMap(3, 2), groups: [groupOf(newMap(3, 2))] };
const WITHOUT_1 = applyAll(MAP, [{ type: 'remove', group: 0, epoch: 1, member: life(1) }]);
const WITHOUT_5 = applyAll(MAP, [{ type: 'remove', group: 0, epoch: 1, member: life(5) }]);
const JOINING_1 = applyAll(WITHOUT_1, [{ type: 'join', group: 0, epoch: 2, member: life(1, 2), replaces: 0 }]);
const JOINING_5 = applyAll(WITHOUT_5, [{ type: 'join', group: 0, epoch: 2, member: life(5, 2), replaces: 0 }]);
const DEAD = { heardMsAgo: TIMINGS.heartbeatTimeoutMs, leased: false };

const remove = (number: number, epoch = 1) => ({ type: 'remove', group: 0, epoch, member: life(number) });

test('while all is well nothing is planned', () => {
  expect(planMapChange(MAP, observe(MAP, 5))).toBeUndefined();
  expect(planLetGo(MAP, observe(MAP, 5))).toEqual([]);
});

test('a group that is about to change is left alone', () => {
  const map = newMap(3, 2);
  const observed = observe(map, 5, { 1: DEAD });
  const planned = (...underWay: number[]): unknown => planMapChange(map, observed, new Set(underWay));
  expect(planned()).toEqual(remove(1));
  expect(planned(0)).toMatchObject({ type: 'remove', group: 1 });
  expect(planned(0, 1, 2, 3, 4)).toBeUndefined();
});

describe('creation of the groups', () => {
  test('waits for n nodes', () => {
    expect(planMapChange(EMPTY_MAP, observe(EMPTY_MAP, 4))).toBeUndefined();
    expect(planMapChange(EMPTY_MAP, observe(EMPTY_MAP, 5, { 3: DEAD }))).toBeUndefined();
  });

  test('is the same that applying it makes of the default layout', () => {
    const command = planMapChange(EMPTY_MAP, observe(EMPTY_MAP, 5));
    expect(command).toBeDefined();
    expect(command && applyAll(EMPTY_MAP, [command])).toEqual(newMap(3, 2));
  });

  test('leaves the nodes beyond n as spares', () => {
    expect(planMapChange(EMPTY_MAP, observe(EMPTY_MAP, 7))).toMatchObject({ members: lives(5) });
  });
});

describe('removal', () => {
  test('of a backup that does not heartbeat comes at once', () => {
    expect(planMapChange(MAP, observe(MAP, 5, { 4: { ...DEAD, leased: true } }))).toEqual(remove(4));
  });

  test('does not come before the heartbeat timeout', () => {
    const late = { heardMsAgo: TIMINGS.heartbeatTimeoutMs - 1, leased: false };
    expect(planMapChange(MAP, observe(MAP, 5, { 1: late, 4: late }))).toBeUndefined();
  });

  test('of a primary waits until its lease has run out by the count of the leader', () => {
    expect(planMapChange(MAP, observe(MAP, 5, { 1: { ...DEAD, leased: true } }))).toBeUndefined();
    expect(planMapChange(MAP, observe(MAP, 5, { 1: DEAD }))).toEqual(remove(1));
  });

  test('of a primary waits until the leases of the leader before have run out (I4 d)', () => {
    const leading = (forMs: number) => observe(MAP, 5, { 1: DEAD }, { leadsSinceMs: NOW - forMs });
    expect(planMapChange(MAP, leading(879))).toBeUndefined();
    expect(planMapChange(MAP, leading(880))).toEqual(remove(1));
  });

  test('of a node that this leader has never heard counts from when it began to lead', () => {
    const silent = { incarnation: 0, leased: false };
    const leading = (forMs: number) => observe(MAP, 5, { 4: silent }, { leadsSinceMs: NOW - forMs });
    expect(planMapChange(MAP, leading(699))).toBeUndefined();
    expect(planMapChange(MAP, leading(700))).toEqual(remove(4));
  });

  test('of a life that a newer one has succeeded needs no timeout, but the end of its lease', () => {
    expect(planMapChange(MAP, observe(MAP, 5, { 4: { incarnation: 2 } }))).toEqual(remove(4));
    expect(planMapChange(MAP, observe(MAP, 5, { 1: { incarnation: 2 } }))).toBeUndefined();
    expect(planMapChange(MAP, observe(MAP, 5, { 1: { incarnation: 2, leased: false } }))).toEqual(remove(1));
  });

  test('the lease of the newer life does not keep the older one in', () => {
    const leases = [{ member: life(1, 2), endMs: NOW + 500 }];
    expect(planMapChange(MAP, observe(MAP, 5, { 1: { incarnation: 2 } }, { leases }))).toEqual(remove(1));
  });

  test('of an acting primary waits for its lease, too', () => {
    const observed = (leased: boolean) => observe(WITHOUT_1, 5, { 1: DEAD, 4: { ...DEAD, leased } });
    expect(planMapChange(WITHOUT_1, observed(true))).toBeUndefined();
    expect(planMapChange(WITHOUT_1, observed(false))).toEqual(remove(4, 2));
  });

  test('goes one by one, and on while k remain alive', () => {
    const observed = observe(MAP, 5, { 1: DEAD, 2: DEAD });
    expect(planMapChange(MAP, observed)).toEqual(remove(1));
    expect(planMapChange(WITHOUT_1, observed)).toEqual(remove(2, 2));
  });

  test('is not planned while fewer than k are alive: who comes back is then still in sync', () => {
    expect(planMapChange(MAP, observe(MAP, 5, { 1: DEAD, 2: DEAD, 4: DEAD }))).toBeUndefined();
  });
});

describe('broken links', () => {
  test('between a primary and a backup put the backup out: on a tie the non-primary leaves', () => {
    const fiveGroups = newMap(3, 2);
    const observed = observe(fiveGroups, 5, { 1: { report: waitingFor(4) } });
    expect(planMapChange(fiveGroups, observed)).toEqual(remove(4));
    expect(planLetGo(MAP, observe(MAP, 5, { 4: { report: waitingFor(1, 2, 3) } }))).toEqual([]);
  });

  test('put a primary out that has the larger share of them, once it has let go', () => {
    const reports = waitingFor(4, 5);
    const observed = observe(MAP, 5, { 1: { report: reports } });
    expect(planLetGo(MAP, observed)).toEqual([{ member: life(1), group: 0, epoch: 1 }]);
    expect(planMapChange(MAP, observed)).toBeUndefined();
    const letGo = observe(MAP, 5, { 1: { report: { ...reports, letGo: [{ group: 0, epoch: 1 }] } } });
    expect(planMapChange(MAP, letGo)).toEqual(remove(1));
  });

  test('do not count while the epoch is young', () => {
    const young = { epochsSinceMs: [NOW - TIMINGS.linkTimeoutMs + 1] };
    expect(planMapChange(MAP, observe(MAP, 5, { 1: { report: waitingFor(4) } }, young))).toBeUndefined();
  });

  test('do not count when the other end is not alive', () => {
    const observed = observe(MAP, 5, { 1: { report: waitingFor(4) }, 4: { heardMsAgo: 700 } });
    expect(planMapChange(MAP, observed)).toEqual(remove(4));
    const stillIn = observe(MAP, 5, { 1: { report: waitingFor(4) }, 4: { incarnation: 0 } });
    expect(planLetGo(MAP, stillIn)).toEqual([]);
  });

  test('do not count between nodes that say nothing to each other in the group', () => {
    expect(planMapChange(MAP, observe(MAP, 5, { 1: { report: waitingFor(2) } }))).toBeUndefined();
  });

  test('put nobody out where fewer than k alive would remain', () => {
    const three = applyAll(WITHOUT_1, [{ type: 'remove', group: 0, epoch: 2, member: life(5) }]);
    const observed = observe(three, 5, { 1: DEAD, 2: { report: waitingFor(4) }, 5: DEAD });
    expect(planMapChange(three, observed)).toBeUndefined();
    expect(planLetGo(three, observed)).toEqual([]);
  });

  test('make an end of a learner first', () => {
    const observed = observe(JOINING_5, 5, { 1: { report: waitingFor(4, 5) }, 5: { incarnation: 2 } });
    expect(planMapChange(JOINING_5, observed)).toMatchObject({ type: 'stop-joining', member: life(5, 2) });
  });
});

describe('letting go', () => {
  const letGo = { report: { letGo: [{ group: 0, epoch: 1 }] } };

  test('is answered by a new epoch with the same members when none is to leave', () => {
    expect(planMapChange(MAP, observe(MAP, 5, { 1: letGo }))).toEqual({ type: 'renew', group: 0, epoch: 1 });
  });

  test('of an earlier epoch has been answered', () => {
    const renewed = applyAll(MAP, [{ type: 'renew', group: 0, epoch: 1 }]);
    expect(planMapChange(renewed, observe(renewed, 5, { 1: letGo }))).toBeUndefined();
  });

  test('by who is not in sync is nothing to answer', () => {
    const report = { letGo: [{ group: 0, epoch: 2 }] };
    expect(planMapChange(JOINING_1, observe(JOINING_1, 5, { 1: { incarnation: 2, report } }))).toBeUndefined();
  });

  test('by a new leader waits for what the one before has granted, too', () => {
    const reports = { report: { ...waitingFor(4, 5), ...letGo.report } };
    expect(planMapChange(MAP, observe(MAP, 5, { 1: reports }, { leadsSinceMs: NOW - 879 }))).toBeUndefined();
  });

  test('that was asked for in vain is answered once the lease is over', () => {
    const overdue = [{ member: life(1), group: 0, epoch: 1 }];
    expect(planMapChange(MAP, observe(MAP, 5, {}, { overdue }))).toBeUndefined();
    const over = observe(MAP, 5, { 1: { leased: false } }, { overdue });
    expect(planMapChange(MAP, over)).toEqual({ type: 'renew', group: 0, epoch: 1 });
    const troubled = observe(MAP, 5, { 1: { leased: false, report: waitingFor(4, 5) } }, { overdue });
    expect(planMapChange(MAP, troubled)).toEqual(remove(1));
  });
});

describe('joining', () => {
  const join = (number: number, replaces = 0) => ({
    type: 'join',
    group: 0,
    epoch: 2,
    member: life(number, 2),
    replaces,
  });

  test('begins when a holder that is out of sync heartbeats', () => {
    expect(planMapChange(WITHOUT_1, observe(WITHOUT_1, 5, { 1: DEAD }))).toBeUndefined();
    expect(planMapChange(WITHOUT_1, observe(WITHOUT_1, 5, { 1: { incarnation: 2 } }))).toEqual(join(1));
  });

  test('goes on by itself', () => {
    expect(planMapChange(JOINING_1, observe(JOINING_1, 5, { 1: { incarnation: 2 } }))).toBeUndefined();
  });

  test('begins anew for a newer life of the learner', () => {
    const command = planMapChange(JOINING_1, observe(JOINING_1, 5, { 1: { incarnation: 3 } }));
    expect(command).toEqual({ ...join(1, 10), member: life(1, 3) });
  });

  test('begins anew when the learner says that this attempt has failed', () => {
    const broken = (joinIndex: number) => ({ incarnation: 2, report: { brokenJoins: [{ group: 0, joinIndex }] } });
    expect(planMapChange(JOINING_1, observe(JOINING_1, 5, { 1: broken(9) }))).toBeUndefined();
    expect(planMapChange(JOINING_1, observe(JOINING_1, 5, { 1: broken(10) }))).toEqual(join(1, 10));
  });

  test('does not begin again while a primary still waits for the node', () => {
    const observed = observe(WITHOUT_5, 5, { 1: { report: waitingFor(5) }, 5: { incarnation: 2 } });
    expect(planMapChange(WITHOUT_5, observed)).toBeUndefined();
  });

  test('ends when the learner does not heartbeat', () => {
    const stop = { type: 'stop-joining', group: 0, member: life(1, 2), joinIndex: 10 };
    expect(planMapChange(JOINING_1, observe(JOINING_1, 5, { 1: { incarnation: 2, heardMsAgo: 700 } }))).toEqual(stop);
    const unheard = { 1: { incarnation: 0 } };
    expect(planMapChange(JOINING_1, observe(JOINING_1, 5, unheard))).toEqual(stop);
    const justLeading = { leadsSinceMs: NOW - 699 };
    expect(planMapChange(JOINING_1, observe(JOINING_1, 5, unheard, justLeading))).toBeUndefined();
  });
});

describe('promotion', () => {
  const complete1 = [declared(JOINING_1, 0, 0, life(1, 2), 10)];
  const byPosition = [0, 1, 2].map((position) => declared(JOINING_5, 0, position, life(5, 2), 10));

  test('of a data holder takes the declaration of who acts for it', () => {
    const report = { declarations: complete1, letGo: [{ group: 0, epoch: 2 }] };
    const observed = observe(JOINING_1, 5, { 1: { incarnation: 2 }, 4: { report } });
    const command = planMapChange(JOINING_1, observed);
    expect(command).toMatchObject({ type: 'promote', member: life(1, 2), joinIndex: 10, declarations: complete1 });
    expect(command && groupOf(applyAll(JOINING_1, [command])).acting).toEqual([null, null, null]);
  });

  test('of a parity holder takes the declarations of all k primaries', () => {
    const says = (count: number) =>
      Object.fromEntries(
        byPosition.slice(0, count).map((declaration, i) => [i + 1, { report: { declarations: [declaration] } }]),
      );
    expect(planMapChange(JOINING_5, observe(JOINING_5, 5, { ...says(2), 5: { incarnation: 2 } }))).toBeUndefined();
    const command = planMapChange(JOINING_5, observe(JOINING_5, 5, { ...says(3), 5: { incarnation: 2 } }));
    expect(command).toMatchObject({ type: 'promote', declarations: byPosition });
    expect(command && groupOf(applyAll(JOINING_5, [command])).inSync).toContainEqual(life(5, 2));
  });

  test.each([
    ['the learner has not heartbeat for too long', { 1: { incarnation: 2, heardMsAgo: 700 } }, complete1],
    ['the learner is another life now', { 1: { incarnation: 3 } }, complete1],
    [
      'the attempt has failed',
      { 1: { incarnation: 2, report: { brokenJoins: [{ group: 0, joinIndex: 10 }] } } },
      complete1,
    ],
    [
      'the declaration is of another attempt',
      { 1: { incarnation: 2 } },
      complete1.map((d) => ({ ...d, joinIndex: 9 })),
    ],
    ['the declaration is of another epoch', { 1: { incarnation: 2 } }, complete1.map((d) => ({ ...d, epoch: 1 }))],
  ])('is not planned when %s', (_, changes, declarations) => {
    const observed = observe(JOINING_1, 5, { ...changes, 4: { report: { declarations } } });
    expect(planMapChange(JOINING_1, observed)?.type).not.toBe('promote');
  });

  test('is not planned on the word of who is not the primary', () => {
    const observed = observe(JOINING_1, 5, { 1: { incarnation: 2 }, 5: { report: { declarations: complete1 } } });
    expect(planMapChange(JOINING_1, observed)).toBeUndefined();
  });
});

describe('the version floor', () => {
  const withIndex = (index: number) => observe(MAP, 5, { 2: { report: { lastIndexes: [{ group: 0, index }] } } });

  test('is raised when a log nears it', () => {
    expect(planMapChange(MAP, withIndex(FLOOR_STEP - 2 ** 20 - 1))).toBeUndefined();
    expect(planMapChange(MAP, withIndex(FLOOR_STEP - 2 ** 20))).toEqual({
      type: 'raise-floor',
      group: 0,
      versionFloor: 2 * FLOOR_STEP,
    });
  });

  test('is raised above a log that has reached it', () => {
    expect(planMapChange(MAP, withIndex(FLOOR_STEP + 5))).toMatchObject({ versionFloor: 2 * FLOOR_STEP + 5 });
  });
});

describe('cold start', () => {
  const restarted = { incarnation: 2, leased: false };
  const all = { 1: restarted, 2: restarted, 3: restarted, 4: restarted, 5: restarted };

  test('comes when every in-sync life has been succeeded', () => {
    expect(planMapChange(MAP, observe(MAP, 5, all))).toEqual({
      type: 'cold-start',
      epochs: [1],
      members: lives(5, 2),
    });
  });

  test('begins without nodes that were out of sync and are not there', () => {
    expect(planMapChange(WITHOUT_1, observe(WITHOUT_1, 5, { ...all, 1: DEAD }))).toMatchObject({
      type: 'cold-start',
      members: lives(5, 2).slice(1),
    });
  });

  test.each([
    ['one life goes on', { ...all, 3: {} }],
    ['one life may return', { ...all, 3: { incarnation: 0, leased: false } }],
    ['a lease of an earlier life may be running', { ...all, 3: { incarnation: 2 } }],
  ])('does not come when %s', (_, changes) => {
    expect(planMapChange(MAP, observe(MAP, 5, changes))?.type).not.toBe('cold-start');
  });

  test('waits for the leases of the leader before', () => {
    expect(planMapChange(MAP, observe(MAP, 5, all, { leadsSinceMs: NOW - 879 }))).toBeUndefined();
  });

  test('of one node alone', () => {
    const single = newMap(1, 0);
    const command = planMapChange(single, observe(single, 1, { 1: restarted }));
    expect(command).toMatchObject({ type: 'cold-start', members: [life(1, 2)] });
    expect(command && groupOf(applyAll(single, [command])).holders).toEqual([node(1)]);
  });
});
