import { describe, expect, test } from 'vitest';
import type { NodeReport } from '../../../src/adapters/grpc/backend.js';
import { describeEvent, type RecoveryEvent } from '../../../src/cli/recover/recovery-events.js';
import { RecoveryWatch } from '../../../src/cli/recover/recovery-watch.js';
import { applyAll, life, newMap } from '../../cluster/some-maps.js';
import { clusterOf, DOWN, eccOf, transferTo } from '../some-reports.js';

const MAP = newMap(2, 1);
const OUT = applyAll(MAP, [{ type: 'remove', group: 0, epoch: 1, member: life(3) }]);
const LEARNS = applyAll(OUT, [{ type: 'join', group: 0, epoch: 2, member: life(3), replaces: 0 }]);
const START = 'dcache node start --id n3 --mode ecc --nodes 3 --k 2 --m 1';

const names = (events: readonly RecoveryEvent[]): string[] =>
  events.map((event) => (event.event === 'progress' ? `${event.node} ${event.stage}` : event.event));

describe('the watch over a recovery', () => {
  test('is over at the first look at a cluster that is whole', () => {
    const watch = new RecoveryWatch([]);
    expect(watch.observe(clusterOf(MAP), 0)).toEqual([]);
    expect([watch.verdict, watch.isOver(0), watch.missing]).toEqual(['whole', true, []]);
  });

  test('says what starts a node that is down, follows it, and says when it is back', () => {
    const watch = new RecoveryWatch([]);
    expect(watch.observe(clusterOf(OUT, { 3: DOWN }), 0)).toEqual([
      expect.objectContaining({ event: 'progress', node: 'n3', stage: 'down' }),
      { event: 'start-it-now', node: 'n3', command: START },
    ]);
    expect(watch.observe(clusterOf(OUT, { 3: DOWN }), 250)).toEqual([]);
    expect([watch.verdict, watch.isOver(250)]).toEqual(['not-whole', false]);
    expect(names(watch.observe(clusterOf(OUT), 500))).toEqual(['n3 waiting']);
    const fed = clusterOf(LEARNS, { 1: { ecc: eccOf(1, { transfers: [transferTo(3)] }) } });
    const [progress] = watch.observe(fed, 750);
    expect(progress && describeEvent(progress)).toBe(
      'n3: 75%, refills, 1.0 KiB of 4.0 KiB, 512 B a second, 6 s left, 2 of 3 groups in sync',
    );
    expect(watch.observe(clusterOf(MAP), 1_250)).toEqual([{ event: 'back', node: 'n3', elapsedMs: 1_250 }]);
    expect(watch.verdict).toBe('whole');
  });

  test('does not take a node that was up for down at once', () => {
    const watch = new RecoveryWatch([]);
    watch.observe(clusterOf(MAP), 0);
    const seen = [100, 2_000, 3_100, 4_000].map((nowMs) => names(watch.observe(clusterOf(MAP, { 3: DOWN }), nowMs)));
    expect(seen).toEqual([['n3 down'], [], ['start-it-now'], []]);
  });

  test('looks only at the nodes that it was asked for', () => {
    const watch = new RecoveryWatch(['n2']);
    expect(watch.observe(clusterOf(OUT, { 3: DOWN }), 0)).toEqual([]);
    expect([watch.verdict, watch.isOver(0)]).toEqual(['whole', true]);
    expect(() => new RecoveryWatch(['n7']).observe(clusterOf(MAP), 0)).toThrow(
      'the cluster has no node called n7; it has n1, n2, n3. A new one may join after `dcache cluster add n7`',
    );
  });

  test('goes on while nobody answers, and says so once', () => {
    const watch = new RecoveryWatch([]);
    watch.observe(clusterOf(OUT), 0);
    expect(watch.observe(undefined, 250)).toEqual([{ event: 'unreachable' }]);
    expect(watch.observe(undefined, 500)).toEqual([]);
    expect([watch.verdict, watch.isOver(500)]).toEqual(['not-whole', false]);
  });
});

describe('a loss', () => {
  const lost = (groups: readonly number[]): Partial<NodeReport> => ({ ecc: eccOf(2, { lostGroups: groups }) });

  test('that waits for a decision ends the watch, unless it is decided by itself in a moment', () => {
    const watch = new RecoveryWatch([]);
    const cluster = clusterOf(OUT, { 2: lost([0, 2]) });
    expect(watch.observe(cluster, 0)).toContainEqual({ event: 'lost', groups: [0, 2] });
    expect([watch.verdict, watch.isOver(0)]).toEqual(['loss', false]);
    watch.observe(cluster, 5_000);
    expect(watch.isOver(5_000)).toBe(true);
    watch.observe(clusterOf(OUT), 5_250);
    expect([watch.verdict, watch.isOver(5_250)]).toEqual(['not-whole', false]);
  });

  test('that was declared and not acknowledged is the verdict when all nodes are back', () => {
    const watch = new RecoveryWatch([]);
    const cluster = clusterOf({ ...MAP, groups: MAP.groups.map((group) => ({ ...group, loss: 'declared' })) });
    watch.observe(cluster, 0);
    expect([watch.verdict, watch.isOver(0)]).toEqual(['loss', true]);
  });
});

describe('in raft mode', () => {
  test('a follower that is far behind has caught up with what was committed when it was first seen', () => {
    const watch = new RecoveryWatch([]);
    const at = (commit: number, applied: number) =>
      clusterOf(undefined, { 1: { commit, applied: commit }, 2: { commit, applied: commit }, 3: { applied } });
    expect(names(watch.observe(at(10_000, 4_000), 0))).toEqual(['n3 catching-up']);
    const [progress] = watch.observe(at(20_000, 7_000), 250);
    expect(progress && describeEvent(progress)).toBe('n3: 50%, catches up, entry 7000 of 10000');
    expect(names(watch.observe(at(20_000, 19_900), 500))).toEqual(['back']);
    expect(watch.verdict).toBe('whole');
  });

  test('a follower of a busy cluster, a little behind, has everything', () => {
    const watch = new RecoveryWatch([]);
    expect(watch.observe(clusterOf(undefined, { 1: { commit: 500 } }), 0)).toEqual([]);
    expect(watch.verdict).toBe('whole');
  });
});
