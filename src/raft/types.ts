/**
 * What Raft persists and what it reads back: the vocabulary shared by the core, its log storage and its transport.
 * Terms and indexes are integers from 0 to 2^53-1; 0 means "none". Raft ids are positive; 0 means "nobody".
 */

/** `conf-change` is the old single-change form, `conf-change-v2` the joint-consensus form. */
export type EntryType = 'normal' | 'conf-change' | 'conf-change-v2';

/** One entry of the Raft log. Immutable once made; `data` is never written to again by anybody who holds it. */
export interface Entry {
  readonly term: number;
  readonly index: number;
  readonly type: EntryType;
  /** Empty in the entry by which a leader opens its term and in the change that leaves a joint configuration. */
  readonly data: Uint8Array;
}

/** What must survive a restart beside the log (Raft paper, figure 2, "Persistent state", plus the commit index). */
export interface HardState {
  readonly term: number;
  /** Raft id voted for in `term`, 0 if none. */
  readonly vote: number;
  /** Largest index known to be committed. May lag behind; never ahead of what is durable here. */
  readonly commit: number;
}

export const EMPTY_HARD_STATE: HardState = { term: 0, vote: 0, commit: 0 };

/** Membership. `votersOutgoing` is not empty exactly while a joint configuration is in force. Ids ascend. */
export interface ConfState {
  readonly voters: readonly number[];
  readonly votersOutgoing: readonly number[];
  readonly learners: readonly number[];
  /** Outgoing voters that become learners when the joint configuration is left. */
  readonly learnersNext: readonly number[];
  /** Whether the joint configuration is left by itself once it is applied. */
  readonly autoLeave: boolean;
}

export const EMPTY_CONF_STATE: ConfState = {
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};

/** Names the state after applying entry `index` of `term` under `confState`. Index 0: no snapshot. */
export interface SnapshotMetadata {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

/**
 * A snapshot as the core sees it. The state itself travels outside the core (DESIGN: "streamed in chunks outside the
 * core"); `data` is whatever small description of it the shell needs, and is opaque to the core.
 */
export interface Snapshot {
  readonly metadata: SnapshotMetadata;
  readonly data: Uint8Array;
}

/** Why a read of the log could not be answered. The core handles each; anything else is a broken log and stops the node. */
export type LogGap =
  /** The entries asked for have been compacted away. */
  | 'compacted'
  /** The entries asked for are not there yet. */
  | 'unavailable';

/**
 * The durable log as the core reads it. All reads are synchronous; writing is the shell's work (it carries out what a
 * Ready says). Invariant: entries firstIndex()..lastIndex() are contiguous, firstIndex() = snapshot index + 1 or less.
 */
export interface RaftStorage {
  /**
   * What a restart begins with. `confState` is the membership as of the entry that the state machine has applied
   * (RaftConfig.applied): that of the latest snapshot, if that is where the state machine begins.
   */
  initialState(): { readonly hardState: HardState; readonly confState: ConfState };
  /** Smallest index whose entry can be read. */
  firstIndex(): number;
  /** Largest index in the log, or the snapshot's index when the log is empty. */
  lastIndex(): number;
  /** Term of the entry at `index`, for firstIndex()-1 <= index <= lastIndex(). */
  term(index: number): number | LogGap;
  /**
   * Entries low..high-1, cut so that they hold at most `maxBytes` (counted by entryBytes of entry-size.ts) but at least
   * one entry. Borrowed, immutable.
   */
  entries(low: number, high: number, maxBytes: number): readonly Entry[] | LogGap;
  /** The latest snapshot, or 'unavailable' while it is being made. */
  snapshot(): Snapshot | 'unavailable';
}
