/**
 * The parity shards of one parity position of a group, by stripe number, and what is folded into each: `shard ^= C[j][d] * segment`
 * for every contribution (position d, number, checksum). Positions of a stripe come and go at different times; a missing one
 * counts as zeros, and so do the bytes behind the end of a segment that is shorter than the stripe's shards.
 *
 * I8: a fold or unfold, with the change of the table of contributions, is one synchronous call, in place. Only an empty position
 * is folded into, only a recorded (segment, checksum) is unfolded, and the bytes are checked both times.
 *
 * A shard that is wrong, or has something in it that cannot be taken out, is `reset`: it begins anew with zeros, and what it
 * recorded is *owed*, until it is folded in again (`refold`), released, or given up (`forget`). So a shard is at any moment the code of
 * what it records (I10): while it owes, it only helps less. For each position of a stripe at most one segment is recorded or owed.
 */
import { assert } from '../base/assert.js';
import type { ErasureCodec } from '../erasure/erasure-codec.js';
import { hashBytes } from '../store/byte-hash.js';
import type { SegmentLayout } from '../store/layout.js';
import type { Block, SlabPool } from '../store/slab-pool.js';
import type { Contribution, SegmentListing } from './messages.js';

/** A segment that belongs into the shard of its stripe and is not in it. */
export interface OwedSegment extends SegmentListing {
  readonly position: number;
}

interface ParityStripe {
  readonly block: Block;
  /** Checksum of the segment folded in, by data position; never empty. */
  readonly checksums: Map<number, number>;
}

/** Addresses that the codec is fast on, and the checksum can read, are multiples of this. */
const ALIGNMENT_BYTES = 8;

/** Estimate for the objects of a stripe. */
const STRIPE_OBJECT_BYTES = 512;
const CHANGED = 'the bytes of a segment are those that were sealed';

/** A segment as long as its shard: space for one fold, shared by all groups of a process, since a fold is one synchronous step. */
let sharedScratch = new Uint8Array(0);

export class ParityShards {
  private readonly codec: ErasureCodec;
  /** 0..m-1 */
  readonly parityIndex: number;
  private readonly layout: SegmentLayout;
  private readonly pool: SlabPool;
  private readonly stripes = new Map<number, ParityStripe>();
  /** By stripe number: checksum of the segment that is owed, by data position; never empty. */
  private readonly owing = new Map<number, Map<number, number>>();
  private shardBytes = 0;

  /** @param parityIndex 0..m-1. @param layout of the partitions of the group. @param pool whence the shards' memory is. */
  constructor(codec: ErasureCodec, parityIndex: number, layout: SegmentLayout, pool: SlabPool) {
    assert(parityIndex >= 0 && parityIndex < codec.code.m, 'a parity index is one of the code');
    this.codec = codec;
    this.parityIndex = parityIndex;
    this.layout = layout;
    this.pool = pool;
  }

  /** Memory of all shards. */
  get heldBytes(): number {
    return this.shardBytes;
  }

  /** Memory of the objects beside the shards. */
  get overheadBytes(): number {
    return this.stripes.size * STRIPE_OBJECT_BYTES;
  }

  /** How many shards there are. */
  get count(): number {
    return this.stripes.size;
  }

  /** Adds a sealed segment of data position `position` to the shard of its stripe. `bytes`, up to its length, are only read. */
  fold(position: number, number: number, bytes: Uint8Array, checksum: number): void {
    const isEmpty = this.stripes.get(number)?.checksums.has(position) !== true && !this.owesAt(position, number);
    assert(isEmpty, 'a segment is folded into an empty position');
    const segment = this.paddedTo(number, bytes);
    assert(hashBytes(segment, bytes.length, 0) === checksum, CHANGED);
    this.foldIn(position, number, segment, checksum);
  }

  /**
   * Takes a segment out that was folded in; the shard is freed with its last one. One that is owed is owed no more. `bytes` are
   * only read.
   */
  unfold(position: number, number: number, bytes: Uint8Array, checksum: number): void {
    if (this.owes(position, number, checksum)) {
      this.settle(position, number);
      return;
    }
    const stripe = this.stripes.get(number);
    assert(stripe?.checksums.get(position) === checksum, 'only a recorded segment is unfolded');
    const segment = this.paddedTo(number, bytes);
    assert(hashBytes(segment, bytes.length, 0) === checksum, CHANGED);
    stripe.checksums.delete(position);
    if (stripe.checksums.size === 0) this.dropStripe(number, stripe);
    else this.codec.fold(position, segment, this.parityIndex, stripe.block.bytes);
  }

  /** A segment belongs into the shard of its stripe whose bytes are not here: it is owed from now on. */
  owe(position: number, number: number, checksum: number): void {
    const isEmpty = this.stripes.get(number)?.checksums.has(position) !== true && !this.owesAt(position, number);
    assert(isEmpty, 'a segment is owed at an empty position');
    this.owing.set(number, (this.owing.get(number) ?? new Map<number, number>()).set(position, checksum));
  }

  /** Gives the shard of stripe `number` up: what it recorded is owed from now on. Nothing happens where there is none. */
  reset(number: number): void {
    const stripe = this.stripes.get(number);
    if (stripe === undefined) return;
    const owed = this.owing.get(number) ?? new Map<number, number>();
    for (const [position, checksum] of stripe.checksums) owed.set(position, checksum);
    this.owing.set(number, owed);
    this.dropStripe(number, stripe);
  }

