/** How a Ready is put together, and what handing it out changes in the core. */
import type { RaftCore } from './core.js';
import type {
  PeerMessage,
  StorageAppend,
  StorageAppendResponse,
  StorageApply,
  StorageApplyResponse,
  StorageResponse,
} from './messages.js';
import type { Ready, SoftState } from './ready.js';
import type { Entry, HardState, Snapshot } from './types.js';

/** What the shell has been told last. */
export interface HandedOut {
  readonly softState: SoftState;
  readonly hardState: HardState;
}

function softStateChanged(core: RaftCore, { softState }: HandedOut): boolean {
  return core.leader !== softState.leader || core.role !== softState.role;
}

function hardStateChanged(core: RaftCore, { hardState }: HandedOut): boolean {
  return voteChanged(core, hardState) || core.log.committed !== hardState.commit;
}

function voteChanged(core: RaftCore, hardState: HardState): boolean {
  return core.term !== hardState.term || core.vote !== hardState.vote;
}

/** Committed entries may be applied before they are durable here only if the shell does both in order. */
function mayApplyUnstable(core: RaftCore): boolean {
  return !core.config.asyncStorageWrites;
}

export function hasReady(core: RaftCore, handedOut: HandedOut): boolean {
  return (
    core.messages.length > 0 ||
    core.messagesAfterAppend.length > 0 ||
    core.readStates.length > 0 ||
    core.log.unstable.hasNextEntries ||
    core.log.unstable.nextSnapshot() !== undefined ||
    softStateChanged(core, handedOut) ||
    hardStateChanged(core, handedOut) ||
    core.log.hasNextCommitted(mayApplyUnstable(core))
  );
}

export function assembleReady(core: RaftCore, handedOut: HandedOut): Ready {
  const { log, config } = core;
  const entries = log.unstable.nextEntries();
  const snapshot = log.unstable.nextSnapshot();
  const hardState = hardStateChanged(core, handedOut) ? core.hardState : undefined;
  const committedEntries = log.nextCommitted(mayApplyUnstable(core));
  const isAsync = config.asyncStorageWrites;
  const toOthers = isAsync ? [] : core.messagesAfterAppend.filter((message) => message.to !== core.id);
  return {
    softState: softStateChanged(core, handedOut) ? core.softState : undefined,
    hardState,
    entries,
    snapshot,
    committedEntries,
    messages: [...core.messages, ...toOthers],
    readStates: core.readStates,
    mustSync: entries.length > 0 || voteChanged(core, handedOut.hardState),
    storageAppend: isAsync ? storageAppend(core, entries, hardState, snapshot) : undefined,
    storageApply: isAsync ? storageApply(core, committedEntries) : undefined,
  };
}

function storageAppend(
  core: RaftCore,
  entries: readonly Entry[],
  hardState: HardState | undefined,
  snapshot: Snapshot | undefined,
): StorageAppend | undefined {
  if (entries.length === 0 && !hardState && !snapshot && core.messagesAfterAppend.length === 0) return undefined;
  // The own acknowledgements come before the response that lets go of the unstable entries: looking up their terms is
  // cheap until then.
  const done = appendResponse(core, snapshot);
  const responses = done ? [...core.messagesAfterAppend, done] : core.messagesAfterAppend;
  return { type: 'storage-append', entries, hardState, snapshot, responses };
}

/**
 * Asked for whenever anything is unstable, not only with new entries: an earlier response may have been void because the
 * term changed (storage-progress.ts).
 */
function appendResponse(core: RaftCore, snapshot: Snapshot | undefined): StorageAppendResponse | undefined {
  const last = core.log.unstable.hasEntries ? core.log.lastEntryId() : undefined;
  if (!last && !snapshot) return undefined;
  return { type: 'storage-append-response', to: core.id, term: core.term, last, snapshot };
}

function storageApply(core: RaftCore, entries: readonly Entry[]): StorageApply | undefined {
  if (entries.length === 0) return undefined;
  return { type: 'storage-apply', entries, responses: [applyResponse(core, entries)] };
}

function applyResponse(core: RaftCore, entries: readonly Entry[]): StorageApplyResponse {
  return { type: 'storage-apply-response', to: core.id, entries };
}

/** `ready` goes to the shell. Gives what has to come back to the core once it has been carried out synchronously. */
export function acceptReady(core: RaftCore, ready: Ready): readonly (PeerMessage | StorageResponse)[] {
  const steps: (PeerMessage | StorageResponse)[] = core.messagesAfterAppend.filter(({ to }) => to === core.id);
  const appended = appendResponse(core, ready.snapshot);
  if (appended) steps.push(appended);
  if (ready.committedEntries.length > 0) steps.push(applyResponse(core, ready.committedEntries));
  core.messages = [];
  core.messagesAfterAppend = [];
  core.readStates = [];
  core.log.unstable.acceptInProgress();
  core.log.acceptApplying(ready.committedEntries, mayApplyUnstable(core));
  return steps;
}
