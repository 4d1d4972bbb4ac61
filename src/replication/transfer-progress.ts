/** How far the streams of learners are: bytes of sealed segments, as their primaries have listed them. */
import type { GroupMember, PartitionName } from '../cluster/cluster-map.js';

export interface StreamProgress {
  /** Of all that were sealed when the stream began. */
  readonly totalBytes: number;
  /** Of those that the learner has by now, or that are gone since: kept <= done <= total. */
  readonly doneBytes: number;
  /** Of those that it had from before, and was not sent. */
  readonly keptBytes: number;
}

/** Of one learner, as the primary of one partition sees it. */
export interface LearnerProgress extends PartitionName, GroupMember, StreamProgress {}
