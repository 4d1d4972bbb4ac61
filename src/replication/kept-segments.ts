/**
 * What a learner still has of a partition from before it began to learn, so that it need not be sent again (I12): bytes, and nothing
 * else. Which segments there are, and which records in them are live, always comes from the primary.
 *
 * A data holder has segments raw (segment-candidates.ts), a parity holder has them folded (kept-shards.ts). Both know a segment by
 * number and checksum. Numbers are used again while a node is away, so a number alone says nothing; a sealed segment never
 * changes, so the same checksum means the same bytes, whoever sealed them and whether or not that was ever committed.
 */
import type { PartitionStore } from '../store/partition-store.js';
import type { SegmentListing, TransferFacts } from './messages.js';

export interface KeptSegments {
  readonly form: 'raw' | 'folded';
  /**
   * A stream has begun, and these are sealed at its primary. `decide` is told once which of them are here: at once, or when the other
   * partitions of the group have been heard. What is not among them is given up.
   */
  onList(listed: readonly SegmentListing[], decide: (numbers: readonly number[]) => void): void;
  /**
   * Waiting costs too much: decides at once, and keeps nothing. Or memory does, after the decision: gives up what can be without what has
   * been taken in.
   */
  giveUp(): void;
  /** Takes a segment in that was decided to be here. False: it is not what it was taken for, and will not be named again. */
  restore(store: PartitionStore, message: TransferFacts): boolean;
}
