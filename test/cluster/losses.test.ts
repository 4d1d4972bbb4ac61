import { describe, expect, test } from 'vitest';
import { applyMapCommand } from '../../src/cluster/apply-map-command.js';
import { EMPTY_MAP } from '../../src/cluster/cluster-map.js';
import { groupsBegunEmpty } from '../../src/cluster/losses.js';
import { life, lives, newMap } from './some-maps.js';

const first = newMap(2, 1);
const afterColdStart = applyMapCommand(
  first,
  {
    type: 'cold-start',
    epochs: first.groups.map(({ epoch }) => epoch),
    members: lives(3, 2),
  },
  20,
);

describe('groups that begin empty', () => {
  test('are told when every node has been started anew', () => {
    expect(groupsBegunEmpty(first, afterColdStart, life(1, 2))).toEqual([0, 1, 2]);
  });

  test('are told once', () => {
    expect(groupsBegunEmpty(afterColdStart, afterColdStart, life(1, 2))).toEqual([]);
  });

  test('are none when the groups are created', () => {
    expect(groupsBegunEmpty(EMPTY_MAP, first, life(1))).toEqual([]);
  });

  test('are none for a life that was not there, and reads about it in the log', () => {
    expect(groupsBegunEmpty(first, afterColdStart, life(1, 3))).toEqual([]);
  });
});
