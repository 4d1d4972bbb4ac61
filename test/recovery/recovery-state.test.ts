import { describe, expect, test } from 'vitest';
import { recoveryState, type EntryGoal, type RecoveringNode } from '../../src/recovery/recovery-state.js';
import { clusterOf, DOWN, eccOf, transferTo } from '../cli/some-reports.js';
import { applyAll, life, newMap } from '../cluster/some-maps.js';

const MAP = newMap(2, 1);
const out = (group: number) => ({ type: 'remove', group, epoch: 1, member: life(3) }) as const;
const joins = (group: number) => ({ type: 'join', group, epoch: 2, member: life(3), replaces: 0 }) as const;
/** n3 is out of groups 0 and 1, and learns in 0. */
const REFILLING = applyAll(MAP, [out(0), out(1), joins(0)]);
const NO_GOALS: ReadonlyMap<string, EntryGoal> = new Map();

function n3(
  cluster: Parameters<typeof recoveryState>[0],
  goals: ReadonlyMap<string, EntryGoal> = NO_GOALS,
): RecoveringNode | undefined {
  return recoveryState(cluster, goals).find(({ nodeId }) => nodeId === 'n3');
}

describe('in ecc mode a node', () => {
  test('that has everything is back', () => {
    expect(recoveryState(clusterOf(MAP), NO_GOALS).map(({ stage, fraction }) => [stage, fraction])).toEqual([
      ['back', 1],
      ['back', 1],
      ['back', 1],
    ]);
  });

  test('that does not answer is down, one that was taken out for good is removed', () => {
    expect(n3(clusterOf(MAP, { 3: DOWN }))).toMatchObject({ stage: 'down', done: 0, total: 3, fraction: 0 });
    const cluster = clusterOf(MAP);
    const rest = { ...cluster, nodes: cluster.nodes.slice(0, 2) };
    expect(n3(rest)).toMatchObject({ stage: 'removed', total: 3 });
  });

  test('that starts says why it does not serve', () => {
    const starting = clusterOf(MAP, { 3: { notServing: 'no lease yet' } });
    expect(n3(starting)).toMatchObject({ stage: 'starting', reason: 'no lease yet' });
  });

  test('that was started anew waits until it is let in, though the map has its old life in sync', () => {
    const anew = clusterOf(MAP, { 3: { ecc: eccOf(3, { incarnation: life(3, 2).incarnation }) } });
    expect(n3(anew)).toMatchObject({ stage: 'waiting', done: 0, total: 3 });
  });

  test('that is sent segments counts the groups it is in sync in, and the part of the others that it has', () => {
    const fed = clusterOf(REFILLING, { 1: { ecc: eccOf(1, { transfers: [transferTo(3)] }) } });
    expect(n3(fed)).toMatchObject({
      stage: 'refilling',
      done: 1,
      total: 3,
      fraction: (1 + 0.25) / 3,
      bytes: { doneBytes: 1_024, totalBytes: 4_096, leftMs: 6_000 },
    });
  });

  test('that has everything hands back while others lead what is its', () => {
    const cluster = clusterOf(MAP);
    const groups = (cluster.map?.groups ?? []).map((group) => ({
      ...group,
      positions: group.positions.map((position) => ({
        ...position,
        primary: position.role === 'data' ? 'n1' : '',
      })),
    }));
    expect(n3({ ...cluster, map: cluster.map && { ...cluster.map, groups } })).toMatchObject({
      stage: 'handing-back',
      done: 3,
      fraction: 1,
    });
  });
});

describe('in raft mode a node', () => {
  const goals = new Map([['n3', { from: 100, to: 300 }]]);

  test('catches up from where it was to what was committed when it was first seen', () => {
    const behind = (applied: number): RecoveringNode | undefined => n3(clusterOf(undefined, { 3: { applied } }), goals);
    expect(behind(150)).toMatchObject({ stage: 'catching-up', done: 150, total: 300, fraction: 0.25 });
    expect(behind(320)).toMatchObject({ stage: 'back', done: 300, fraction: 1 });
  });

  test('that is sent a snapshot is as far as that is', () => {
    const snapshots = [{ nodeId: 'n3', totalBytes: 4_000, doneBytes: 1_000, bytesPerSecond: 1_000 }];
    const sent = clusterOf(undefined, { 1: { snapshots }, 3: { role: 'learner', applied: 0 } });
    expect(n3(sent, goals)).toMatchObject({
      stage: 'learning',
      fraction: 0.25,
      bytes: { leftMs: 3_000, keptBytes: 0 },
    });
  });

  test('that does not vote yet learns, though it has all entries', () => {
    const learner = clusterOf(undefined, { 3: { role: 'learner', applied: 300 } });
    expect(n3(learner, goals)).toMatchObject({ stage: 'learning', fraction: 1 });
  });
});
