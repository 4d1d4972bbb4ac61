/** What a leader does about proposals, answers, reads, silent peers and its own succession. */
import { assert } from '../base/assert.js';
import { EMPTY_BYTES } from '../base/bytes.js';
import { decodeConfChange } from './conf-change.js';
import { changeConfiguration } from './configuration.js';
import type { RaftCore } from './core.js';
import type {
  AppendResponse,
  ConfChangeRefusal,
  HeartbeatResponse,
  Proposal,
  ProposalResult,
  Refusal,
} from './messages.js';
import type { Progress } from './progress.js';
import type { PendingRead } from './read-index.js';
import {
  answerConfirmedReads,
  appendToOwnLog,
  broadcastAppend,
  broadcastHeartbeat,
  hasCommittedInTerm,
  maybeCommit,
  maybeSendAppend,
  sendAppend,
  serveRead,
} from './replication.js';

/** One or more proposals, appended together or not at all. */
export function proposeAsLeader(core: RaftCore, proposals: readonly Proposal[]): ProposalResult {
  if (!core.tracker.of(core.id)) return { type: 'dropped', reason: 'leader-removed' };
  if (core.leadTransferee !== 0) return { type: 'dropped', reason: 'transfer-in-progress' };
  const first = core.log.lastIndex() + 1;
  let pendingConfIndex = core.pendingConfIndex;
  let refused: ConfChangeRefusal | undefined;
  const accepted = proposals.map((proposal, i): Proposal => {
    if (proposal.type === 'normal') return proposal;
    const reason = refuseConfChange(core, proposal, pendingConfIndex);
    if (reason) {
      refused = reason;
      return { type: 'normal', data: EMPTY_BYTES };
    }
    pendingConfIndex = first + i;
    return proposal;
  });
  if (!appendToOwnLog(core, accepted)) return { type: 'dropped', reason: 'uncommitted-limit' };
  core.pendingConfIndex = pendingConfIndex;
  broadcastAppend(core);
  if (refused) return { type: 'conf-change-refused', reason: refused };
  return { type: 'appended', term: core.term, index: first };
}

/**
 * Why a membership change cannot follow the configuration in force. With no earlier change pending that is the
 * configuration under which it will be applied.
 */
function refuseConfChange(core: RaftCore, proposal: Proposal, pendingConfIndex: number): ConfChangeRefusal | undefined {
  if (core.config.disableConfChangeValidation) return undefined;
  if (pendingConfIndex > core.log.applied) return 'earlier-change-pending';
  const change = decodeConfChange(proposal.data);
  assert(change !== undefined, 'a proposed membership change can be read');
  const outcome = changeConfiguration(core.tracker.conf, change);
  return outcome.type === 'impossible' ? outcome.problem : undefined;
}

export function onAppendResponse(core: RaftCore, progress: Progress, message: AppendResponse): Refusal | undefined {
  progress.recentActive = true;
  if (message.rejected) {
    onAppendRejected(core, progress, message);
    return undefined;
  }
  if (message.index > core.log.lastIndex()) return 'beyond-log';
  onAppendAccepted(core, progress, message);
  return undefined;
}

function onAppendRejected(core: RaftCore, progress: Progress, message: AppendResponse): void {
  const { from, index, hintIndex, hintTerm } = message;
  // The follower's terms up to the hint are at most hintTerm, so where ours are above that the logs differ for sure:
  // this skips a whole term at a time, as the follower did on its side.
  const hint = hintTerm > 0 ? core.log.findConflictByTerm(hintIndex, hintTerm).index : hintIndex;
  if (!progress.maybeDecrease(index, hint)) return;
  if (progress.state === 'replicate') progress.becomeProbe();
  sendAppend(core, from, progress);
}

