import { expect, test } from 'vitest';
import type { NodeId } from '../../src/base/ids.js';
import { describeShortage, majorityOf, type ClusterView } from '../../src/cluster/view.js';

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

test('a shortage is told in numbers', () => {
  const view: ClusterView = {
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
  expect(describeShortage(view)).toBe('1 of 3 nodes up, 2 needed');
});
