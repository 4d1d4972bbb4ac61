/** The options of one Raft node. Validated once, by the constructor of RawNode. */
import { assert } from '../base/assert.js';
import type { Prng } from '../base/prng.js';
import type { RaftStorage } from './types.js';

/**
 * `safe` asks a quorum about each read (one round trip, shared by the reads that wait). `lease-based` answers at once while
 * a quorum was heard from, and needs `checkQuorum`. It is what etcd/raft has under that name and no more: for up to an
 * election timeout after a network split, a hand-over or a restart of voters, a deposed leader may answer from an old
 * state. dcache reads the safe way.
 */
export type ReadOnlyMode = 'safe' | 'lease-based';

export interface RaftConfig {
  /** A positive safe integer. A node that has lost its log never comes back under the same one. */
  readonly id: number;
  /**
   * Ticks without a leader after which a follower may campaign; each election draws from electionTicks ..
   * 2 × electionTicks − 1. More than heartbeatTicks, ten times it by custom.
   */
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly storage: RaftStorage;
  /** Source of the election timeouts. Used by this node alone. */
  readonly prng: Prng;
  /**
   * Index up to which the state machine has applied the log, for a restart: normally that of the latest snapshot. The
   * configuration that `storage` gives as its initial state is the one of this index. Default: the last compacted one.
   */
  readonly applied?: number;
  /** Entries and hard state are written by threads of their own; see StorageAppend. Default false. */
  readonly asyncStorageWrites?: boolean;
  /** Bytes of entries (entryBytes) in one `append`, which holds at least one. 0: exactly one. Default: no limit. */
  readonly maxAppendBytes?: number;
  /** Bytes of committed entries under application at a time, but at least one entry. Default: maxAppendBytes. */
  readonly maxCommittedBytesPerReady?: number;
  /** Payload bytes of uncommitted entries that a leader holds before it drops proposals. Default: no limit. */
  readonly maxUncommittedBytes?: number;
  /** `append` messages with entries that are under way to one follower. Default 256. */
  readonly maxInflightAppends?: number;
  /** Payload bytes under way to one follower; at least maxAppendBytes. Default: no limit. */
  readonly maxInflightBytes?: number;
  /** Reads that may wait for a quorum or for the leader's first commit. Default 8192. */
  readonly maxPendingReads?: number;
  /** A leader that does not hear from a quorum for electionTicks steps down, and followers keep to a live leader. */
  readonly checkQuorum?: boolean;
  /** Ask whether an election could be won before the term is raised. */
  readonly preVote?: boolean;
  /** Default `safe`. */
  readonly readOnlyMode?: ReadOnlyMode;
  /** A follower drops proposals instead of forwarding them. */
  readonly disableProposalForwarding?: boolean;
  /** Accept membership changes that do not fit the configuration in force; for shells that order them themselves. */
  readonly disableConfChangeValidation?: boolean;
  /**
   * A leader that is removed, or made a learner, steps down when it applies that. Better to hand over first: in a group of
   * two the other voter may miss the commit, and cannot be elected without the vote of the one that left.
   */
  readonly stepDownOnRemoval?: boolean;
}

export type ResolvedConfig = Required<RaftConfig>;

export function resolveConfig(config: RaftConfig): ResolvedConfig {
  const maxAppendBytes = config.maxAppendBytes ?? Number.MAX_SAFE_INTEGER;
  const resolved: ResolvedConfig = {
    id: config.id,
    electionTicks: config.electionTicks,
    heartbeatTicks: config.heartbeatTicks,
    storage: config.storage,
    prng: config.prng,
    applied: config.applied ?? 0,
    asyncStorageWrites: config.asyncStorageWrites ?? false,
    maxAppendBytes,
    maxCommittedBytesPerReady: config.maxCommittedBytesPerReady ?? Math.max(maxAppendBytes, 1),
    maxUncommittedBytes: config.maxUncommittedBytes ?? Number.MAX_SAFE_INTEGER,
    maxInflightAppends: config.maxInflightAppends ?? 256,
    maxInflightBytes: config.maxInflightBytes ?? Number.MAX_SAFE_INTEGER,
    maxPendingReads: config.maxPendingReads ?? 8192,
    checkQuorum: config.checkQuorum ?? false,
    preVote: config.preVote ?? false,
    readOnlyMode: config.readOnlyMode ?? 'safe',
    disableProposalForwarding: config.disableProposalForwarding ?? false,
    disableConfChangeValidation: config.disableConfChangeValidation ?? false,
    stepDownOnRemoval: config.stepDownOnRemoval ?? false,
  };
  assert(Number.isSafeInteger(resolved.id) && resolved.id > 0, 'a raft id is a positive safe integer');
  assert(resolved.heartbeatTicks > 0, 'heartbeatTicks is positive');
  assert(resolved.electionTicks > resolved.heartbeatTicks, 'electionTicks is above heartbeatTicks');
  assert(resolved.maxCommittedBytesPerReady > 0, 'maxCommittedBytesPerReady is positive');
  assert(resolved.maxInflightAppends > 0, 'maxInflightAppends is positive');
  assert(resolved.maxInflightBytes >= resolved.maxAppendBytes, 'maxInflightBytes is at least maxAppendBytes');
  assert(resolved.maxPendingReads > 0, 'maxPendingReads is positive');
  assert(resolved.readOnlyMode === 'safe' || resolved.checkQuorum, 'lease-based reads need checkQuorum');
  return resolved;
}