function onAppendAccepted(core: RaftCore, progress: Progress, message: AppendResponse): void {
  const { from, index } = message;
  const probeConfirmed = progress.state === 'probe' && progress.match === index;
  if (!progress.maybeUpdate(index) && !probeConfirmed) return;
  switch (progress.state) {
    case 'probe':
      progress.becomeReplicate();
      break;
    case 'snapshot':
      // Whichever snapshot it applied: it is enough that our log continues it.
      if (progress.match + 1 >= core.log.firstIndex()) progress.becomeReplicate();
      break;
    case 'replicate':
      progress.inflights.freeUpTo(index);
      break;
  }
  if (maybeCommit(core)) broadcastAppend(core);
  else if (from !== core.id && progress.canBumpCommit(core.log.committed)) sendAppend(core, from, progress);
  if (from === core.id) return;
  // The window may have opened for more than one message.
  while (maybeSendAppend(core, from, progress, false));
  if (from === core.leadTransferee && progress.match === core.log.lastIndex()) {
    sendTimeoutNow(core, from);
  }
}

export function onHeartbeatResponse(
  core: RaftCore,
  progress: Progress,
  message: HeartbeatResponse,
): Refusal | undefined {
  const { from, readCounter } = message;
  if (!core.reads.hasIssued(readCounter)) return 'beyond-log';
  progress.recentActive = true;
  progress.appendPaused = false;
  // With a full window this sends an empty message, and for an idle peer that is being probed as well: its answer shows
  // where the peer really is, should everything under way have been lost.
  if (progress.match < core.log.lastIndex() || progress.state === 'probe') sendAppend(core, from, progress);
  if (readCounter === 0) return undefined;
  core.reads.acknowledge(from, readCounter);
  answerConfirmedReads(core);
  return undefined;
}

export function readAsLeader(core: RaftCore, read: PendingRead): Refusal | undefined {
  if (core.reads.size >= core.config.maxPendingReads) return 'too-many-reads';
  if (hasCommittedInTerm(core)) serveRead(core, read);
  else core.reads.postpone(read);
  return undefined;
}

/** Hands over to `transferee` within one election timeout, or stays leader (Raft thesis, 3.10). */
export function transferTo(core: RaftCore, transferee: number): Refusal | undefined {
  const progress = core.tracker.of(transferee);
  if (!progress || progress.isLearner) return 'unknown-peer';
  if (core.leadTransferee === transferee) return undefined;
  core.leadTransferee = 0;
  if (transferee === core.id) return undefined;
  core.electionElapsed = 0;
  core.leadTransferee = transferee;
  if (progress.match === core.log.lastIndex()) sendTimeoutNow(core, transferee);
  else sendAppend(core, transferee, progress);
  return undefined;
}

function sendTimeoutNow(core: RaftCore, to: number): void {
  core.send({ type: 'timeout-now', to, from: core.id, term: core.term });
}

export function tickLeader(core: RaftCore): void {
  core.heartbeatElapsed++;
  core.electionElapsed++;
  if (core.electionElapsed >= core.config.electionTicks) {
    core.electionElapsed = 0;
    if (core.config.checkQuorum) checkQuorum(core);
    core.leadTransferee = 0;
  }
  if (core.role === 'leader' && core.heartbeatElapsed >= core.config.heartbeatTicks) {
    core.heartbeatElapsed = 0;
    broadcastHeartbeat(core);
  }
}

/** A leader that a quorum has not answered for an election timeout may have been deposed already. */
function checkQuorum(core: RaftCore): void {
  if (!core.tracker.quorumActive()) core.becomeFollower(core.term, 0);
  for (const [id, progress] of core.tracker.members()) {
    if (id !== core.id) progress.recentActive = false;
  }
}

/** A message to the peer may have been lost: no more sending ahead until it is known what has arrived. */
export function onUnreachable(progress: Progress): void {
  if (progress.state === 'replicate') progress.becomeProbe();
}

/** The transfer of a snapshot has ended. Either way the next append waits for the peer to answer a heartbeat. */
export function onSnapshotSent(progress: Progress, succeeded: boolean): void {
  if (progress.state !== 'snapshot') return;
  if (!succeeded) progress.pendingSnapshot = 0;
  progress.becomeProbe();
  progress.appendPaused = true;
}

/** Leaves a joint configuration by itself once that is applied and nothing else is pending. */
export function maybeLeaveJoint(core: RaftCore): void {
  const due = core.tracker.conf.autoLeave && core.log.applied >= core.pendingConfIndex;
  if (due && core.role === 'leader') proposeAsLeader(core, [{ type: 'conf-change-v2', data: EMPTY_BYTES }]);
}
