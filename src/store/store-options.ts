/** What callers of SegmentStore say and hear. */
import type { KeyHash } from './key-hash.js';
import type { SegmentLayout } from './layout.js';
import type { LocationCommands } from './location-commands.js';
import type { EvictionPolicy } from './memory-cap.js';
import type { PartitionStore } from './partition-store.js';
import type { SlabPool } from './slab-pool.js';

/** What must hold of the newest value of the key for a change to be made. An expired value counts as absent. */
export type Condition =
  { readonly type: 'absent' } | { readonly type: 'present' } | { readonly type: 'version'; readonly version: number };

/** `expired`: there is a value, but its time is over. I2: a miss may be answered only once its removal is committed. */
export type LookUp = 'hit' | 'miss' | 'expired';

/** What a store counts beside its segments: what is needed to go on with a partition that others have written. */
export interface StoreCounters {
  /** The largest time that a change has carried. */
  readonly clockMs: number;
  /** Keys that have a value. */
  readonly keys: number;
  /** Bytes of values that have an expiry. */
  readonly expiringBytes: number;
  /** How many large values were ever begun. */
  readonly largeValues: number;
}

export interface SegmentStoreOptions {
  readonly hash: KeyHash;
  /** Shared by the stores of a node; one of its own by default. */
  readonly pool?: SlabPool;
  readonly layout?: SegmentLayout;
  /** A partition to go on with, which brings hash, pool and layout of its own; an empty one by default. */
  readonly partition?: PartitionStore;
  /** Of `partition`; zeros by default. */
  readonly state?: StoreCounters;
  /** Bytes that the store may hold, everything counted; none by default. */
  readonly maxBytes?: number;
  readonly policy?: EvictionPolicy;
  readonly maxKeyBytes?: number;
  readonly maxValueBytes?: number;
  /** Stands between decisions and the store that carries them out, for whoever wants to see or log the commands. */
  readonly intercept?: (store: PartitionStore) => LocationCommands;
}
