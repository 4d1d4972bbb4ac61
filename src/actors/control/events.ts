/** What the control actor tells its owner on the main thread, in the order in which it happened. Plain data. */
import type { ClusterMap } from '../../cluster/cluster-map.js';
import type { ClusterView } from '../../cluster/view.js';
import type { GroupEpoch, GroupTrouble } from '../../cluster/heartbeat.js';
import type { DropReason, Refusal } from '../../raft/messages.js';
import type { Entry } from '../../raft/types.js';
import type { SnapshotFile } from '../snapshot-files.js';

export type ControlEvent =
  /** The view has changed. */
  | { readonly type: 'view'; readonly view: ClusterView }
  /**
   * Proposal `ticket` stands in this node's log at `index` of `term`. It is done when the entry applied at `index` has that
   * term, and definitely not done when it has another.
   */
  | { readonly type: 'proposed'; readonly ticket: number; readonly index: number; readonly term: number }
  /** Proposal `ticket` is definitely not done. */
  | { readonly type: 'not-proposed'; readonly ticket: number; readonly reason: DropReason }
  /** Reads with `ticket` may be answered once `index` is applied. */
  | { readonly type: 'read-ready'; readonly ticket: number; readonly index: number }
  | { readonly type: 'read-refused'; readonly ticket: number; readonly reason: Refusal }
  /** To be applied in order; to be confirmed with `applied` of the last index. */
  | { readonly type: 'committed'; readonly entries: readonly Entry[] }
  /** The state is that of this file; it takes the place of everything applied before. To be confirmed like `committed`. */
  | { readonly type: 'restore'; readonly file: SnapshotFile; readonly index: number; readonly term: number }
  /**
   * In ecc mode, after every `committed` and `restore`: the cluster map as it is once everything up to `index` is applied. To be
   * confirmed with `applied` in their place.
   */
  | { readonly type: 'map'; readonly index: number; readonly map: ClusterMap }
  /** In ecc mode: the leader asks this node to answer nothing more in these epochs. */
  | { readonly type: 'let-go'; readonly groups: readonly GroupEpoch[] }
  /** In ecc mode: the leader waits for this node to let go of these in good order, see HeartbeatReply. */
  | { readonly type: 'hand-over'; readonly groups: readonly GroupEpoch[] }
  /** In ecc mode: this node is leaving, and the leader will not take it out of all its groups. */
  | { readonly type: 'leave-refused' }
  /** In ecc mode: of which groups too few members are up, as the leader has it now. */
  | { readonly type: 'troubles'; readonly troubles: readonly GroupTrouble[] }
  /** The log has grown: a snapshot should be cut, and told to the control side by `snapshotWritten`. */
  | { readonly type: 'snapshot-due' }
  /** The node cannot take part, and why; it goes on trying. Undefined: the obstacle is gone. */
  | { readonly type: 'obstacle'; readonly message: string | undefined };
