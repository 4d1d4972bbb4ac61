/** The receiving side of replication (Raft paper, 5.3, and section 7 for snapshots). */
import type { RaftCore } from './core.js';
import { switchToConfiguration } from './membership.js';
import type { AppendMessage, HeartbeatMessage, Refusal, SnapshotMessage } from './messages.js';
import type { Snapshot } from './types.js';

/** A message of this term that only the term's leader sends. */
export function onLeaderMessage(
  core: RaftCore,
  message: AppendMessage | HeartbeatMessage | SnapshotMessage,
): Refusal | undefined {
  // There is one leader in a term: another one's claim is false, whoever is right.
  if (core.role === 'leader' || (core.leader !== 0 && core.leader !== message.from)) return 'not-from-leader';
  if (core.role !== 'follower') core.becomeFollower(message.term, message.from);
  core.electionElapsed = 0;
  core.leader = message.from;
  switch (message.type) {
    case 'append':
      onAppend(core, message);
      return undefined;
    case 'heartbeat':
      return onHeartbeat(core, message);
    case 'snapshot':
      return onSnapshot(core, message);
  }
}

function onAppend(core: RaftCore, message: AppendMessage): void {
  const { from, prevIndex, prevTerm, entries, commit } = message;
  const { log } = core;
  if (prevIndex < log.committed) {
    core.sendAccepted(from, log.committed);
    return;
  }
  if (!log.matches({ index: prevIndex, term: prevTerm })) {
    // The leader's terms up to prevIndex are at most prevTerm, so what is above that here cannot match.
    const hint = log.findConflictByTerm(Math.min(prevIndex, log.lastIndex()), prevTerm);
    const { index: hintIndex, term: hintTerm } = hint;
    const envelope = { to: from, from: core.id, term: core.term };
    core.send({ type: 'append-response', ...envelope, index: prevIndex, rejected: true, hintIndex, hintTerm });
    return;
  }
  // Cut only where there is a conflict: an old message, arriving late, must not take away newer entries.
  const different = log.firstDifference(entries);
  if (different) log.append(entries.slice(different.index - prevIndex - 1));
  const lastNew = prevIndex + entries.length;
  log.commitTo(Math.min(commit, lastNew));
  core.sendAccepted(from, lastNew);
}

function onHeartbeat(core: RaftCore, message: HeartbeatMessage): Refusal | undefined {
  // The leader speaks of what this node has acknowledged. If it is not here, it has been lost.
  if (message.commit > core.log.lastIndex()) return 'beyond-log';
  core.log.commitTo(message.commit);
  const { from: to, readCounter } = message;
  core.send({ type: 'heartbeat-response', to, from: core.id, term: core.term, readCounter });
  return undefined;
}

function onSnapshot(core: RaftCore, message: SnapshotMessage): Refusal | undefined {
  const refusal = restore(core, message.snapshot);
  core.sendAccepted(message.from, refusal ? core.log.committed : core.log.lastIndex());
  return refusal;
}

/**
 * Puts the snapshot in the place of the log, unless the log says the same or more. This node need not be a member in it:
 * it may have been added by one of the entries that follow. (etcd/raft ignores such a snapshot, and with it a new member
 * waits until the leader happens to take the next one.)
 */
function restore(core: RaftCore, snapshot: Snapshot): Refusal | undefined {
  const { index, term, confState } = snapshot.metadata;
  const { log } = core;
  if (index <= log.committed) return 'obsolete-snapshot';
  if (log.matches({ index, term })) {
    log.commitTo(index);
    return 'obsolete-snapshot';
  }
  log.restore(snapshot);
  core.tracker.clear();
  switchToConfiguration(core, confState, index);
  return undefined;
}
