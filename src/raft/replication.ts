/**
 * A leader's sending side (Raft paper, 5.3): what goes to which follower when, and when entries are committed.
 */
import { assert } from '../base/assert.js';
import type { RaftCore } from './core.js';
import { payloadBytes } from './entry-size.js';
import type { Proposal } from './messages.js';
import type { Progress } from './progress.js';
import type { PendingRead } from './read-index.js';

/**
 * Appends to this leader's log, unless that would hold more uncommitted payload than allowed. A leader with nothing
 * uncommitted takes a proposal of any size, and proposals without payload always pass: those are what a new term and the
 * end of a joint configuration need.
 */
export function appendToOwnLog(core: RaftCore, proposals: readonly Proposal[]): boolean {
  const bytes = payloadBytes(proposals);
  const held = core.uncommittedBytes;
  if (held > 0 && bytes > 0 && held + bytes > core.config.maxUncommittedBytes) return false;
  core.uncommittedBytes += bytes;
  const next = core.log.lastIndex() + 1;
  core.log.append(proposals.map(({ type, data }, i) => ({ term: core.term, index: next + i, type, data })));
  // The leader's own acknowledgement counts when its own disk has the entries, not before.
  core.sendAccepted(core.id, core.log.lastIndex());
  return true;
}

/** `bytes` of payload have been applied, hence committed. */
export function releaseUncommitted(core: RaftCore, bytes: number): void {
  core.uncommittedBytes = Math.max(0, core.uncommittedBytes - bytes);
}

/** Sends the peer what it needs next, an empty `append` if nothing (that carries the commit index). */
export function sendAppend(core: RaftCore, to: number, progress: Progress): void {
  maybeSendAppend(core, to, progress, true);
}

/** False when nothing was sent: throttled, or nothing to send and not `evenIfEmpty`. */
export function maybeSendAppend(core: RaftCore, to: number, progress: Progress, evenIfEmpty: boolean): boolean {
  if (progress.paused) return false;
  const prevIndex = progress.next - 1;
  const prevTerm = core.log.term(prevIndex);
  if (typeof prevTerm !== 'number') return maybeSendSnapshot(core, to, progress);
  // With a full window only empty messages go. If everything under way was lost, the answer to one of them is what
  // opens the window again.
  const throttled = progress.state === 'replicate' && progress.inflights.full;
  const entries = throttled ? [] : core.log.entriesFrom(progress.next, core.config.maxAppendBytes);
  if (typeof entries === 'string') return maybeSendSnapshot(core, to, progress);
  if (entries.length === 0 && !evenIfEmpty) return false;
  const { id: from, term } = core;
  const commit = core.log.committed;
  core.send({ type: 'append', to, from, term, prevIndex, prevTerm, entries, commit });
  progress.sentEntries(entries.length, payloadBytes(entries));
  progress.sentCommit = commit;
  return true;
}

function maybeSendSnapshot(core: RaftCore, to: number, progress: Progress): boolean {
  // A snapshot is large; it does not go to a peer that may be dead.
  if (!progress.recentActive) return false;
  const snapshot = core.log.snapshot();
  if (snapshot === 'unavailable') return false;
  assert(snapshot.metadata.index > 0, 'a log is compacted only when there is a snapshot');
  progress.becomeSnapshot(snapshot.metadata.index);
  core.send({ type: 'snapshot', to, from: core.id, term: core.term, snapshot });
  return true;
}

export function broadcastAppend(core: RaftCore): void {
  for (const [id, progress] of core.tracker.members()) {
    if (id !== core.id) sendAppend(core, id, progress);
  }
}

export function broadcastHeartbeat(core: RaftCore): void {
  const readCounter = core.reads.newestCounter;
  for (const [to, progress] of core.tracker.members()) {
    if (to === core.id) continue;
    // Never beyond what the peer is known to have: its log may differ from there on.
    const commit = Math.min(progress.match, core.log.committed);
    core.send({ type: 'heartbeat', to, from: core.id, term: core.term, commit, readCounter });
    progress.sentCommit = commit;
  }
}

/**
 * Commits what a quorum has, if its last entry is of this term (Raft paper, 5.4.2, figure 8); whatever lies before it is
 * committed with it. True if the commit index moved: the caller tells the others.
 */
export function maybeCommit(core: RaftCore): boolean {
  const index = core.tracker.committed();
  if (index <= core.log.committed || core.log.term(index) !== core.term) return false;
  core.log.commitTo(index);
  for (const read of core.reads.takePostponed()) serveRead(core, read);
  return true;
}

/** Whether an entry of this leader's term is committed. Before that its commit index may be behind what was promised. */
export function hasCommittedInTerm(core: RaftCore): boolean {
  return core.log.term(core.log.committed) === core.term;
}

/** Answers a read, or asks a quorum first. The leader has committed an entry of its term. */
export function serveRead(core: RaftCore, read: PendingRead): void {
  const { committed } = core.log;
  if (core.config.readOnlyMode === 'lease-based' || core.tracker.isSingleton(core.id)) {
    answerRead(core, read, committed);
    return;
  }
  core.reads.add(read, committed);
  broadcastHeartbeat(core);
  answerConfirmedReads(core);
}

/** To be called whenever a quorum may have confirmed more: after an answer, and when the quorum itself has changed. */
export function answerConfirmedReads(core: RaftCore): void {
  for (const read of core.reads.takeConfirmed(core.tracker.conf, core.id)) answerRead(core, read, read.index);
}

function answerRead(core: RaftCore, read: PendingRead, index: number): void {
  const { from, context } = read;
  if (from === core.id) core.readStates.push({ index, context });
  else core.send({ type: 'read-index-response', to: from, from: core.id, term: core.term, index, context });
}
