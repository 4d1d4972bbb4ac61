/** Members and speakers for tests. */
import fc from 'fast-check';
import type { ClusterId, NodeId, RaftId } from '../../src/base/ids.js';
import type { Member, MemberCommand, Members } from '../../src/cluster/members.js';
import { foundersDigest, PEER_PROTOCOL, type Founder, type Speaker } from '../../src/cluster/speaker.js';

export const CLUSTER = '0123456789abcdef0123456789abcdef' as ClusterId;
export const OTHER_CLUSTER = 'fedcba9876543210fedcba9876543210' as ClusterId;

export function member(raftId: number, nodeId = `n${raftId}`): Member {
  const at = (port: number): string => `127.0.0.1:${port + raftId}`;
  return {
    raftId: raftId as RaftId,
    nodeId: nodeId as NodeId,
    controlAddress: at(7200),
    clientAddress: at(7100),
    httpAddress: '',
    dataAddress: '',
  };
}

/** A cluster that n1, n2 and n3 founded, with changes. */
export function membersOf(list: readonly Member[], changed: Partial<Members> = {}): Members {
  const nextRaftId = Math.max(3, ...list.map(({ raftId }) => raftId)) + 1;
  return { clusterId: CLUSTER, list, founders: [1, 2, 3], nextRaftId, expected: [], ...changed };
}

export function founders(...nodeIds: string[]): Founder[] {
  return nodeIds.map((nodeId, i) => ({ nodeId: nodeId as NodeId, controlAddress: `127.0.0.1:${7201 + i}` }));
}

export const THREE = founders('n1', 'n2', 'n3');

let nextIncarnation = 1;

/** A node without a place, of the founders n1, n2, n3, with changes. */
export function speaker(nodeId: string, changed: Partial<Speaker> = {}): Speaker {
  return {
    nodeId: nodeId as NodeId,
    raftId: 0,
    clusterId: '',
    mode: 'raft',
    incarnation: nextIncarnation++,
    founders: foundersDigest(THREE),
    protocol: PEER_PROTOCOL,
    controlAddress: '127.0.0.1:7201',
    clientAddress: '127.0.0.1:7101',
    httpAddress: '',
    dataAddress: '',
    k: 0,
    m: 0,
    ...changed,
  };
}

const someNodeId = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/).map((text) => text as NodeId);
const someClusterId = fc.stringMatching(/^[0-9a-f]{32}$/).map((text) => text as ClusterId);
const someAddress = fc.oneof(fc.constant(''), fc.string({ maxLength: 30 }));

export const someMember: fc.Arbitrary<Member> = fc.record({
  raftId: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map((id) => id as RaftId),
  nodeId: someNodeId,
  controlAddress: someAddress,
  clientAddress: someAddress,
  httpAddress: someAddress,
  dataAddress: someAddress,
});

export const someCommand: fc.Arbitrary<MemberCommand> = fc.oneof(
  fc.record({
    type: fc.constant('found' as const),
    clusterId: someClusterId,
    founders: fc.array(someMember, { maxLength: 4 }),
  }),
  fc.record({ type: fc.constant('update' as const), member: someMember }),
  fc.record({ type: fc.constantFrom('expect' as const, 'unexpect' as const), nodeId: someNodeId }),
);

export const someMembers: fc.Arbitrary<Members> = fc.record({
  clusterId: fc.oneof(fc.constant(undefined), someClusterId),
  list: fc.array(someMember, { maxLength: 4 }),
  founders: fc.array(fc.nat(), { maxLength: 4 }),
  nextRaftId: fc.nat(),
  expected: fc.array(someNodeId, { maxLength: 3 }),
});
