import { expect, test } from 'vitest';
import { linkVictim } from '../../src/cluster/link-trouble.js';
import { applyAll, groupOf, life, newMap } from './some-maps.js';
import { observe, waitingFor } from './some-observations.js';

/** RS(3, 2), five groups: every pair of nodes has a link in some group. */
const MAP = newMap(3, 2);

test('one broken link puts the same end out that it would put out from the other side', () => {
  for (const changes of [{ 1: { report: waitingFor(4) } }, { 4: { report: waitingFor(1) } }]) {
    const observed = observe(MAP, 5, changes);
    expect(linkVictim(MAP, groupOf(MAP), observed)).toEqual({ type: 'member', member: life(4) });
    // In group 3, n4 and n5 and n1 hold the data and n2, n3 the parity: n1 and n4 have nothing to say to each other.
    expect(linkVictim(MAP, groupOf(MAP, 3), observed)).toBeUndefined();
  }
});

test('the end with the larger share over all groups leaves, although it is the primary', () => {
  const observed = observe(MAP, 5, { 1: { report: waitingFor(3, 4, 5) } });
  expect(linkVictim(MAP, groupOf(MAP), observed)).toEqual({ type: 'member', member: life(1) });
});

test('links to nodes that are not alive count neither as broken nor as whole', () => {
  const observed = observe(MAP, 5, { 1: { report: waitingFor(4, 5) }, 5: { heardMsAgo: 700 } });
  expect(linkVictim(MAP, groupOf(MAP), observed)).toEqual({ type: 'member', member: life(4) });
});

test('between two primaries the one at the higher position leaves', () => {
  const twoOut = applyAll(MAP, [
    { type: 'remove', group: 0, epoch: 1, member: life(1) },
    { type: 'remove', group: 0, epoch: 2, member: life(5) },
  ]);
  // n4 leads position 0 in place of n1, n2 leads position 1.
  const observed = observe(twoOut, 5, { 1: { incarnation: 0 }, 2: { report: waitingFor(4) }, 5: { incarnation: 0 } });
  expect(linkVictim(twoOut, groupOf(twoOut), observed)).toEqual({ type: 'member', member: life(4) });
});

test('a learner goes before a member, wherever the other end is', () => {
  const joining = applyAll(MAP, [
    { type: 'remove', group: 0, epoch: 1, member: life(5) },
    { type: 'join', group: 0, epoch: 2, member: life(5, 2), replaces: 0 },
  ]);
  const observed = observe(joining, 5, { 1: { report: waitingFor(4, 5) }, 5: { incarnation: 2 } });
  const learner = { ...life(5, 2), joinIndex: 11 };
  expect(linkVictim(joining, groupOf(joining), observed)).toEqual({ type: 'learner', learner });
});

test('an Append that is young is no trouble', () => {
  const report = { unacknowledged: [{ nodeId: life(4).nodeId, ageMs: 1_500 }] };
  expect(linkVictim(MAP, groupOf(MAP), observe(MAP, 5, { 1: { report } }))).toBeUndefined();
});
