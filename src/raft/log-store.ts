/**
 * The durable log as the shell writes it, and what both sides may rely on. Implemented on lmdb (adapters/lmdb) and in
 * memory for the simulator; `test/raft/raft-log-contract.ts` holds any implementation to this page.
 *
 * What is stored: the entries base+1..last, where *base* is the last entry that is gone (compacted, or covered by a received
 * snapshot; its term is kept); the hard state; the latest snapshot's metadata and description (the data itself are files,
 * durable before they are named here); the identity of the node. The applied index is not: after a restart everything after
 * the snapshot is applied again.
 *
 * I0: the log is compacted, and a received snapshot acknowledged, only when the snapshot's data is durable here.
 *
 * Order of the indexes, checked on every write and on open:
 *   base <= snapshot <= commit <= last.
 */
import type { ClusterId, NodeId, RaftId } from '../base/ids.js';
import type { ConfState, Entry, HardState, RaftStorage, Snapshot } from './types.js';

/** Whose log this is. */
export interface LogIdentity {
  readonly nodeId: NodeId;
  readonly raftId: RaftId;
  readonly mode: 'raft' | 'ecc';
  /** Undefined until the node has met its cluster. */
  readonly clusterId: ClusterId | undefined;
}

/** What one Ready asks to persist; a Ready can be passed as it is. */
export interface LogBatch {
  readonly hardState: HardState | undefined;
  /** Contiguous; replace what is stored from the first one's index on. Kept: `data` must never change again. */
  readonly entries: readonly Entry[];
  /** Received from the leader, its data durable here: the stored log is dropped, `entries` begin after it. */
  readonly snapshot: Snapshot | undefined;
}

/**
 * Every method is one transaction: when it returns, all of it is durable; when it throws, nothing has changed. The exception
 * is a commit index that moves alone: it is remembered and written with the next batch, since losing it costs nothing but where
 * `commitDurably` is for.
 * After DISK_FULL or DATA_CORRUPT the log takes no more writes.
 */
export interface RaftLog extends RaftStorage {
  /** Undefined in a fresh log. */
  identity(): LogIdentity | undefined;

  /**
   * Sets what is not set yet. What is set never changes: a node that lost its log comes back under a new identity.
   * @throws InvariantViolation on a change
   */
  setIdentity(identity: LogIdentity): void;

  /**
   * Membership at index 0, of the nodes that start a cluster together. May be set again until there is an identity.
   * @throws InvariantViolation unless the log is empty and has no identity
   */
  bootstrap(confState: ConfState): void;

  /**
   * @throws InvariantViolation when the batch leaves a gap, goes back in term, would replace a committed entry, or its
   * snapshot is not ahead of the commit index
   */
  append(batch: LogBatch): void;

  /**
   * Raises the commit index to `commit` at least, and makes it durable. Before a membership change at `commit` takes effect:
   * whoever came back without knowing that it is in force would ask for the votes of nodes that may be gone for good.
   * @throws InvariantViolation when the entry is not in the log
   */
  commitDurably(commit: number): void;

  /**
   * Names a snapshot cut here, whose data is durable. The log is unchanged.
   * @throws InvariantViolation when it is older than the present one, or of an entry that is not in the log
   */
  recordSnapshot(snapshot: Snapshot): void;

  /**
   * Forgets the entries up to `throughIndex`, which is at most the snapshot's index (I0). Fewer or none when they are gone.
   * @throws InvariantViolation when it is beyond the snapshot
   */
  compact(throughIndex: number): void;
}
