import { expect, test } from 'vitest';
import type { ClusterId, NodeId } from '../../src/base/ids.js';
import { describeShortage, majorityOf, sameView, type ClusterView } from '../../src/cluster/view.js';

test.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 3],
  [5, 3],
  [7, 4],
])('of %d nodes a majority is %d', (count, majority) => {
  expect(majorityOf(count)).toBe(majority);
});

const VIEW: ClusterView = {
  nodeId: 'n1' as NodeId,
  raftId: 1,
  clusterId: undefined,
  role: 'follower',
  term: 1,
  leader: 0,
  members: [],
  voters: [1, 2, 3],
  size: 3,
  needed: 2,
  up: 1,
  missing: ['n2', 'n3'],
};

test('a shortage is told in numbers', () => {
  expect(describeShortage(VIEW)).toBe('1 of 3 nodes up, 2 needed');
});

test('views are the same when they say the same, in whatever lists', () => {
  expect(sameView(VIEW, { ...VIEW, voters: [1, 2, 3], missing: ['n2', 'n3'] })).toBe(true);
});

/** Of every field, another value. */
const OTHERS: Required<ClusterView> = {
  nodeId: 'n2' as NodeId,
  raftId: 2,
  clusterId: '0'.repeat(32) as ClusterId,
  role: 'leader',
  term: 2,
  leader: 1,
  members: [],
  voters: [1, 2],
  size: 2,
  needed: 1,
  up: 2,
  missing: ['n3', 'n2'],
};

test.each(Object.keys(OTHERS) as (keyof ClusterView)[])('views that differ in %s are not the same', (field) => {
  expect(sameView(VIEW, { ...VIEW, [field]: OTHERS[field] })).toBe(false);
});
