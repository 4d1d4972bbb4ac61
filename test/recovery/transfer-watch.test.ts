import { beforeEach, describe, expect, test } from 'vitest';
import type { ClusterMap } from '../../src/cluster/cluster-map.js';
import { TransferWatch, type TransferProgress } from '../../src/recovery/transfer-watch.js';
import { life, newMap } from '../cluster/some-maps.js';

const LEARNER = life(3);
const progress = (doneBytes: number, changed: Partial<TransferProgress> = {}): TransferProgress => ({
  group: 0,
  position: 0,
  ...LEARNER,
  totalBytes: 10_000,
  doneBytes,
  keptBytes: 0,
  ...changed,
});

/** All in sync, but for groups in which n3 learns. */
function mapWith(learning: readonly number[]): ClusterMap {
  const map = newMap(2, 1);
  const groups = map.groups.map((group) => {
    if (!learning.includes(group.id)) return group;
    const inSync = group.inSync.filter(({ nodeId }) => nodeId !== LEARNER.nodeId);
    return { ...group, inSync, joining: [{ ...LEARNER, joinIndex: 9 }] };
  });
  return { ...map, groups };
}

describe('the watch over transfers', () => {
  let watch: TransferWatch;
  beforeEach(() => {
    watch = new TransferWatch();
  });

  test('measures how fast they go, over the last two seconds', () => {
    for (let nowMs = 0; nowMs <= 4_000; nowMs += 50) watch.observe([progress(nowMs)], mapWith([0]), nowMs);
    expect(watch.reports[0]?.bytesPerSecond).toBe(1_000);
    for (let nowMs = 4_050; nowMs <= 6_500; nowMs += 50) watch.observe([progress(4_000)], mapWith([0]), nowMs);
    expect(watch.reports[0]?.bytesPerSecond).toBe(0);
  });

  test('begins again with a stream that was begun again', () => {
    for (let nowMs = 0; nowMs <= 1_000; nowMs += 50) watch.observe([progress(5 * nowMs)], mapWith([0]), nowMs);
    watch.observe([progress(100)], mapWith([0]), 1_050);
    watch.observe([progress(200)], mapWith([0]), 1_150);
    expect(watch.reports).toMatchObject([{ doneBytes: 200, bytesPerSecond: 1_000 }]);
  });

  test('tells of one that has come to its end as long as the node learns in another group', () => {
    watch.observe([progress(9_000), progress(0, { group: 1 })], mapWith([0, 1]), 0);
    watch.observe([progress(100, { group: 1 })], mapWith([1]), 50);
    expect(watch.reports).toMatchObject([
      { group: 0, doneBytes: 10_000, bytesPerSecond: 0 },
      { group: 1, doneBytes: 100 },
    ]);
    watch.observe([], mapWith([]), 100);
    expect(watch.reports).toEqual([]);
  });

  test('forgets one that has broken', () => {
    watch.observe([progress(9_000)], mapWith([0]), 0);
    watch.observe([], mapWith([0]), 50);
    expect(watch.reports).toEqual([]);
  });
});
