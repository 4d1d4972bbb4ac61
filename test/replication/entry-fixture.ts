/** A primary's store with a recorder, and receivers that apply what it records. */
import { headerOf, type EntryHeader } from '../../src/replication/entry-codec.js';
import { applyEntry, type ApplyHooks } from '../../src/replication/apply-entry.js';
import { EntryRecorder } from '../../src/replication/entry-recorder.js';
import { type KeyHash, SipKeyHash } from '../../src/store/key-hash.js';
import { PartitionStore } from '../../src/store/partition-store.js';
import { SegmentStore } from '../../src/store/segment-store.js';
import type { SegmentStoreOptions } from '../../src/store/store-options.js';
import { SlabPool } from '../../src/store/slab-pool.js';
import { SEED, SMALL_LAYOUT, SMALL_MAX_KEY_BYTES } from '../store/store-fixture.js';

export const HASH: KeyHash = new SipKeyHash(SEED);

export interface RecordedStore {
  readonly store: SegmentStore;
  readonly recorder: EntryRecorder;
}

/** @param options.maxEntryBytes small, for entries in pieces */
export function recordedStore(
  options: Partial<SegmentStoreOptions> & { readonly maxEntryBytes?: number } = {},
): RecordedStore {
  const { maxEntryBytes, partition: given, ...rest } = options;
  const partition = given ?? emptyPartition(rest.hash);
  const holder: { store?: SegmentStore } = {};
  const headerNow = (): EntryHeader => {
    if (holder.store === undefined) throw new Error('nothing is recorded before there is a store');
    return headerOf(holder.store);
  };
  const recorder = new EntryRecorder(partition, headerNow, maxEntryBytes);
  holder.store = new SegmentStore({
    hash: partition.hash,
    maxKeyBytes: SMALL_MAX_KEY_BYTES,
    ...rest,
    partition,
    intercept: () => recorder,
  });
  return { store: holder.store, recorder };
}

export function emptyPartition(hash = HASH): PartitionStore {
  return new PartitionStore(new SlabPool(), SMALL_LAYOUT, hash);
}

const NONE: ReadonlySet<number> = new Set();

/** Applies an entry where every segment is here. */
export function apply(store: PartitionStore, entry: Uint8Array, hooks: Partial<ApplyHooks> = {}): EntryHeader {
  const nothing = (): void => undefined;
  return applyEntry(store, entry, {
    awaited: NONE,
    onSealed: nothing,
    onSealedDamaged: (number) => {
      throw new Error(`segment ${number} is another one here`);
    },
    onReleased: nothing,
    onAwaitedReleased: nothing,
    onLost: nothing,
    ...hooks,
  });
}
