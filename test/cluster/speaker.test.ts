import { expect, test } from 'vitest';
import { foundersDigest, PEER_PROTOCOL, refuseSpeaker, type Speaker } from '../../src/cluster/speaker.js';
import { CLUSTER, founders, OTHER_CLUSTER, speaker, THREE } from './some-members.js';

test('the digest of the first members depends on their names, not on order or addresses', () => {
  const elsewhere = founders('n3', 'n1', 'n2').map((founder) => ({ ...founder, controlAddress: '10.0.0.1:1' }));
  expect(foundersDigest(elsewhere)).toBe(foundersDigest(THREE));
  expect(foundersDigest(founders('n1', 'n2'))).not.toBe(foundersDigest(THREE));
});

test('nodes that found a cluster together listen to each other', () => {
  expect(refuseSpeaker(speaker('n1'), speaker('n2'))).toBeUndefined();
});

test('another version of the protocol is refused, with what to do', () => {
  const refusal = refuseSpeaker(speaker('n1'), speaker('n2', { protocol: PEER_PROTOCOL + 1 }));
  expect(refusal?.code).toBe('CONFIG_INVALID');
  expect(refusal?.message).toContain('run the same version of dcache on both');
});

test('another mode is refused, with the flag', () => {
  const refusal = refuseSpeaker(speaker('n1'), speaker('n2', { mode: 'ecc' }));
  expect(refusal?.code).toBe('CONFIG_INVALID');
  expect(refusal?.message).toBe(
    'n1 runs in raft mode, n2 in ecc mode: start all nodes of a cluster with the same --mode',
  );
});

test('another code is refused, with both', () => {
  const ecc = (nodeId: string, k: number, m: number): Speaker => speaker(nodeId, { mode: 'ecc', k, m });
  expect(refuseSpeaker(ecc('n1', 3, 2), ecc('n2', 3, 2))).toBeUndefined();
  for (const other of [ecc('n2', 3, 1), ecc('n2', 2, 2)]) {
    const refusal = refuseSpeaker(ecc('n1', 3, 2), other);
    expect(refusal?.code).toBe('CONFIG_INVALID');
    expect(refusal?.message).toContain(`n1 runs with RS(3,2), n2 with RS(${other.k},${other.m})`);
  }
});

test('a node of another cluster is refused, with both names', () => {
  const [ours, theirs] = [speaker('n1', { clusterId: CLUSTER }), speaker('n2', { clusterId: OTHER_CLUSTER })];
  expect(refuseSpeaker(ours, theirs)?.code).toBe('WRONG_CLUSTER');
  expect(refuseSpeaker(ours, theirs)?.message).toContain(CLUSTER);
  expect(refuseSpeaker(ours, theirs)?.message).toContain(OTHER_CLUSTER);
});

test('different lists of first members are refused while a cluster is founded', () => {
  const other = foundersDigest(founders('n1', 'n2'));
  expect(refuseSpeaker(speaker('n1'), speaker('n2', { founders: other }))?.code).toBe('CONFIG_INVALID');
});

test('once one of both belongs to a cluster, what it was founded from does not matter', () => {
  const other = foundersDigest(founders('n1', 'n2', 'n3', 'n4'));
  const joining = speaker('n4', { founders: other });
  expect(refuseSpeaker(speaker('n1', { clusterId: CLUSTER }), joining)).toBeUndefined();
  expect(refuseSpeaker(joining, speaker('n1', { clusterId: CLUSTER }))).toBeUndefined();
});
