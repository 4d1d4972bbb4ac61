import { expect, test } from 'vitest';
import { EMPTY_MAP, type Group } from '../../src/cluster/cluster-map.js';
import { reportMap } from '../../src/cluster/map-report.js';
import { groupOf, life, newMap, node } from './some-maps.js';

/** RS(2,1): n1 leads position 0, n2 is learning again, n3 acts for it. */
const GROUP: Group = {
  ...groupOf(newMap(2, 1)),
  epoch: 4,
  inSync: [life(1), life(3)],
  joining: [{ ...life(2, 2), joinIndex: 90 }],
  acting: [null, node(3)],
  lossGeneration: 1,
  loss: 'declared',
};

test('every position is told with its role, its holder and who leads', () => {
  const { groups, ...head } = reportMap({ k: 2, m: 1, groups: [GROUP] }, 91);
  expect(head).toEqual({ k: 2, m: 1, mapIndex: 91 });
  expect(groups).toEqual([
    {
      id: 0,
      epoch: 4,
      lossGeneration: 1,
      loss: 'declared',
      positions: [
        { position: 0, role: 'data', holder: 'n1', state: 'in-sync', incarnation: 101, primary: 'n1' },
        { position: 1, role: 'data', holder: 'n2', state: 'joining', incarnation: 202, primary: 'n3' },
        { position: 2, role: 'parity', holder: 'n3', state: 'in-sync', incarnation: 301, primary: '' },
      ],
    },
  ]);
});

test('a holder that is neither in sync nor learning is out, and nobody leads when nobody acts', () => {
  const { groups } = reportMap({ k: 2, m: 1, groups: [{ ...GROUP, joining: [], acting: [null, null] }] }, 92);
  expect(groups[0]?.positions[1]).toMatchObject({ state: 'out', incarnation: 0, primary: '' });
});

test('a map without groups is told as such', () => {
  expect(reportMap(EMPTY_MAP, 3)).toEqual({ k: 0, m: 0, mapIndex: 3, groups: [] });
});
