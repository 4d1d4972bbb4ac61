import { beforeEach, expect, test } from 'vitest';
import { Leave } from '../../../src/actors/ecc/leave.js';
import { EMPTY_MAP } from '../../../src/cluster/cluster-map.js';
import { applyAll, life, newMap } from '../../cluster/some-maps.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const MAP = newMap(2, 1);
const OUT = [0, 1, 2].map((group) => ({ type: 'remove', group, epoch: 1, member: life(1) }) as const);

let scheduler: VirtualScheduler;
let leave: Leave;
let hasLeft: boolean;

beforeEach(() => {
  scheduler = new VirtualScheduler();
  leave = new Leave(life(1), scheduler);
  hasLeft = false;
});

async function begin(): Promise<void> {
  void leave.begin().then(() => (hasLeft = true));
  await scheduler.settle();
}

test('is over when the node is out of every group', async () => {
  expect(leave.isLeaving).toBe(false);
  await begin();
  for (let count = 0; count < 3; count++) {
    leave.onKnown(applyAll(MAP, OUT.slice(0, count)), false);
    await scheduler.settle();
    expect([leave.isLeaving, hasLeft]).toEqual([true, false]);
  }
  leave.onKnown(applyAll(MAP, OUT), false);
  await scheduler.settle();
  expect(hasLeft).toBe(true);
});

test.each([
  ['there are no groups', () => leave.onKnown(EMPTY_MAP, false)],
  ['nobody could take the node out', () => leave.onKnown(MAP, true)],
  ['the others cannot do without it', () => leave.onRefused()],
])('is over when %s', async (_, tell) => {
  await begin();
  tell();
  await scheduler.settle();
  expect(hasLeft).toBe(true);
});

test('is given up in the end', async () => {
  await begin();
  leave.onKnown(MAP, false);
  await scheduler.advance(9_999);
  expect(hasLeft).toBe(false);
  await scheduler.advance(1);
  expect(hasLeft).toBe(true);
});
