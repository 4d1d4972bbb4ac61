import { expect, test } from 'vitest';
import { readJoinAnswer, readSpeaker, writeJoinAnswer } from '../../../src/adapters/grpc/peer-messages.js';
import type { JoinAnswer } from '../../../src/actors/control/ports.js';
import type { RaftId } from '../../../src/base/ids.js';
import { CLUSTER, speaker } from '../../cluster/some-members.js';

test('a speaker is taken as it is', () => {
  const other = speaker('n1', { raftId: 4, clusterId: CLUSTER });
  expect(readSpeaker({ ...other })).toEqual(other);
});

test.each([
  ['no speaker at all', undefined, 'the first message of a stream names its sender'],
  ['a malformed name', { nodeId: 'N 1' }, 'malformed node id'],
  ['an unknown mode', { mode: 'mirror' }, 'unknown mode'],
  ['half a raft id', { raftId: 0.5 }, 'malformed raft id'],
  ['an address without end', { clientAddress: 'x'.repeat(10_000) }, 'an address or id is too long'],
])('%s is refused', (_, changed, message) => {
  const wire = changed === undefined ? undefined : { ...speaker('n1'), ...changed };
  expect(() => readSpeaker(wire)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }));
});

test.each<JoinAnswer>([
  { type: 'admitted', raftId: 4 as RaftId, clusterId: CLUSTER, founders: [1, 2, 3] },
  { type: 'ask-leader', controlAddress: '10.0.0.1:7201' },
  { type: 'ask-leader', controlAddress: undefined },
])('an answer to a join request arrives as it left: $type', (answer) => {
  expect(readJoinAnswer(writeJoinAnswer(answer))).toEqual(answer);
});

test('an admission without founders is refused: its raft id could not be used', () => {
  const wire = { raftId: 4, clusterId: CLUSTER, leaderAddress: '', founders: [] };
  expect(() => readJoinAnswer(wire)).toThrow('malformed answer to a join request');
});
