/**
 * Brings each message to its place: first its term (Raft paper, 5.1: a newer one deposes whoever leads here, an older
 * one is not heard), then its type.
 */
import { assertNever } from '../base/assert.js';
import type { RaftCore } from './core.js';
import { isPromotable, maybeCampaign, onVoteRequest, onVoteResponse, rejectStalePreVote } from './election.js';
import { onLeaderMessage } from './follower.js';
import {
  onAppendResponse,
  onHeartbeatResponse,
  proposeAsLeader,
  readAsLeader,
  tickLeader,
  transferTo,
} from './leader.js';
import type { PeerMessage, Proposal, ProposalResult, Refusal } from './messages.js';
import type { PendingRead } from './read-index.js';

export function step(core: RaftCore, message: PeerMessage): Refusal | undefined {
  if (message.term !== 0) {
    const refusal = message.term < core.term ? onOlderTerm(core, message) : onNewerTerm(core, message);
    if (refusal) return refusal;
  }
  switch (message.type) {
    case 'append':
    case 'heartbeat':
    case 'snapshot':
      return onLeaderMessage(core, message);
    case 'append-response':
    case 'heartbeat-response':
      return onFollowerResponse(core, message);
    case 'vote':
    case 'pre-vote':
      onVoteRequest(core, message);
      return undefined;
    case 'vote-response':
    case 'pre-vote-response':
      return onVoteResponse(core, message);
    case 'propose':
      return onForwardedProposal(core, message.proposals);
    case 'read-index':
      // One hop only: whoever asked the wrong node asks again when it knows better.
      return core.role === 'leader' ? readAsLeader(core, message) : 'no-leader';
    case 'read-index-response':
      if (core.role !== 'follower') return 'wrong-role';
      if (core.leader !== 0 && message.from !== core.leader) return 'not-from-leader';
      core.readStates.push({ index: message.index, context: message.context });
      return undefined;
    case 'transfer-leader':
      return core.role === 'leader' ? transferTo(core, message.transferee) : 'wrong-role';
    case 'timeout-now':
      return onTimeoutNow(core, message.from);
    default:
      return assertNever(message, 'peer message');
  }
}

function onNewerTerm(core: RaftCore, message: PeerMessage): Refusal | undefined {
  if (message.term === core.term) return undefined;
  switch (message.type) {
    case 'vote':
    case 'pre-vote':
      if (core.inLeaderLease && !message.transfer) return 'leader-lease';
      if (message.type === 'vote') core.becomeFollower(message.term, 0);
      return undefined;
    case 'pre-vote-response':
      // A grant carries the term that we would campaign for; a rejection carries the term of whoever knows better.
      if (message.rejected) core.becomeFollower(message.term, 0);
      return undefined;
    case 'append':
    case 'heartbeat':
    case 'snapshot':
      core.becomeFollower(message.term, message.from);
      return undefined;
    default:
      core.becomeFollower(message.term, 0);
      return undefined;
  }
}

function onOlderTerm(core: RaftCore, message: PeerMessage): Refusal {
  const isLeaders = message.type === 'append' || message.type === 'heartbeat';
  if (isLeaders && (core.config.checkQuorum || core.config.preVote)) {
    // Our higher term keeps us from hearing a leader that our vote requests, ignored for its lease, cannot depose. Telling
    // it of the term frees us at the price of one election.
    core.sendAccepted(message.from, 0);
  } else if (message.type === 'pre-vote') {
    // Else two nodes, one with the newer term and one with the longer log, could refuse each other for ever.
    rejectStalePreVote(core, message);
  }
  return 'stale-term';
}

function onFollowerResponse(
  core: RaftCore,
  message: Extract<PeerMessage, { type: 'append-response' | 'heartbeat-response' }>,
): Refusal | undefined {
  if (core.role !== 'leader') return 'wrong-role';
  const progress = core.tracker.of(message.from);
  if (!progress) return 'unknown-peer';
  return message.type === 'append-response'
    ? onAppendResponse(core, progress, message)
    : onHeartbeatResponse(core, progress, message);
}

function onForwardedProposal(core: RaftCore, proposals: readonly Proposal[]): Refusal | undefined {
  if (core.role !== 'leader') return 'no-leader';
  const result = proposeAsLeader(core, proposals);
  return result.type === 'dropped' ? result.reason : undefined;
}

function onTimeoutNow(core: RaftCore, from: number): Refusal | undefined {
  if (core.role !== 'follower') return 'wrong-role';
  if (core.leader !== 0 && core.leader !== from) return 'not-from-leader';
  // No pre-vote: the leader itself knows that the election can be won.
  return maybeCampaign(core, 'transfer') && 'cannot-campaign';
}

/** A proposal made on this node. */
export function propose(core: RaftCore, proposals: readonly Proposal[]): ProposalResult {
  if (core.role === 'leader') return proposeAsLeader(core, proposals);
  if (core.leader === 0) return { type: 'dropped', reason: 'no-leader' };
  if (core.config.disableProposalForwarding) return { type: 'dropped', reason: 'forwarding-disabled' };
  core.send({ type: 'propose', to: core.leader, from: core.id, term: 0, proposals });
  return { type: 'forwarded', leader: core.leader };
}

/** A read wanted on this node. */
export function readIndex(core: RaftCore, read: PendingRead): Refusal | undefined {
  if (core.role === 'leader') return readAsLeader(core, read);
  if (core.leader === 0) return 'no-leader';
  core.send({ type: 'read-index', to: core.leader, from: core.id, term: 0, context: read.context });
  return undefined;
}

export function transferLeader(core: RaftCore, transferee: number): Refusal | undefined {
  if (core.role === 'leader') return transferTo(core, transferee);
  if (core.leader === 0) return 'no-leader';
  core.send({ type: 'transfer-leader', to: core.leader, from: core.id, term: core.term, transferee });
  return undefined;
}

/** A follower stops trusting its leader, to be free to vote before it has missed heartbeats. */
export function forgetLeader(core: RaftCore): void {
  // A leader that serves reads by its lease relies on its followers to keep to it.
  if (core.role === 'follower' && core.config.readOnlyMode === 'safe') core.leader = 0;
}

export function tick(core: RaftCore): void {
  if (core.role === 'leader') {
    tickLeader(core);
    return;
  }
  core.electionElapsed++;
  if (core.electionElapsed < core.randomizedElectionTicks || !isPromotable(core)) return;
  core.electionElapsed = 0;
  maybeCampaign(core, core.config.preVote ? 'pre-election' : 'election');
}
