import { beforeEach, describe, expect, test } from 'vitest';
import { MemberTable } from '../../../src/actors/control/member-table.js';
import { PeerGate } from '../../../src/actors/control/peer-gate.js';
import type { NodeId } from '../../../src/base/ids.js';
import { PEER_PROTOCOL, type Speaker } from '../../../src/cluster/speaker.js';

const CLUSTER = '0123456789abcdef0123456789abcdef';

function speaker(nodeId: string, changed: Partial<Speaker> = {}): Speaker {
  const addresses = { controlAddress: 'h:1', clientAddress: 'h:2', httpAddress: '', dataAddress: '' };
  const common = {
    raftId: 0,
    clusterId: '',
    mode: 'raft',
    incarnation: 7,
    founders: 'f',
    protocol: PEER_PROTOCOL,
    k: 0,
    m: 0,
  } as const;
  return { nodeId: nodeId as NodeId, ...common, ...addresses, ...changed };
}

let gate: PeerGate;
beforeEach(() => {
  gate = new PeerGate(new MemberTable());
});

describe('while a cluster is founded', () => {
  const self = speaker('n2', { raftId: 2 });

  test('newcomers and founders are listened to', () => {
    expect(() => gate.admit(self, speaker('n1'))).not.toThrow();
    expect(() => gate.admit(self, speaker('n1', { raftId: 1 }))).not.toThrow();
  });

  test('a founder that comes back empty is turned away: it may have voted', () => {
    gate.admit(self, speaker('n1', { raftId: 1 }));
    expect(() => gate.admit(self, speaker('n1', { incarnation: 8 }))).toThrow(/has lost its disk since/);
  });

  test('a founder that comes back with its disk goes on', () => {
    gate.admit(self, speaker('n1', { raftId: 1 }));
    expect(() => gate.admit(self, speaker('n1', { raftId: 1, incarnation: 8 }))).not.toThrow();
  });
});

test('once there is a cluster, a founder that comes back empty may ask to join', () => {
  gate.admit(speaker('n2', { raftId: 2 }), speaker('n1', { raftId: 1 }));
  const self = speaker('n2', { raftId: 2, clusterId: CLUSTER });
  expect(() => gate.admit(self, speaker('n1', { incarnation: 8 }))).not.toThrow();
});

test('a speaker of another cluster, mode or protocol is told why it is not listened to', () => {
  const self = speaker('n2', { raftId: 2, clusterId: CLUSTER });
  const other = CLUSTER.replaceAll('0', 'f');
  expect(() => gate.admit(self, speaker('n1', { raftId: 1, clusterId: other }))).toThrow(/belongs to cluster/);
  expect(() => gate.admit(self, speaker('n1', { mode: 'ecc' }))).toThrow(/--mode/);
  expect(() => gate.admit(self, speaker('n1', { protocol: PEER_PROTOCOL + 1 }))).toThrow(/same version/);
});
