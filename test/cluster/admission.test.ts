import { expect, test } from 'vitest';
import { decideAdmission, type PeerAnswer } from '../../src/cluster/admission.js';
import type { Speaker } from '../../src/cluster/speaker.js';
import { CLUSTER, founders, OTHER_CLUSTER, speaker, THREE } from './some-members.js';

const answer = (other: Speaker, address = `${other.nodeId}:7200`): PeerAnswer => ({ address, speaker: other });

test('alone, a first member waits and knows who is missing', () => {
  expect(decideAdmission(speaker('n2'), THREE, [])).toEqual({ type: 'wait', up: 1, needed: 2, missing: ['n1', 'n3'] });
});

test('a majority of the first members founds the cluster, each under the raft id of its place by name', () => {
  const [n1, n2, n3] = [speaker('n1'), speaker('n2'), speaker('n3')];
  expect(decideAdmission(n3, THREE, [answer(n1)])).toEqual({ type: 'found', raftId: 3 });
  expect(decideAdmission(n1, founders('n3', 'n2', 'n1'), [answer(n2), answer(n3)])).toEqual({
    type: 'found',
    raftId: 1,
  });
});

test('a cluster of one is founded by its only member', () => {
  expect(decideAdmission(speaker('n1'), founders('n1'), [])).toEqual({ type: 'found', raftId: 1 });
});

test('half of four is no majority', () => {
  const four = founders('n1', 'n2', 'n3', 'n4');
  expect(decideAdmission(speaker('n1'), four, [answer(speaker('n2'))])).toMatchObject({
    type: 'wait',
    up: 2,
    needed: 3,
  });
});

test('as soon as one peer belongs to a cluster, that is joined: an empty folder may be one that was lost', () => {
  const belonging = speaker('n2', { clusterId: CLUSTER, raftId: 2 });
  const answers = [answer(speaker('n1')), answer(belonging, 'there:1')];
  expect(decideAdmission(speaker('n3'), THREE, answers)).toEqual({ type: 'join', via: ['there:1'] });
});

test('a node that is not among the first members does not found, but may join', () => {
  const newcomer = speaker('n4');
  const all = ['n1', 'n2', 'n3'].map((nodeId) => answer(speaker(nodeId)));
  expect(decideAdmission(newcomer, THREE, all)).toMatchObject({ type: 'wait', up: 3, missing: [] });
  const member = answer(speaker('n1', { clusterId: CLUSTER }), 'there:1');
  expect(decideAdmission(newcomer, THREE, [member])).toEqual({ type: 'join', via: ['there:1'] });
});

test('a second node of the same name is refused, with the address of the first', () => {
  const admission = decideAdmission(speaker('n1'), THREE, [answer(speaker('n1'), '10.0.0.1:7201')]);
  expect(admission).toMatchObject({ type: 'refused', refusal: { code: 'NODE_ID_IN_USE' } });
  if (admission.type === 'refused') expect(admission.refusal.message).toContain('10.0.0.1:7201');
});

test('its own answer, by way of another address, is not a second node', () => {
  const self = speaker('n1');
  expect(decideAdmission(self, THREE, [answer({ ...self })])).toMatchObject({ type: 'wait', up: 1 });
});

test('a peer that must not be listened to ends the search', () => {
  const ours = speaker('n1', { clusterId: CLUSTER });
  const admission = decideAdmission(ours, THREE, [answer(speaker('n2', { clusterId: OTHER_CLUSTER }))]);
  expect(admission).toMatchObject({ type: 'refused', refusal: { code: 'WRONG_CLUSTER' } });
});
