import { expect, test } from 'vitest';
import { Budget, type Charge } from './budget.js';

const LATER_MS = 10_000;

function taken(budget: Budget, ...nodes: string[]): Charge {
  const charge = budget.take(nodes);
  if (charge === undefined) throw new Error(`${nodes.join('-')} is too much`);
  return charge;
}

test('no more nodes suffer than are tolerated, and those who do may be hit again', () => {
  const budget = new Budget(2);
  taken(budget, 'n1');
  taken(budget, 'n2');
  expect(budget.take(['n3'])).toBeUndefined();
  taken(budget, 'n1');
  expect(budget.suffering).toEqual(['n1', 'n2']);
});

test('a link counts as one of its ends', () => {
  const budget = new Budget(2);
  taken(budget, 'n1', 'n2');
  taken(budget, 'n3', 'n4');
  expect(budget.take(['n5'])).toBeUndefined();
  expect(budget.take(['n1', 'n3'])).toBeUndefined();
});

test('a node may not die while the other end of a link of its own may be away', () => {
  const budget = new Budget(2);
  taken(budget, 'n3');
  taken(budget, 'n4', 'n5');
  expect(budget.take(['n4'])).toBeUndefined();
});

test('a node that is away for another reason counts, until all are seen in their places', () => {
  const budget = new Budget(1);
  budget.observe(['n3'], 0);
  expect(budget.take(['n1'])).toBeUndefined();
  taken(budget, 'n3');
  expect(budget.suffering).toEqual(['n3']);
});

test('what a node has gone through stays counted while a link of it is disturbed', () => {
  const budget = new Budget(2);
  const down = taken(budget, 'n1');
  const cut = taken(budget, 'n1', 'n2');
  budget.mended(down, 0);
  budget.observe([], LATER_MS);
  expect(budget.suffering, 'the link is still cut').toEqual(['n1', 'n2']);
  budget.mended(cut, LATER_MS);
  budget.observe([], 2 * LATER_MS);
  expect(budget.isClear).toBe(true);
});

test('a fault is forgotten only when all are seen in their places a while after it was over', () => {
  const budget = new Budget(1);
  const pause = taken(budget, 'n1');
  budget.observe([], LATER_MS);
  budget.mended(pause, LATER_MS);
  expect(budget.afflicted.size).toBe(0);
  budget.observe([], LATER_MS + 100);
  expect(budget.take(['n2']), 'its removal may be on its way').toBeUndefined();
  budget.observe([], 2 * LATER_MS);
  taken(budget, 'n2');
});

test('what concerns one node that nobody knows counts as one', () => {
  const budget = new Budget(1);
  taken(budget);
  expect(budget.take(['n1'])).toBeUndefined();
});