  /**
   * Folds a segment in that is owed. False, and nothing has changed, if it is not owed (any more) or `bytes`, which are only read,
   * are not those that were sealed.
   */
  refold(position: number, number: number, bytes: Uint8Array, checksum: number): boolean {
    const isWhole = bytes.length <= this.layout.sizeBytes(number) && bytes.length % 4 === 0;
    if (!isWhole || !this.owes(position, number, checksum)) return false;
    const segment = this.paddedTo(number, bytes);
    if (hashBytes(segment, bytes.length, 0) !== checksum) return false;
    this.settle(position, number);
    this.foldIn(position, number, segment, checksum);
    return true;
  }

  /**
   * Gives a segment up whose bytes nobody has any more: it is neither recorded nor owed afterwards. If it was folded in, the shard is
   * reset, since it cannot be taken out.
   */
  forget(position: number, number: number, checksum: number): void {
    if (this.has(position, number, checksum)) this.reset(number);
    if (this.owes(position, number, checksum)) this.settle(position, number);
  }

  /** Whether this very segment is owed. */
  owes(position: number, number: number, checksum: number): boolean {
    return this.owing.get(number)?.get(position) === checksum;
  }

  /** Everything that is owed, in order of number and position. */
  owed(): OwedSegment[] {
    const found: OwedSegment[] = [];
    for (const [number, checksums] of this.owing) {
      for (const [position, checksum] of checksums) found.push({ position, number, checksum });
    }
    return found.sort((a, b) => a.number - b.number || a.position - b.position);
  }

  has(position: number, number: number, checksum: number): boolean {
    return this.stripes.get(number)?.checksums.get(position) === checksum;
  }

  /** What is in the shard of stripe `number`, by position ascending; empty where there is none. */
  contributions(number: number): Contribution[] {
    const checksums = this.stripes.get(number)?.checksums ?? [];
    return [...checksums]
      .map(([position, checksum]) => ({ position, checksum }))
      .sort((a, b) => a.position - b.position);
  }

  /** The shard of stripe `number`, borrowed until the next fold or unfold; undefined where nothing is folded in. */
  shard(number: number): Uint8Array | undefined {
    return this.stripes.get(number)?.block.bytes;
  }

  /** The segments of a data position that are folded in, in order of number. */
  listings(position: number): SegmentListing[] {
    const found: SegmentListing[] = [];
    for (const [number, { checksums }] of this.stripes) {
      const checksum = checksums.get(position);
      if (checksum !== undefined) found.push({ number, checksum });
    }
    return found.sort((a, b) => a.number - b.number);
  }

  /** The holder is out of its group: what it owes is for its primaries to say, when it learns. */
  forgetOwed(): void {
    this.owing.clear();
  }

  /** Gives up every shard that has something folded in which `isKept` does not name. */
  keepOnly(isKept: (position: number, listing: SegmentListing) => boolean): void {
    for (const [number, stripe] of [...this.stripes]) {
      const isWhole = [...stripe.checksums].every(([position, checksum]) => isKept(position, { number, checksum }));
      if (!isWhole) this.dropStripe(number, stripe);
    }
  }

  /** Gives everything up. */
  clear(): void {
    this.owing.clear();
    for (const [number, stripe] of this.stripes) this.dropStripe(number, stripe);
  }

  private owesAt(position: number, number: number): boolean {
    return this.owing.get(number)?.has(position) === true;
  }

  /** The segment of this position is owed no more. */
  private settle(position: number, number: number): void {
    const owed = this.owing.get(number);
    owed?.delete(position);
    if (owed?.size === 0) this.owing.delete(number);
  }

  private foldIn(position: number, number: number, segment: Uint8Array, checksum: number): void {
    const { block, checksums } = this.stripes.get(number) ?? this.addStripe(number);
    this.codec.fold(position, segment, this.parityIndex, block.bytes);
    checksums.set(position, checksum);
  }

  private addStripe(number: number): ParityStripe {
    const block = this.pool.allocate(this.layout.sizeBytes(number));
    block.bytes.fill(0);
    const stripe = { block, checksums: new Map<number, number>() };
    this.stripes.set(number, stripe);
    this.shardBytes += block.bytes.length;
    return stripe;
  }

  private dropStripe(number: number, { block }: ParityStripe): void {
    this.shardBytes -= block.bytes.length;
    this.pool.free(block);
    this.stripes.delete(number);
  }

  /** The segment in the size of its shard, valid until the next call. */
  private paddedTo(number: number, bytes: Uint8Array): Uint8Array {
    const sizeBytes = this.layout.sizeBytes(number);
    assert(bytes.length <= sizeBytes, 'a segment fits its stripe');
    if (bytes.length === sizeBytes && bytes.byteOffset % ALIGNMENT_BYTES === 0) return bytes;
    if (sharedScratch.length < sizeBytes) sharedScratch = new Uint8Array(sizeBytes);
    const segment = sharedScratch.subarray(0, sizeBytes);
    segment.set(bytes);
    segment.fill(0, bytes.length);
    return segment;
  }
}
