/**
 * Elections (Raft paper, 5.2 and 5.4.1; thesis, 9.6 for the pre-vote): who may campaign, who gets a vote, and what a won
 * election begins with.
 */
import { assert } from '../base/assert.js';
import { EMPTY_BYTES } from '../base/bytes.js';
import type { RaftCore } from './core.js';
import type { Refusal, VoteRequest, VoteResponse } from './messages.js';
import { appendToOwnLog, broadcastAppend } from './replication.js';

/** `pre-election` asks whether `election` could be won. `transfer` is an election that the old leader asked for. */
export type CampaignKind = 'pre-election' | 'election' | 'transfer';

/** Why a node does not campaign. */
export type CampaignRefusal =
  | 'already-leader'
  /** No voter of the configuration, or a snapshot that may say otherwise is being written. */
  | 'not-promotable'
  /** It would campaign under a configuration that is no longer in force. */
  | 'unapplied-conf-change';

export function maybeCampaign(core: RaftCore, kind: CampaignKind): CampaignRefusal | undefined {
  if (core.role === 'leader') return 'already-leader';
  if (!isPromotable(core)) return 'not-promotable';
  if (core.log.hasUnappliedConfChange()) return 'unapplied-conf-change';
  campaign(core, kind);
  return undefined;
}

/** Whether this node could lead the group. */
export function isPromotable(core: RaftCore): boolean {
  const progress = core.tracker.of(core.id);
  return progress !== undefined && !progress.isLearner && !core.log.unstable.snapshot;
}

function campaign(core: RaftCore, kind: CampaignKind): void {
  const isPreVote = kind === 'pre-election';
  if (isPreVote) becomePreCandidate(core);
  else becomeCandidate(core);
  const term = isPreVote ? core.term + 1 : core.term;
  const last = core.log.lastEntryId();
  const { voters, votersOutgoing } = core.tracker.conf;
  for (const [id] of core.tracker.members()) {
    if (!voters.includes(id) && !votersOutgoing.includes(id)) continue;
    // The own vote, too, counts only once it is durable.
    if (id === core.id) {
      const type = isPreVote ? 'pre-vote-response' : 'vote-response';
      core.send({ type, to: id, from: id, term, rejected: false });
      continue;
    }
    const type = isPreVote ? 'pre-vote' : 'vote';
    const transfer = kind === 'transfer';
    core.send({ type, to: id, from: core.id, term, lastIndex: last.index, lastTerm: last.term, transfer });
  }
}

/** Term and vote stay as they are: a pre-vote binds nobody. */
function becomePreCandidate(core: RaftCore): void {
  core.tracker.resetVotes();
  core.leader = 0;
  core.role = 'pre-candidate';
}

function becomeCandidate(core: RaftCore): void {
  assert(core.role !== 'leader', 'a leader does not campaign');
  core.reset(core.term + 1);
  core.vote = core.id;
  core.role = 'candidate';
}

function becomeLeader(core: RaftCore): void {
  assert(core.role === 'candidate', 'only a candidate is elected');
  core.reset(core.term);
  core.leader = core.id;
  core.role = 'leader';
  const own = core.tracker.of(core.id);
  assert(own !== undefined, 'a leader is a member when it is elected');
  own.becomeReplicate();
  own.recentActive = true;
  // There may be a membership change in the tail of the log; waiting for all of it is cheaper than looking for one.
  core.pendingConfIndex = core.log.lastIndex();
  const appended = appendToOwnLog(core, [{ type: 'normal', data: EMPTY_BYTES }]);
  assert(appended, 'the entry that opens a term passes every limit');
  broadcastAppend(core);
}

/** A request of this term; or, for a pre-vote, of a later one. */
export function onVoteRequest(core: RaftCore, message: VoteRequest): void {
  const { type, from, term } = message;
  const isPreVote = type === 'pre-vote';
  const responseType = isPreVote ? 'pre-vote-response' : 'vote-response';
  const mayVote =
    core.vote === from || (core.vote === 0 && core.leader === 0) || (isPreVote && message.term > core.term);
  const upToDate = core.log.isUpToDate({ index: message.lastIndex, term: message.lastTerm });
  if (!mayVote || !upToDate) {
    core.send({ type: responseType, to: from, from: core.id, term: core.term, rejected: true });
    return;
  }
  // Learners vote as well: they may have become voters without having heard of it yet. A grant carries the term that is
  // campaigned for, which for a pre-vote is not this node's.
  core.send({ type: responseType, to: from, from: core.id, term, rejected: false });
  if (!isPreVote) {
    core.electionElapsed = 0;
    core.vote = from;
  }
}

/** A pre-vote with an old term comes from a node that is cut off behind us; our term brings it forward. */
export function rejectStalePreVote(core: RaftCore, message: VoteRequest): void {
  core.send({ type: 'pre-vote-response', to: message.from, from: core.id, term: core.term, rejected: true });
}

export function onVoteResponse(core: RaftCore, message: VoteResponse): Refusal | undefined {
  const awaited = core.role === 'pre-candidate' ? 'pre-vote-response' : 'vote-response';
  const campaigning = core.role === 'pre-candidate' || core.role === 'candidate';
  if (!campaigning || message.type !== awaited) return 'wrong-role';
  core.tracker.recordVote(message.from, !message.rejected);
  switch (core.tracker.voteResult()) {
    case 'pending':
      return undefined;
    case 'lost':
      core.becomeFollower(core.term, 0);
      return undefined;
    case 'won':
      if (!isPromotable(core)) core.becomeFollower(core.term, 0);
      else if (core.role === 'pre-candidate') campaign(core, 'election');
      else becomeLeader(core);
      return undefined;
  }
}
