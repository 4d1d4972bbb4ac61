/**
 * What Raft nodes say to each other, and what the core says to its own storage threads.
 *
 * Every peer message carries `term`: the sender's, except that a vote request and its grant carry the term that is
 * campaigned for, and that forwarded requests (`propose`, `read-index`) carry 0 because they belong to no term.
 * A {@link PeerMessage} is all that may come from the network. Local messages have types of their own, so no transport
 * can produce one by accident.
 */
import type { ConfChangeProblem } from './configuration.js';
import type { Entry, EntryType, HardState, Snapshot } from './types.js';

interface Envelope {
  /** Raft id of the receiver. */
  readonly to: number;
  /** Raft id of the sender. */
  readonly from: number;
  readonly term: number;
}

/** Leader to follower: append `entries` after (prevIndex, prevTerm). Empty: a probe, or news of the commit index. */
export interface AppendMessage extends Envelope {
  readonly type: 'append';
  readonly prevIndex: number;
  readonly prevTerm: number;
  /** Contiguous from prevIndex + 1. */
  readonly entries: readonly Entry[];
  readonly commit: number;
}

/** The answer to `append` and `snapshot`. Also sent, with index 0, to tell a deposed leader of a newer term. */
export interface AppendResponse extends Envelope {
  readonly type: 'append-response';
  /** Accepted: the log matches the leader's up to here. Rejected: the prevIndex that did not match. */
  readonly index: number;
  readonly rejected: boolean;
  /** Rejected: the largest index at which the logs may match, and the term there (0 if not known). Else 0. */
  readonly hintIndex: number;
  readonly hintTerm: number;
}

export interface HeartbeatMessage extends Envelope {
  readonly type: 'heartbeat';
  /** min(what this follower is known to have, the commit index). */
  readonly commit: number;
  /** The newest read that an answer confirms, 0 if none waits. See read-index.ts. */
  readonly readCounter: number;
}

export interface HeartbeatResponse extends Envelope {
  readonly type: 'heartbeat-response';
  /** Copied from the heartbeat. */
  readonly readCounter: number;
}

/** The receiver is too far behind the leader's log. The state itself travels outside the core. */
export interface SnapshotMessage extends Envelope {
  readonly type: 'snapshot';
  readonly snapshot: Snapshot;
}

interface VoteRequestFields extends Envelope {
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The leader itself asked for this election, so nobody's lease on that leader stands in its way. */
  readonly transfer: boolean;
}

/** Wants a vote in `term`. */
export interface VoteMessage extends VoteRequestFields {
  readonly type: 'vote';
}

/** Asks whether the receiver would vote for the sender in `term`; binds nobody. */
export interface PreVoteMessage extends VoteRequestFields {
  readonly type: 'pre-vote';
}

export type VoteRequest = VoteMessage | PreVoteMessage;

interface VoteResponseFields extends Envelope {
  readonly rejected: boolean;
}

export interface VoteResponseMessage extends VoteResponseFields {
  readonly type: 'vote-response';
}

export interface PreVoteResponseMessage extends VoteResponseFields {
  readonly type: 'pre-vote-response';
}

export type VoteResponse = VoteResponseMessage | PreVoteResponseMessage;

/** What a proposer hands in; the leader gives it a term and an index. */
export interface Proposal {
  readonly type: EntryType;
  /** Handed over: not written to again by anybody. */
  readonly data: Uint8Array;
}

/** A follower forwards a proposal to its leader. */
export interface ProposeMessage extends Envelope {
  readonly type: 'propose';
  readonly proposals: readonly Proposal[];
}

/** A follower asks its leader for an index at which it may read. */
export interface ReadIndexMessage extends Envelope {
  readonly type: 'read-index';
  /** The caller's name for the read; opaque to the core, returned as it is. */
  readonly context: Uint8Array;
}

export interface ReadIndexResponse extends Envelope {
  readonly type: 'read-index-response';
  readonly index: number;
  readonly context: Uint8Array;
}

/** A follower passes on a wish that `transferee` should lead. */
export interface TransferLeaderMessage extends Envelope {
  readonly type: 'transfer-leader';
  readonly transferee: number;
}

