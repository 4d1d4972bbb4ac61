/** What the protocol core asks of its shell. */
import type { NodeId } from '../base/ids.js';
import type { DataMessage } from './messages.js';

export type Effect =
  | { readonly type: 'send'; readonly to: NodeId; readonly message: DataMessage }
  /** Entries of the partition up to `index` are committed; this node is its primary. */
  | { readonly type: 'committed'; readonly position: number; readonly index: number }
  /** A primary needs the bytes of a sealed segment that is only in parity shards, to send it to a learner. */
  | { readonly type: 'segment-needed'; readonly position: number; readonly number: number }
  /** A message concerned no role of this node: its sender knows another map. */
  | { readonly type: 'misdirected' }
  /** This node has become primary of a partition, serves it now, or does not any more. */
  | { readonly type: 'roles-changed' };
