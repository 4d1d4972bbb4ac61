/**
 * What nodes say to each other about partitions, over the data links. A link proves who speaks (node id and incarnation), so no
 * message names its sender. Bytes in a message that was received belong to the receiver.
 */
import type { PartitionName } from '../cluster/cluster-map.js';
import type { SegmentFacts, SegmentImage } from '../store/segment-table.js';
import type { HeadlessFragment } from '../store/headless-fragments.js';
import type { Pressure } from './node-memory.js';

/** One entry of a partition's log: what one request changed, cleaning and expiry on the way included. */
export interface LogEntry {
  /** From 1, without gaps. */
  readonly index: number;
  /** Epoch of its first append; kept when it is sent again in a later one. */
  readonly epoch: number;
  /** Header and location commands, in the format of entry-codec.ts. */
  readonly bytes: Uint8Array;
}

/** From a primary to a backup or learner. Empty ones open an epoch, tell the commit index, or ask for an acknowledgement. */
export interface Append extends PartitionName {
  readonly type: 'append';
  /** Of the frame, not of the entries: accepting it promises this epoch. */
  readonly epoch: number;
  /** Of the learner's stream; 0 to a backup. */
  readonly joinIndex: number;
  readonly prevIndex: number;
  /** Epoch of the entry at prevIndex; 0 with index 0. */
  readonly prevEpoch: number;
  readonly commitIndex: number;
  /** prevIndex + 1, prevIndex + 2, ... */
  readonly entries: readonly LogEntry[];
  /** Memory that a write needs for which the grants so far do not suffice; mostly 0. */
  readonly askedBytes: number;
}

export interface AppendReply extends PartitionName {
  readonly type: 'append-reply';
  /**
   * `matched`: accepted, and `index` is prevIndex + count of that Append (I5). `gap`: its prevIndex is not here; `index` is what
   * has been applied. `not-yet`: the epoch is newer than the map here. `stale`: an epoch newer than that is promised.
   */
  readonly status: 'matched' | 'gap' | 'not-yet' | 'stale';
  /** Of the Append that is answered. */
  readonly epoch: number;
  readonly joinIndex: number;
  readonly index: number;
  readonly appliedIndex: number;
  /** Granted to this partition: what entries behind `index` may cost here (memory-grant.ts). */
  readonly freeBytes: number;
  /** How this node stands with its memory. */
  readonly pressure: Pressure;
}

/** A sealed segment that the learner will be sent, or has. */
export interface SegmentListing {
  readonly number: number;
  readonly checksum: number;
}

/** I12: the begin of a learner's stream, cut at `index`; Appends from index + 1 follow on the same link. */
export interface TransferBegin extends PartitionName {
  readonly type: 'transfer-begin';
  readonly epoch: number;
  readonly joinIndex: number;
  readonly index: number;
  /** Epoch of the entry at `index`. */
  readonly indexEpoch: number;
  /** Header of the entry at `index` (entry-codec.ts). */
  readonly header: Uint8Array;
  /** How many segments have ever been opened. */
  readonly opened: number;
  readonly sealed: readonly SegmentListing[];
  readonly open: readonly SegmentImage[];
  readonly headless: readonly HeadlessFragment[];
}

/**
 * From a learner, once it knows what it can use of what it had before it began to learn: the listed segments whose bytes need not be
 * sent. Nothing is sent to it before.
 */
export interface TransferKept extends PartitionName {
  readonly type: 'transfer-kept';
  readonly joinIndex: number;
  /** Folded: in a parity shard, where no key can be read any more. */
  readonly form: 'raw' | 'folded';
  /** Ascending. */
  readonly numbers: readonly number[];
}

/** In place of a TransferSegment where the learner has the bytes: what else belongs to the segment, as of `index`. */
export interface TransferFacts extends PartitionName {
  readonly type: 'transfer-facts';
  readonly joinIndex: number;
  readonly index: number;
  readonly facts: SegmentFacts;
  /** Bytes of the segment. */
  readonly length: number;
  /** To one that has it folded: tag and location of each live record, one after the other. Empty to others. */
  readonly records: Int32Array;
}

/** One sealed segment with its live records as of `index`, up to which the learner applies before it takes the segment in. */
export interface TransferSegment extends PartitionName {
  readonly type: 'transfer-segment';
  readonly joinIndex: number;
  readonly index: number;
  readonly image: SegmentImage;
}

/** From a learner: the segment is in (and folded, at a parity position). */
export interface TransferTaken extends PartitionName {
  readonly type: 'transfer-taken';
  readonly joinIndex: number;
  /** 0: the answer to a question; all that was sent before it is in. */
  readonly number: number;
  /** Of the question that is answered; 0 with a segment. */
  readonly index: number;
  /** With an answer, over all sealed segments that are in (digestOfListings); 0 with a segment. */
  readonly digest: number;
}

/** Which sealed segments does the learner hold as of `index`, up to which it applies before it answers? */
export interface TransferVerify extends PartitionName {
  readonly type: 'transfer-verify';
  readonly joinIndex: number;
  readonly index: number;
}

/** Asks a holder for all that it has of one stripe, for a degraded read. */
export interface ShardRequest {
  readonly type: 'shard-request';
  readonly group: number;
  /** Unique at the asker. */
  readonly requestId: number;
  /** Number of the segments in it. */
  readonly stripe: number;
}

export interface DataShard {
  readonly position: number;
  readonly checksum: number;
  /** Up to the segment's length; zeros follow up to the size of the stripe's shards. */
  readonly bytes: Uint8Array;
}

export interface Contribution {
  readonly position: number;
  readonly checksum: number;
}

export interface ShardReply {
  readonly type: 'shard-reply';
  readonly group: number;
  readonly requestId: number;
  /** Of the holder's map. Nothing is given by a node that is not in sync. */
  readonly epoch: number;
  /** Sealed segments that are here raw. */
  readonly data: readonly DataShard[];
  /** The parity shard as it is, with exactly the segments folded into it; null where there is none. `index` from 0. */
  readonly parity: {
    readonly index: number;
    readonly contributions: readonly Contribution[];
    readonly bytes: Uint8Array;
  } | null;
}

/** What the receiver gave of this stripe led to a wrong result: a shard that it holds may be damaged. It sees for itself. */
export interface ShardSuspect {
  readonly type: 'shard-suspect';
  readonly group: number;
  readonly stripe: number;
}

export type DataMessage =
  | Append
  | AppendReply
  | TransferBegin
  | TransferKept
  | TransferSegment
  | TransferFacts
  | TransferTaken
  | TransferVerify
  | ShardRequest
  | ShardReply
  | ShardSuspect;
