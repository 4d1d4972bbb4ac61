/** Stores small enough that a few hundred writes seal, clean, fragment and evict. */
import { bytesEqual } from '../../src/base/bytes.js';
import { type HashSeed, type KeyHash, SipKeyHash } from '../../src/store/key-hash.js';
import { SegmentLayout, offsetOf, segmentOf } from '../../src/store/layout.js';
import type { LocationCommands } from '../../src/store/location-commands.js';
import { PartitionStore } from '../../src/store/partition-store.js';
import type { RecordRefs } from '../../src/store/record-refs.js';
import { RecordView } from '../../src/store/record.js';
import { SegmentStore } from '../../src/store/segment-store.js';
import type { SegmentStoreOptions } from '../../src/store/store-options.js';
import { SlabPool } from '../../src/store/slab-pool.js';

export const SEED: HashSeed = { low: 0x1234abcd, high: 0x5eed5eed };

export const SMALL_LAYOUT = new SegmentLayout([
  { count: 4, bytes: 4096 },
  { count: 60_000, bytes: 8192 },
]);

export const SMALL_MAX_KEY_BYTES = 2000;

export function smallStore(options: Partial<SegmentStoreOptions> = {}): SegmentStore {
  return new SegmentStore({
    hash: new SipKeyHash(SEED),
    layout: SMALL_LAYOUT,
    maxKeyBytes: SMALL_MAX_KEY_BYTES,
    ...options,
  });
}

/** A hash with few values, so that keys collide: all of them when `distinct` is 1. */
export function collidingHash(distinct: number): KeyHash {
  const good = new SipKeyHash(SEED);
  const fold = (tag: number): number => Math.imul((tag >>> 0) % distinct, 0x01000193);
  return {
    keyTag: (bytes, start, end) => fold(good.keyTag(bytes, start, end)),
    fragmentTag: (keyTag, version, number) => fold(good.fragmentTag(keyTag, version, number)),
  };
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function patterned(length: number, seed: number): Uint8Array {
  const value = new Uint8Array(length);
  for (let i = 0; i < length; i++) value[i] = Math.imul(i + 1, seed * 2 + 1) >>> 3;
  return value;
}

/** A second store that is told the same location commands and gets the records' bytes, as a backup does. */
export class Mirror implements LocationCommands {
  readonly copy: PartitionStore;
  private readonly primary: PartitionStore;
  private readonly view = new RecordView();

  constructor(primary: PartitionStore) {
    this.primary = primary;
    this.copy = new PartitionStore(new SlabPool(), primary.table.layout, primary.hash);
  }

  open(segment: number): void {
    this.primary.open(segment);
    this.copy.open(segment);
  }

  put(to: number, tag: number, supersedes: RecordRefs): void {
    this.copyRecord(to);
    this.copy.put(to, tag, supersedes);
    this.primary.put(to, tag, supersedes);
  }

  move(to: number, from: number, tag: number, sizeBytes: number): void {
    this.copyRecord(to);
    const source = this.primary.table.get(segmentOf(from)).bytes.subarray(offsetOf(from), offsetOf(from) + sizeBytes);
    const target = this.primary.table.get(segmentOf(to)).bytes.subarray(offsetOf(to), offsetOf(to) + sizeBytes);
    if (!bytesEqual(source, target)) throw new Error('a move copies the record byte for byte');
    this.copy.move(to, from, tag, sizeBytes);
    this.primary.move(to, from, tag, sizeBytes);
  }

  remove(records: RecordRefs): void {
    this.copy.remove(records);
    this.primary.remove(records);
  }

  seal(segment: number, stripe: number): void {
    this.copy.seal(segment, stripe);
    this.primary.seal(segment, stripe);
  }

  release(segment: number): void {
    this.copy.release(segment);
    this.primary.release(segment);
  }

  lose(segment: number, records: RecordRefs): void {
    this.copy.lose(segment, records);
    this.primary.lose(segment, records);
  }

  private copyRecord(at: number): void {
    this.primary.readAt(at, this.view);
    const { bytes: source, sizeBytes } = this.view;
    const placed = this.copy.appendCopy(segmentOf(at), source.slice(offsetOf(at), offsetOf(at) + sizeBytes));
    if (placed !== at) throw new Error('a replica appends where the primary did');
  }
}
