/**
 * The protocol core as the data side uses it: replication/group-replica.ts and replication/primary.ts, and fakes in tests.
 */
import type { SegmentStore } from '../../store/segment-store.js';

/** A partition as its primary has it. */
export interface LedPartition {
  /** The newest state, uncommitted changes included. Changed inside `change` only. */
  readonly store: SegmentStore;
  /** Whether requests may be decided and answered now. */
  readonly serving: boolean;
  /** There is no other member: what is acknowledged needs the lease. */
  readonly isAlone: boolean;
  readonly lastIndex: number;
  readonly commitIndex: number;
  /** So much is uncommitted that no writes should be taken now. */
  readonly isFull: boolean;
  /**
   * Lets `work` decide and change the store, and logs what it did. `index`: what the answer waits for; 0 when nothing has changed.
   * Only while serving.
   */
  change<Result>(work: () => Result): { readonly result: Result; readonly index: number };
  /** Index of the last uncommitted change of something with this tag, 0 if there is none. */
  uncommittedIndexOf(tag: number): number;
}
