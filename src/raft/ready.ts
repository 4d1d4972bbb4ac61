/** What the core hands to its shell: everything to persist, send, apply and answer, in one value. */
import type { PeerMessage, StorageAppend, StorageApply } from './messages.js';
import type { Entry, HardState, Snapshot } from './types.js';

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** State that need not survive a restart. */
export interface SoftState {
  /** Raft id of the leader of this term as far as it is known here, 0 if it is not. */
  readonly leader: number;
  readonly role: Role;
}

/** The read named `context` may be answered from a state that has applied `index`. */
export interface ReadState {
  readonly index: number;
  /** As it was given to `RawNode.readIndex`. */
  readonly context: Uint8Array;
}

/**
 * Without asynchronous storage writes the shell, in this order: makes `snapshot`, `entries` and `hardState` durable (in
 * one transaction; flushed if `mustSync`), sends `messages`, applies `snapshot` and then `committedEntries`, and calls
 * `RawNode.advance()`. Messages of type `append` may be sent before the write is durable, all others may not.
 *
 * With asynchronous storage writes it sends `messages` at once and hands `storageAppend` and `storageApply` to their
 * threads; `entries`, `hardState`, `snapshot` and `committedEntries` only show what these contain, and there is no
 * `advance`.
 *
 * All arrays and what they hold are borrowed and immutable.
 */
export interface Ready {
  /** Undefined when it has not changed. */
  readonly softState: SoftState | undefined;
  /** Undefined when it has not changed. */
  readonly hardState: HardState | undefined;
  /** To be appended; they replace stored entries from the first one's index on. */
  readonly entries: readonly Entry[];
  /** Replaces the whole log and state; `entries` is then empty or continues it. */
  readonly snapshot: Snapshot | undefined;
  /** To be applied. Entries of `entries` may be among them: these are durable first. */
  readonly committedEntries: readonly Entry[];
  readonly messages: readonly PeerMessage[];
  readonly readStates: readonly ReadState[];
  /** Whether the write must be flushed before the messages go. A commit index alone need not be. */
  readonly mustSync: boolean;
  readonly storageAppend: StorageAppend | undefined;
  readonly storageApply: StorageApply | undefined;
}
