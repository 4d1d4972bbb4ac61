import { describe, expect, test } from 'vitest';
import { reportMap } from '../../src/cluster/map-report.js';
import {
  committedIn,
  isBack,
  isWhole,
  removedHolders,
  type ReportedCluster,
  type ReportedNode,
} from '../../src/cluster/redundancy.js';
import { applyAll, life, newMap } from './some-maps.js';

const MAP = newMap(2, 1);

const node = (number: number, changed: Partial<ReportedNode> = {}): ReportedNode => ({
  nodeId: `n${number}`,
  up: true,
  notServing: '',
  role: number === 1 ? 'leader' : 'follower',
  applied: 9,
  clusterSize: 3,
  ecc: { incarnation: life(number).incarnation },
  ...changed,
});
const cluster = (
  map: typeof MAP | undefined,
  changed: Readonly<Record<number, Partial<ReportedNode>>> = {},
): ReportedCluster => ({
  nodes: [1, 2, 3].map((number) => node(number, changed[number])),
  map: map && reportMap(map, 9),
});

describe('a cluster is whole', () => {
  test('when all nodes are in sync and lead what is theirs, or vote and have applied what there was', () => {
    expect(isWhole(cluster(MAP))).toBe(true);
    expect(isWhole(cluster(undefined), 9)).toBe(true);
    expect(isWhole(cluster(undefined), 10)).toBe(false);
  });

  test.each<[string, ReportedCluster | undefined]>([
    ['nobody answers', undefined],
    ['nobody leads', cluster(MAP, { 1: { role: 'follower' } })],
    ['one is down', cluster(MAP, { 2: { up: false, ecc: undefined } })],
    ['one does not serve', cluster(undefined, { 2: { notServing: 'it starts' } })],
    ['one does not vote', cluster(undefined, { 3: { role: 'learner' } })],
    ['a process life that the map has is over', cluster(MAP, { 3: { ecc: { incarnation: 7 } } })],
    ['one is out of a group', cluster(applyAll(MAP, [{ type: 'remove', group: 0, epoch: 1, member: life(3) }]))],
    ['the groups have not been created', { ...cluster(MAP), map: { k: 0, m: 0, mapIndex: 3, groups: [] } }],
    ['a holder was taken out of the cluster', { ...cluster(MAP), nodes: [node(1), node(2)] }],
  ])('not while %s', (_, seen) => {
    expect(isWhole(seen)).toBe(false);
  });

  test('not while somebody else leads what a node holds', () => {
    const whole = cluster(MAP);
    const groups = whole.map?.groups.map((group) => ({
      ...group,
      positions: group.positions.map((position) =>
        position.holder === 'n2' && position.role === 'data' ? { ...position, primary: 'n3' } : position,
      ),
    }));
    const led = { ...whole, map: whole.map && { ...whole.map, groups: groups ?? [] } };
    expect(led.nodes.every((each) => isBack(led, each))).toBe(true);
    expect(isWhole(led)).toBe(false);
  });
});

test('a learner is back when as many vote as may', () => {
  const learner = node(8, { role: 'learner', clusterSize: 7 });
  expect(isBack(cluster(undefined), learner, 9)).toBe(true);
});

test('who was taken out for good, and still has places, is named', () => {
  expect(removedHolders({ ...cluster(MAP), nodes: [node(1)] })).toEqual(['n2', 'n3']);
  expect(removedHolders(cluster(undefined))).toEqual([]);
});

test('what is committed is the largest that any node knows', () => {
  expect(committedIn({ nodes: [{ commit: 3 }, { commit: 8 }] })).toBe(8);
  expect(committedIn(undefined)).toBe(0);
});
