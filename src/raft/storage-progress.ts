/** What the core learns when its writes are done: what is durable, what is applied, and its own votes and answers. */
import type { RaftCore } from './core.js';
import { payloadBytes, totalEntryBytes } from './entry-size.js';
import { maybeLeaveJoint } from './leader.js';
import type { PeerMessage, StorageAppendResponse, StorageResponse } from './messages.js';
import { step } from './raft.js';
import { releaseUncommitted } from './replication.js';

export function onStored(core: RaftCore, response: PeerMessage | StorageResponse): void {
  switch (response.type) {
    case 'storage-append-response':
      onAppended(core, response);
      return;
    case 'storage-apply-response': {
      const last = response.entries.at(-1);
      if (!last) return;
      appliedTo(core, last.index, totalEntryBytes(response.entries));
      releaseUncommitted(core, payloadBytes(response.entries));
      return;
    }
    default:
      // Of the node to itself, so the guard against peers does not apply; a change of term has made it void.
      step(core, response);
  }
}

/**
 * In another term than that of the write, entries handed out later may be replacing the ones that were written: a
 * response in between would take them for stable although the store does not show them yet. So it is ignored; the write
 * of the new term's hard state, which is under way then, brings another response for all that is unstable.
 */
function onAppended(core: RaftCore, response: StorageAppendResponse): void {
  const { last, snapshot } = response;
  if (last && response.term === core.term) core.log.unstable.stableTo(last.index, last.term);
  // A snapshot is committed state; it is valid in every term.
  if (!snapshot) return;
  core.log.unstable.stableSnapshotTo(snapshot.metadata.index);
  appliedTo(core, snapshot.metadata.index, 0);
}

function appliedTo(core: RaftCore, index: number, bytes: number): void {
  core.log.appliedTo(Math.max(index, core.log.applied), bytes);
  maybeLeaveJoint(core);
}
