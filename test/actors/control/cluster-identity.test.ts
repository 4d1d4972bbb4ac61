import { beforeEach, expect, test } from 'vitest';
import { ClusterIdentity } from '../../../src/actors/control/cluster-identity.js';
import type { RaftId } from '../../../src/base/ids.js';
import { encodeMemberCommand } from '../../../src/cluster/member-codec.js';
import type { Entry } from '../../../src/raft/types.js';
import { CLUSTER, member, OTHER_CLUSTER, speaker } from '../../cluster/some-members.js';
import { MemoryRaftLog } from '../../raft/memory-raft-log.js';

const self = speaker('n1');
const founding = (index: number, clusterId = CLUSTER): Entry => {
  const data = encodeMemberCommand({ type: 'found', clusterId, founders: [member(1)] });
  return { term: 1, index, type: 'normal', data };
};
const opening = (index: number): Entry => ({ term: 1, index, type: 'normal', data: new Uint8Array(0) });
const command = (index: number): Entry => ({ term: 1, index, type: 'normal', data: Uint8Array.of(1, 1, 0, 0) });

let log: MemoryRaftLog;
let identity: ClusterIdentity;
beforeEach(() => {
  log = new MemoryRaftLog();
  identity = new ClusterIdentity(log, self);
});

const takeFoundersPlace = (): void => identity.takePlace({ type: 'found', raftId: 2 as RaftId, founders: [1, 2, 3] });

test('a fresh folder has no place', () => {
  expect([identity.raftId, identity.clusterId]).toEqual([0, undefined]);
  expect(identity.speaker()).toMatchObject({ nodeId: 'n1', raftId: 0, clusterId: '' });
});

test('a founder keeps its raft id and the first voters, and belongs to no cluster yet', () => {
  takeFoundersPlace();
  expect(identity.speaker()).toMatchObject({ raftId: 2, clusterId: '' });
  expect(log.initialState().confState.voters).toEqual([1, 2, 3]);
});

test('a node that joins belongs to its cluster from the start', () => {
  identity.takePlace({ type: 'joined', raftId: 4 as RaftId, founders: [1, 2, 3], clusterId: CLUSTER });
  expect(identity.speaker()).toMatchObject({ raftId: 4, clusterId: CLUSTER });
});

test('the founding entry alone binds nobody: it may still be overwritten', () => {
  takeFoundersPlace();
  identity.onAppend([opening(1), founding(2)]);
  expect(identity.clusterId).toBeUndefined();
  identity.onAppend([opening(2), founding(3, OTHER_CLUSTER)]);
  identity.onAppend([command(4)]);
  expect(identity.clusterId).toBe(OTHER_CLUSTER);
});

test('the first entry behind it binds for good, before that is durable', () => {
  takeFoundersPlace();
  identity.onAppend([opening(1), founding(2), opening(3)]);
  expect(identity.clusterId).toBeUndefined();
  identity.onAppend([command(4)]);
  expect(log.identity()?.clusterId).toBe(CLUSTER);
});

test('of two foundings in one log the first counts', () => {
  takeFoundersPlace();
  identity.onAppend([founding(1), founding(2, OTHER_CLUSTER), command(3)]);
  expect(identity.clusterId).toBe(CLUSTER);
});

test('a committed founding binds', () => {
  takeFoundersPlace();
  identity.onAppend([founding(1)]);
  identity.belongTo(CLUSTER);
  expect(identity.clusterId).toBe(CLUSTER);
});

test('what an earlier life had in its log is remembered', () => {
  takeFoundersPlace();
  log.append({ entries: [founding(1)], hardState: { term: 1, vote: 0, commit: 0 }, snapshot: undefined });
  const again = new ClusterIdentity(log, self);
  expect(again.clusterId).toBeUndefined();
  again.onAppend([command(2)]);
  expect(again.clusterId).toBe(CLUSTER);
});
