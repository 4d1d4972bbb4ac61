import { expect, test } from 'vitest';
import { partOf, spareFor } from '../../src/cli/node-places.js';
import { applyAll, life, newMap } from '../cluster/some-maps.js';
import { clusterOf, DOWN, reportOf } from './some-reports.js';

const MAP = newMap(2, 1);

test('a node that is up leads its data positions and holds a place in every group', () => {
  expect(partOf(clusterOf(MAP), 'n2')).toEqual({ led: 2, held: 3 });
});

test('what others lead for it is not its own, and a node that is down or unknown has nothing to hand over', () => {
  const without = applyAll(MAP, [{ type: 'remove', group: 0, epoch: 1, member: life(2) }]);
  expect(partOf(clusterOf(without), 'n2')).toEqual({ led: 1, held: 2 });
  expect(partOf(clusterOf(MAP, { 2: DOWN }), 'n2')).toEqual({ led: 0, held: 0 });
  expect(partOf(clusterOf(MAP), 'n9')).toEqual({ led: 0, held: 0 });
  expect(partOf(clusterOf(undefined), 'n2')).toEqual({ led: 0, held: 0 });
});

test('a spare is a node that is up and holds no place', () => {
  const report = clusterOf(MAP);
  expect(spareFor(report, 'n2')).toBeUndefined();
  const spares = [reportOf(5, 'ecc'), reportOf(4, 'ecc', DOWN), reportOf(6, 'ecc')];
  expect(spareFor({ ...report, nodes: [...report.nodes, ...spares] }, 'n2')).toBe('n5');
  expect(spareFor({ ...report, nodes: [...report.nodes, ...spares] }, 'n5')).toBe('n6');
  expect(spareFor(clusterOf(undefined), 'n2')).toBeUndefined();
});
