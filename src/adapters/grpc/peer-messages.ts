/** Speakers and join answers between their own types and the generated ones. Validates what comes from the network. */
import { DcacheError } from '../../base/errors.js';
import { isIncarnation, isMode, isNodeId, isRaftId } from '../../base/ids.js';
import type { Speaker } from '../../cluster/speaker.js';
import type { ControlSender, JoinAnswer } from '../../actors/control/ports.js';
import type { JoinResponse, Speaker as WireSpeaker } from './generated/dcache/v1/raft.js';

const MAX_TEXT = 512;

/** Throws INVALID_ARGUMENT when there is no speaker or it is malformed. */
export function readSpeaker(wire: WireSpeaker | undefined): Speaker {
  if (wire === undefined) throw malformed('the first message of a stream names its sender');
  const { nodeId, mode, raftId } = wire;
  if (!isNodeId(nodeId)) throw malformed('malformed node id');
  if (!isMode(mode)) throw malformed('unknown mode');
  if (raftId !== 0 && !isRaftId(raftId)) throw malformed('malformed raft id');
  const { controlAddress, clientAddress, httpAddress, dataAddress } = wire;
  for (const text of [wire.clusterId, wire.founders, controlAddress, clientAddress, httpAddress, dataAddress]) {
    if (text.length > MAX_TEXT) throw malformed('an address or id is too long');
  }
  return { ...wire, nodeId, mode };
}

/** Throws INVALID_ARGUMENT when nobody could answer it. */
export function senderOf({ nodeId, raftId, incarnation }: Speaker): ControlSender {
  if (!isIncarnation(incarnation)) throw malformed('malformed incarnation');
  return { nodeId, raftId, incarnation };
}

export function writeJoinAnswer(answer: JoinAnswer): JoinResponse {
  switch (answer.type) {
    case 'admitted':
      return { raftId: answer.raftId, clusterId: answer.clusterId, leaderAddress: '', founders: [...answer.founders] };
    case 'ask-leader':
      return { raftId: 0, clusterId: '', leaderAddress: answer.controlAddress ?? '', founders: [] };
  }
}

export function readJoinAnswer(wire: JoinResponse): JoinAnswer {
  const { raftId, clusterId, leaderAddress, founders } = wire;
  if (raftId === 0) return { type: 'ask-leader', controlAddress: leaderAddress === '' ? undefined : leaderAddress };
  if (!isRaftId(raftId) || founders.length === 0) throw malformed('malformed answer to a join request');
  return { type: 'admitted', raftId, clusterId, founders };
}

function malformed(what: string): DcacheError {
  return new DcacheError('INVALID_ARGUMENT', what);
}
