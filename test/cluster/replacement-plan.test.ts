import { describe, expect, test } from 'vitest';
import { applyMapCommand } from '../../src/cluster/apply-map-command.js';
import type { ClusterMap } from '../../src/cluster/cluster-map.js';
import type { MapCommand } from '../../src/cluster/map-commands.js';
import { planMapChange } from '../../src/cluster/map-planner.js';
import { planReplacement } from '../../src/cluster/replacement-plan.js';
import { applyAll, groupOf, life, newMap, node, nodes } from './some-maps.js';
import { observe, TIMINGS } from './some-observations.js';

/** RS(3, 2) of n1 to n5, of which n3 is out of all groups. */
const MAP = newMap(3, 2);
const OUT = applyAll(
  MAP,
  MAP.groups.map(({ id }) => ({ type: 'remove', group: id, epoch: 1, member: life(3) }) as const),
);
/** Of n3: it has not been heard of for long. */
const GONE = { 3: { incarnation: 0, leased: false } };
const without = (count: number, ...gone: number[]) => nodes(count).filter((id) => !gone.map(node).includes(id));

type Changes = Parameters<typeof observe>[2];

/** With the first `count` nodes up, but those in `changes`, and as members all but those `removed`. */
function plan(map: ClusterMap, id: number, count: number, changes: Changes, removed: readonly number[]) {
  const members = without(count, ...removed);
  return planReplacement(map, groupOf(map, id), observe(map, count, changes, { members }));
}

const replaced = (group: number, by: number, holder = 3, epoch = 2): MapCommand => ({
  type: 'replace-holder',
  group,
  epoch,
  holder: node(holder),
  by: node(by),
});

describe('a spare gets the place of a holder', () => {
  test('that was taken out of the cluster', () => {
    expect(plan(OUT, 0, 6, GONE, [3])).toEqual(replaced(0, 6));
    expect(planMapChange(OUT, observe(OUT, 6, GONE, { members: without(6, 3) }))).toEqual(replaced(0, 6));
  });

  test('not of one that is only down, nor while the list of nodes is not known', () => {
    expect(plan(OUT, 0, 6, GONE, [])).toBeUndefined();
    expect(planReplacement(OUT, groupOf(OUT), observe(OUT, 6, GONE))).toBeUndefined();
  });

  test('once that one is out of the group: in sync or joining it leaves first', () => {
    const dead = { heardMsAgo: TIMINGS.heartbeatTimeoutMs, leased: false };
    const members = without(6, 3);
    expect(plan(MAP, 0, 6, { 3: dead }, [3])).toBeUndefined();
    expect(planMapChange(MAP, observe(MAP, 6, { 3: dead }, { members }))).toMatchObject({ type: 'remove' });
    const joining = applyAll(OUT, [{ type: 'join', group: 0, epoch: 2, member: life(3, 2), replaces: 0 }]);
    const second = { 3: { ...dead, incarnation: 2 } };
    expect(plan(joining, 0, 6, second, [3])).toBeUndefined();
    expect(planMapChange(joining, observe(joining, 6, second, { members }))).toMatchObject({ type: 'stop-joining' });
  });

  test('if it is up, belongs to the cluster, and is not about to stop', () => {
    expect(plan(OUT, 0, 7, { ...GONE, 6: { report: { leaving: true } } }, [3])).toEqual(replaced(0, 7));
    expect(plan(OUT, 0, 6, { ...GONE, 6: { heardMsAgo: TIMINGS.heartbeatTimeoutMs } }, [3])).toBeUndefined();
    expect(plan(OUT, 0, 6, GONE, [3, 6])).toBeUndefined();
  });
});

test('who has begun to take the places of a node takes the rest, and none of another node', () => {
  const begun = applyAll(OUT, [{ type: 'replace-holder', group: 0, epoch: 2, holder: node(3), by: node(7) }]);
  expect(plan(begun, 1, 7, GONE, [3])).toEqual(replaced(1, 7));

  const ended = applyAll(begun, [{ type: 'replace-holder', group: 1, epoch: 2, holder: node(3), by: node(7) }]);
  const isolated = applyAll(ended, [{ type: 'remove', group: 1, epoch: 2, member: life(4) }]);
  expect(plan(isolated, 1, 7, { ...GONE, 4: { incarnation: 0 } }, [3, 4])).toEqual(replaced(1, 6, 4, 3));
  expect(plan(isolated, 1, 5, { ...GONE, 4: { incarnation: 0 } }, [3, 4])).toBeUndefined();
});

test('a spare that has taken all places of a node holds what that one held: each position once', () => {
  let map = OUT;
  for (const { id } of MAP.groups) {
    const command = plan(map, id, 7, GONE, [3]);
    if (command !== undefined) map = applyMapCommand(map, command, 40 + id);
  }
  const positionsOf = ({ groups }: ClusterMap, number: number): readonly number[] =>
    groups.map(({ holders }) => holders.indexOf(node(number)));
  expect(positionsOf(map, 6)).toEqual(positionsOf(MAP, 3));
  expect(positionsOf(map, 6).toSorted()).toEqual([0, 1, 2, 3, 4]);
  expect(positionsOf(map, 7)).toEqual([-1, -1, -1, -1, -1]);
});
