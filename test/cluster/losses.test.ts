import { describe, expect, test } from 'vitest';
import { applyMapCommand } from '../../src/cluster/apply-map-command.js';
import { EMPTY_MAP } from '../../src/cluster/cluster-map.js';
import { groupsThatLost } from '../../src/cluster/losses.js';
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
    expect(groupsThatLost('began-empty', first, afterColdStart, life(1, 2))).toEqual([0, 1, 2]);
  });

  test('are told once', () => {
    expect(groupsThatLost('began-empty', afterColdStart, afterColdStart, life(1, 2))).toEqual([]);
  });

  test('are none when the groups are created', () => {
    expect(groupsThatLost('began-empty', EMPTY_MAP, first, life(1))).toEqual([]);
  });

  test('are none for a life that was not there, and reads about it in the log', () => {
    expect(groupsThatLost('began-empty', first, afterColdStart, life(1, 3))).toEqual([]);
  });

  test('are others than those of a declared loss', () => {
    expect(groupsThatLost('declared', first, afterColdStart, life(1, 2))).toEqual([]);
    const survivors = [life(2)];
    const beginners = [life(1, 2)];
    const lost = applyMapCommand(first, { type: 'accept-loss', group: 0, epoch: 1, survivors, beginners }, 20);
    expect(groupsThatLost('declared', first, lost, life(2))).toEqual([0]);
    expect(groupsThatLost('began-empty', first, lost, life(2))).toEqual([]);
  });
});
