import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NodeId } from '../../src/base/ids.js';
import {
  applyMemberCommand,
  applyMembershipChange,
  memberByNodeId,
  memberByRaftId,
  NO_MEMBERS,
  sameMember,
  type Members,
} from '../../src/cluster/members.js';
import { CLUSTER, member, membersOf, OTHER_CLUSTER, someCommand } from './some-members.js';

const FOUNDED = applyMemberCommand(NO_MEMBERS, {
  type: 'found',
  clusterId: CLUSTER,
  founders: [member(2), member(1), member(3)],
});
const idsOf = (members: Members): number[] => members.list.map(({ raftId }) => raftId);

test('the first founding gives the cluster its id, members and raft ids', () => {
  expect(FOUNDED.clusterId).toBe(CLUSTER);
  expect(idsOf(FOUNDED)).toEqual([1, 2, 3]);
  expect(FOUNDED.founders).toEqual([1, 2, 3]);
  expect(FOUNDED.nextRaftId).toBe(4);
});

test('a later founding has no effect', () => {
  const later = applyMemberCommand(FOUNDED, { type: 'found', clusterId: OTHER_CLUSTER, founders: [member(9)] });
  expect(later).toBe(FOUNDED);
});

test('a member tells new addresses; a raft id that is not listed, or has another name, changes nothing', () => {
  const moved = { ...member(2), clientAddress: '10.0.0.1:7101' };
  const after = applyMemberCommand(FOUNDED, { type: 'update', member: moved });
  expect(memberByRaftId(after, 2)).toEqual(moved);
  expect(applyMemberCommand(FOUNDED, { type: 'update', member: member(9) })).toBe(FOUNDED);
  expect(applyMemberCommand(FOUNDED, { type: 'update', member: member(2, 'n7') })).toBe(FOUNDED);
});

test('expected names are kept once, in order, until they are taken back or join', () => {
  const expecting = ['n5', 'n4', 'n5'].reduce(
    (members, nodeId) => applyMemberCommand(members, { type: 'expect', nodeId: nodeId as NodeId }),
    FOUNDED,
  );
  expect(expecting.expected).toEqual(['n4', 'n5']);
  const without = applyMemberCommand(expecting, { type: 'unexpect', nodeId: 'n5' as NodeId });
  expect(without.expected).toEqual(['n4']);
  expect(applyMembershipChange(without, [member(4)], []).expected).toEqual([]);
});

test('a membership change lists those it adds, drops those it removes, and moves the next raft id on', () => {
  const replaced = applyMembershipChange(FOUNDED, [member(4, 'n2')], [2]);
  expect(idsOf(replaced)).toEqual([1, 3, 4]);
  expect(replaced.nextRaftId).toBe(5);
});

test('a raft id that was removed is never given out again', () => {
  const gone = applyMembershipChange(applyMembershipChange(FOUNDED, [member(4)], []), [], [4]);
  expect(idsOf(gone)).toEqual([1, 2, 3]);
  expect(gone.nextRaftId).toBe(5);
});

test('of two members with one name the newer is meant', () => {
  const both = membersOf([member(1), member(2), member(3), member(4, 'n2')]);
  expect(memberByNodeId(both, 'n2')?.raftId).toBe(4);
});

test('members are the same when every field is', () => {
  expect(sameMember(member(1), member(1))).toBe(true);
  for (const field of ['nodeId', 'controlAddress', 'clientAddress', 'httpAddress', 'dataAddress'] as const) {
    expect(sameMember(member(1), { ...member(1), [field]: 'other' }), field).toBe(false);
  }
  expect(sameMember(member(1, 'n'), member(2, 'n'))).toBe(false);
});

test('whatever is applied, the list ascends, the next raft id does not go back, and the cluster keeps its id', () => {
  fc.assert(
    fc.property(fc.array(someCommand, { maxLength: 12 }), (commands) => {
      let members = NO_MEMBERS;
      for (const command of commands) {
        const after = applyMemberCommand(members, command);
        const ids = idsOf(after);
        expect([...ids].sort((a, b) => a - b)).toEqual(ids);
        expect(after.nextRaftId).toBeGreaterThanOrEqual(members.nextRaftId);
        if (members.clusterId !== undefined) expect(after.clusterId).toBe(members.clusterId);
        members = after;
      }
    }),
  );
});