/** The leader tells its chosen successor to campaign at once. */
export interface TimeoutNowMessage extends Envelope {
  readonly type: 'timeout-now';
}

export type PeerMessage =
  | AppendMessage
  | AppendResponse
  | HeartbeatMessage
  | HeartbeatResponse
  | SnapshotMessage
  | VoteRequest
  | VoteResponse
  | ProposeMessage
  | ReadIndexMessage
  | ReadIndexResponse
  | TransferLeaderMessage
  | TimeoutNowMessage;

/**
 * Asynchronous storage writes: work for the append thread. The parts that are there are made durable together; only
 * then `responses` are delivered, in order, each to its `to` (this node's own through `RawNode.stored`). Requests to the
 * append thread are carried out in the order in which they were given.
 */
export interface StorageAppend {
  readonly type: 'storage-append';
  readonly entries: readonly Entry[];
  readonly hardState: HardState | undefined;
  readonly snapshot: Snapshot | undefined;
  readonly responses: readonly (PeerMessage | StorageAppendResponse)[];
}

/** Everything up to (index, term) is durable, as far as the core had handed it out in `term`. */
export interface StorageAppendResponse {
  readonly type: 'storage-append-response';
  readonly to: number;
  /** Term in which the write was asked for. The entries are not taken for stable in another one (raw-node.ts). */
  readonly term: number;
  /** Last entry of the log when the write was asked for, undefined when the log had nothing unstable. */
  readonly last: { readonly index: number; readonly term: number } | undefined;
  readonly snapshot: Snapshot | undefined;
}

/** Asynchronous storage writes: committed entries for the apply thread. Not to be made durable before the response. */
export interface StorageApply {
  readonly type: 'storage-apply';
  readonly entries: readonly Entry[];
  readonly responses: readonly StorageApplyResponse[];
}

export interface StorageApplyResponse {
  readonly type: 'storage-apply-response';
  readonly to: number;
  readonly entries: readonly Entry[];
}

export type StorageResponse = StorageAppendResponse | StorageApplyResponse;

/**
 * Why a message had no effect. None of them harms the node; a shell counts them. Stale and duplicate messages are part
 * of a healthy life; `malformed` means that a peer is broken, `beyond-log` that somebody has lost his log.
 */
export type Refusal =
  /** Addressed to another raft id. */
  | 'misdirected'
  /** Claims to come from this node. */
  | 'from-self'
  /** Breaks the rules of its own type; see message-guard.ts. */
  | 'malformed'
  /** From an earlier term. */
  | 'stale-term'
  /** A vote request while a leader is heard from (check quorum). */
  | 'leader-lease'
  /** The sender is not in the configuration. */
  | 'unknown-peer'
  /** This role has no use for this type of message. */
  | 'wrong-role'
  /** Told to campaign, but it could not lead; see CampaignRefusal. */
  | 'cannot-campaign'
  /** A message that only the leader of the term may send, from somebody else. */
  | 'not-from-leader'
  /** Speaks of entries that this node does not have, or of a read that it did not ask about. */
  | 'beyond-log'
  /** Not newer than what is committed here. */
  | 'obsolete-snapshot'
  /** Too many reads wait. */
  | 'too-many-reads'
  | DropReason;

/** Why a proposal was definitely not appended. */
export type DropReason =
  | 'no-leader'
  /** This leader has been removed from the configuration. */
  | 'leader-removed'
  | 'transfer-in-progress'
  | 'uncommitted-limit'
  | 'forwarding-disabled';

/** What became of a proposal here. Only its committed entry says whether it was accepted in the end. */
export type ProposalResult =
  /** In this leader's log, not committed yet. Another entry at `index`, of another term, means that it is lost. */
  | { readonly type: 'appended'; readonly term: number; readonly index: number }
  /** To the leader, which may drop it without a word. */
  | { readonly type: 'forwarded'; readonly leader: number }
  | { readonly type: 'dropped'; readonly reason: DropReason }
  /** The membership change does not fit the present configuration; an empty entry took its place. */
  | { readonly type: 'conf-change-refused'; readonly reason: ConfChangeRefusal };

export type ConfChangeRefusal =
  /** An earlier membership change may not be applied yet. */
  'earlier-change-pending' | ConfChangeProblem;
