import { describe, expect, test } from 'vitest';
import type { ClusterReport } from '../../../src/adapters/grpc/backend.js';
import { explain, explanationInWords } from '../../../src/cli/recover/explanation.js';
import { recoveryState } from '../../../src/recovery/recovery-state.js';
import { applyAll, life, newMap } from '../../cluster/some-maps.js';
import { clusterOf, DOWN, eccOf, transferTo } from '../some-reports.js';

const MAP = newMap(2, 1);
const OUT = applyAll(MAP, [{ type: 'remove', group: 0, epoch: 1, member: life(1) }]);
const LEARNS = applyAll(OUT, [{ type: 'join', group: 0, epoch: 2, member: life(1), replaces: 0 }]);

const explained = (cluster: ClusterReport) => explain(cluster, recoveryState(cluster, new Map()));

describe('an explanation', () => {
  test('of a cluster that is whole is one sentence', () => {
    expect(explanationInWords(explained(clusterOf(MAP)))).toBe(
      'cluster 01234567, ecc mode, RS(2,1): serving; 1 more node may fail\n\nEverything is where it should be.',
    );
  });

  test('of a node that is down says who answers in its place, and how it is started', () => {
    const told = explained(clusterOf(OUT, { 1: { ...DOWN }, 2: { role: 'leader' } }));
    expect(told.missing).toEqual([
      'n1 does not answer',
      'group 0 is worst off: 2 of its 3 nodes are up and in sync, 2 it needs',
    ]);
    expect(told.underWay).toEqual(['n3 leads partition 0 of group 0 in place of n1: no request fails for it']);
    expect(told.toDo).toEqual([
      'start n1 on its machine: dcache node start --id n1 --mode ecc --nodes 3 --k 2 --m 1',
      'or another machine in its place: the same with --replace and its own addresses',
    ]);
    const text = explanationInWords(told);
    expect(text).toContain('What is missing\n  - n1 does not answer\n');
    expect(text).toMatch(/In which order, and why\n {2}1\. Requests come first/);
  });

  test('of a node that is refilled says by whom, and that nobody has to do anything', () => {
    const feeder = { ecc: eccOf(3, { transfers: [transferTo(1)] }) };
    const told = explained(clusterOf(LEARNS, { 3: feeder }));
    expect(told.missing[0]).toBe(
      'n1 is up, but what it holds is old or gone: it is in sync in 2 of the 3 groups that it has a place in',
    );
    expect(told.underWay).toEqual([
      'n3 sends n1 what it lacks: refills, 1.0 KiB of 4.0 KiB, 512 B a second, 6 s left, 2 of 3 groups in sync',
    ]);
    expect(explanationInWords(told)).toContain('What you can do\n  - nothing: it goes on by itself');
  });

  test('of a node that was taken out for good says that a spare gets its places', () => {
    const cluster = clusterOf(OUT);
    const told = explained({ ...cluster, nodes: cluster.nodes.slice(1), up: 2 });
    expect(told.missing[0]).toBe('n1 was taken out of the cluster for good, and its places in 3 groups are empty');
    expect(told.toDo[0]).toMatch(/^start a spare, a node of another name: it gets the places of n1 /);
  });

  test('of a loss says what decides it', () => {
    const told = explained(clusterOf(OUT, { 2: { ecc: eccOf(2, { lostGroups: [0] }) } }));
    expect(told.toDo).toContainEqual(expect.stringContaining('dcache cluster recover --accept-data-loss'));
    const declared = { ...MAP, groups: MAP.groups.map((group) => ({ ...group, loss: 'declared' as const })) };
    expect(explained(clusterOf(declared)).toDo).toEqual([
      'data were given up. Take note of it: dcache cluster recover --acknowledge-loss',
    ]);
  });

  test('in raft mode uses the same words, and speaks of entries and votes', () => {
    const told = explained(clusterOf(undefined, { 2: DOWN, 3: { role: 'learner' } }));
    expect(told.missing).toEqual(['n2 does not answer', 'n3 does not vote yet; it has 9 of 9 entries']);
    expect(told.underWay).toEqual([
      'n1, which leads, sends n3 what it lacks: learns, entry 9 of 9; it votes when it has caught up',
    ]);
    expect(told.toDo[0]).toBe('start n2 on its machine: dcache node start --id n2 --mode raft --nodes 3');
  });
});
