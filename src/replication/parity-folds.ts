/**
 * What a parity holder does with the sealed and released segments of one partition: folds them into its parity shards and takes them
 * out again (DESIGN.md, "Seal and fold", I8). Each is one synchronous step, so nobody sees a shard between two states.
 */
import type { PartitionStore } from '../store/partition-store.js';
import type { SegmentListing } from './messages.js';
import type { ParityShards } from './parity-shards.js';
import { visitEntry } from './entry-codec.js';

export class ParityFolds {
  private readonly shards: ParityShards;
  private readonly position: number;

  constructor(shards: ParityShards, position: number) {
    this.shards = shards;
    this.position = position;
  }

  /** Folds a sealed segment whose bytes are here. If a bit of them has flipped since the seal, it is owed. */
  fold(store: PartitionStore, number: number): void {
    const segment = store.table.get(number);
    if (store.isIntact(segment)) this.foldIntact(store, number);
    else this.owe(number, segment.checksum);
  }

  /** Folds a sealed segment whose bytes have been held against its checksum in this turn. */
  foldIntact(store: PartitionStore, number: number): void {
    const { bytes, length, checksum } = store.table.get(number);
    this.shards.fold(this.position, number, bytes.subarray(0, length), checksum);
  }

  unfold(number: number, bytes: Uint8Array, checksum: number): void {
    this.shards.unfold(this.position, number, bytes, checksum);
  }

  /** The sealed segment belongs into its shard, and its bytes are not here. */
  owe(number: number, checksum: number): void {
    this.shards.owe(this.position, number, checksum);
  }

  /** Whether there is a shard of the stripe, whoever has folded something into it. */
  hasShard(number: number): boolean {
    return this.shards.shard(number) !== undefined;
  }

  /** Whether the shard of the stripe holds nothing but segments of positions that `mayGo`. */
  holdsOnly(number: number, mayGo: (position: number) => boolean): boolean {
    return this.shards.contributions(number).every(({ position }) => mayGo(position));
  }

  has(number: number, checksum: number): boolean {
    return this.shards.has(this.position, number, checksum);
  }

  /** An acting primary's entry is committed; its store has the entry already, and keeps the bytes. */
  onCommitted(store: PartitionStore, bytes: Uint8Array): void {
    visitEntry(bytes, {
      seal: (number) => this.fold(store, number),
      release: (number, checksum, content) => this.unfold(number, content, checksum),
      lose: (number, checksum) => this.forget(number, checksum),
    });
  }

  /** The segment is lost: nobody has its bytes any more. See `ParityShards.forget`. */
  forget(number: number, checksum: number): void {
    this.shards.forget(this.position, number, checksum);
  }

  /** What is folded of this position; not what is owed. */
  listings(): readonly SegmentListing[] {
    return this.shards.listings(this.position);
  }

  /** Folds what is owed in, as far as its bytes are here. */
  refoldRaw(store: PartitionStore): void {
    for (const { position, number, checksum } of this.shards.owed()) {
      const segment = store.table.maybe(number);
      if (position !== this.position || segment?.checksum !== checksum || !segment.isRaw) continue;
      this.shards.refold(position, number, segment.bytes.subarray(0, segment.length), checksum);
    }
  }

  /** Drops the bytes of sealed segments, which are folded or owed: what is owed and could be folded in from here has been. */
  dropSealedBytes(store: PartitionStore): void {
    this.refoldRaw(store);
    for (const { number } of store.sealedListings()) if (store.table.get(number).isRaw) store.dropBytes(number);
  }
}
