import { expect, test } from 'vitest';
import { checkCode, defaultCode } from '../../src/cluster/code-layout.js';
import { defaultGroups } from '../../src/cluster/default-groups.js';
import { node, nodes } from './some-maps.js';

test.each([
  [1, 1, 0],
  [2, 2, 0],
  [3, 2, 1],
  [4, 3, 1],
  [5, 3, 2],
  [6, 4, 2],
  [12, 10, 2],
  [40, 24, 2],
])('%d nodes use RS(%d, %d) by default', (count, k, m) => {
  expect(defaultCode(count)).toEqual({ k, m });
});

test('every default can be used', () => {
  for (let count = 1; count <= 63; count++) {
    const { k, m } = defaultCode(count);
    expect(checkCode(k, m, count), `${count} nodes`).toBeUndefined();
  }
});

test.each<[number, number, number, RegExp]>([
  [0, 0, 5, /k must be a whole number from 1/],
  [1.5, 0, 5, /k must be a whole number/],
  [25, 0, 63, /k is at most 24/],
  [3, -1, 5, /m must be a whole number from 0/],
  [10, 7, 63, /m is at most 6/],
  [2, 2, 5, /k must be a majority of the 4 nodes/],
  [1, 1, 5, /k must be a majority/],
  [4, 2, 5, /needs 6 nodes, there are 5/],
])('RS(%d, %d) on %d nodes is refused with the reason', (k, m, count, reason) => {
  const refusal = checkCode(k, m, count);
  expect(refusal?.code).toBe('CONFIG_INVALID');
  expect(refusal?.message).toMatch(reason);
});

test('each group begins one node further', () => {
  expect(defaultGroups([node(3), node(1), node(2)], 2, 1)).toEqual([
    [node(1), node(2), node(3)],
    [node(2), node(3), node(1)],
    [node(3), node(1), node(2)],
  ]);
});

test('every node holds every position once', () => {
  const groups = defaultGroups(nodes(5), 3, 2);
  for (let position = 0; position < 5; position++) {
    expect(new Set(groups.map((holders) => holders[position])).size).toBe(5);
  }
});

test('nodes beyond n hold nothing', () => {
  expect(new Set(defaultGroups(nodes(7), 3, 2).flat())).toEqual(new Set(nodes(5)));
});

test('too few nodes are a defect of the caller', () => {
  expect(() => defaultGroups(nodes(4), 3, 2)).toThrow(/a node for every position/);
});
