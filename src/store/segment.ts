/**
 * One segment: an append-only run of records with the facts that the store keeps about it. An object a segment, none a
 * record: which records are live, and which were touched since they were written, are bits, one a span of 16 bytes.
 */
import { assert } from '../base/assert.js';
import { EMPTY_BYTES } from '../base/bytes.js';
import { PAGE_BYTES, SPAN_BYTES } from './layout.js';
import type { Block, SlabPool } from './slab-pool.js';

/** Of a segment that has no stripe: an open one always, a sealed one in raft mode. */
export const NO_STRIPE = -1;
/**
 * `releasing`: given up, without live records, but the bytes are kept and the number is not free, until every replica that may need
 * them has given it up as well (DESIGN.md, I9). Only at a primary of ecc mode.
 */
export type SegmentState = 'open' | 'sealed' | 'releasing';
/** What goes into an open segment: new records, or those that cleaning and eviction move. */
export type Head = 'write' | 'move';
const SPAN_SHIFT = 4;
const EMPTY_WORDS = new Int32Array(0);
const BIT_BYTES_PER_PAGE = PAGE_BYTES / SPAN_BYTES / 8;

/** Estimate for the objects of a segment; its memory and bits are counted exactly. */
export const SEGMENT_OBJECT_BYTES = 512;

/** What a segment of `bytes` costs with its live bits and objects. */
export function segmentCharge(bytes: number): number {
  return bytes + bytes / (SPAN_BYTES * 8) + SEGMENT_OBJECT_BYTES;
}

export class Segment {
  readonly number: number;
  /** Position in the order of openings, from 1. Numbers come back, serials do not; the lowest holds the oldest records. */
  readonly serial: number;
  /** What the segment may grow to. */
  readonly sizeBytes: number;
  state: SegmentState = 'open';
  /** Of an open segment. */
  head: Head = 'write';
  /** The memory taken so far; empty if the raw bytes were dropped. Zero from `length` on. Borrowed from the pool. */
  bytes: Uint8Array = EMPTY_BYTES;
  /** The same memory as words, in which records are whole. */
  words: Int32Array = EMPTY_WORDS;
  /** Records end here: length <= max(bytes.length, what was dropped) <= sizeBytes. A multiple of 4. */
  length = 0;
  /** Bytes of records that the index names: liveBytes <= length. */
  liveBytes = 0;
  stripe = NO_STRIPE;
  /** Of bytes[0..length), from the seal on. */
  checksum = 0;
  /** No live record expires earlier. Not raised when one is removed, so it may be early. */
  soonestExpiryMs = Infinity;
  private liveBits: Uint8Array = EMPTY_BYTES;
  /** Empty until the first touch. */
  private touchedBits: Uint8Array = EMPTY_BYTES;
  private readonly pool: SlabPool;
  private readonly firstBytes: number;
  private block: Block | undefined;

  /** @param firstBytes the memory it takes first, a power of two from 4 KiB to `sizeBytes`. */
  constructor(pool: SlabPool, number: number, serial: number, sizeBytes: number, firstBytes: number) {
    this.pool = pool;
    this.number = number;
    this.serial = serial;
    this.sizeBytes = sizeBytes;
    this.firstBytes = firstBytes;
  }

  /** Memory of the block; of a segment whose bytes were dropped, 0. */
  get heldBytes(): number {
    return this.bytes.length;
  }

  /** Bytes beside the block. */
  get bitBytes(): number {
    return this.liveBits.length + this.touchedBits.length;
  }

  /** Whether the raw bytes are here. */
  get isRaw(): boolean {
    return this.block !== undefined || this.length === 0;
  }

  /** Whether its records can be read, moved and ended: cleaning and eviction leave others alone. */
  get isCleanable(): boolean {
    return this.state === 'sealed' && this.block !== undefined;
  }

  get roomBytes(): number {
    return this.state === 'open' ? this.sizeBytes - this.length : 0;
  }

  /**
   * What the memory cap counts: an open segment in full, so that growing it is always allowed; nothing for one that is being
   * released, or a write at the cap would end value after value in vain until the others have answered.
   */
  get chargedBytes(): number {
    if (this.state === 'releasing') return 0;
    const memory = this.state === 'open' ? this.sizeBytes : this.bytes.length;
    return segmentCharge(memory) + (this.touchedBits.length > 0 ? memory / (SPAN_BYTES * 8) : 0);
  }

  /** Takes memory for `length` bytes in doubling steps, copying what is there. */
  reserve(length: number): void {
    assert(length <= this.sizeBytes, 'a segment does not grow past its size');
    if (length <= this.bytes.length) return;
    let held = Math.max(this.firstBytes, this.bytes.length);
    while (held < length) held *= 2;
    this.moveTo(this.pool.allocate(held));
  }

  /** Gives memory back that a segment which is to be sealed will not use. */
  trim(): void {
    let needed = PAGE_BYTES;
    while (needed < this.length) needed *= 2;
    if (needed < this.bytes.length) this.moveTo(this.pool.allocate(needed));
  }

  /** Gives the memory back. Live bits stay: the records are live though their bytes are elsewhere. */
  dropBytes(): void {
    if (this.block !== undefined) this.pool.free(this.block);
    this.block = undefined;
    this.bytes = EMPTY_BYTES;
    this.words = EMPTY_WORDS;
  }

  /** Keeps the bytes as they are until the returned function is called, whatever becomes of the segment. */
  pin(): () => void {
    const block = this.block;
    if (block === undefined) return () => undefined;
    this.pool.pin(block);
    return () => this.pool.unpin(block);
  }

  isLive(offset: number): boolean {
    return bitAt(this.liveBits, offset);
  }

  setLive(offset: number): void {
    const span = offset >>> SPAN_SHIFT;
    this.liveBits[span >>> 3] = (this.liveBits[span >>> 3] ?? 0) | (1 << (span & 7));
  }

  clearLive(offset: number): void {
    clearBit(this.liveBits, offset);
    if (this.touchedBits.length > 0) clearBit(this.touchedBits, offset);
  }

  isTouched(offset: number): boolean {
    return bitAt(this.touchedBits, offset);
  }

  setTouched(offset: number): void {
    if (this.touchedBits.length === 0) this.touchedBits = new Uint8Array(this.liveBits.length);
    const span = offset >>> SPAN_SHIFT;
    this.touchedBits[span >>> 3] = (this.touchedBits[span >>> 3] ?? 0) | (1 << (span & 7));
  }

  private moveTo(block: Block): void {
    block.bytes.set(this.bytes.subarray(0, this.length));
    block.bytes.fill(0, this.length);
    if (this.block !== undefined) this.pool.free(this.block);
    this.block = block;
    this.bytes = block.bytes;
    this.words = block.words;
    this.liveBits = resized(this.liveBits, block.bytes.length);
    if (this.touchedBits.length > 0) this.touchedBits = resized(this.touchedBits, block.bytes.length);
  }

  /** Gives a segment whose bytes were just reserved the bits of another replica's. Copies both. */
  restoreBits(live: Uint8Array, touched: Uint8Array): void {
    assert(live.length <= this.liveBits.length && touched.length <= this.liveBits.length, 'bits fit their segment');
    this.liveBits.set(live);
    if (touched.length === 0) return;
    this.touchedBits = new Uint8Array(this.liveBits.length);
    this.touchedBits.set(touched);
  }

  /** Which spans hold a live record, one bit each from the lowest. Borrowed. */
  get live(): Uint8Array {
    return this.liveBits;
  }

  get touched(): Uint8Array {
    return this.touchedBits;
  }
}

function resized(bits: Uint8Array, heldBytes: number): Uint8Array {
  const other = new Uint8Array((heldBytes / PAGE_BYTES) * BIT_BYTES_PER_PAGE);
  other.set(bits.subarray(0, other.length));
  return other;
}

function bitAt(bits: Uint8Array, offset: number): boolean {
  const span = offset >>> SPAN_SHIFT;
  return (((bits[span >>> 3] ?? 0) >>> (span & 7)) & 1) !== 0;
}

function clearBit(bits: Uint8Array, offset: number): void {
  const span = offset >>> SPAN_SHIFT;
  bits[span >>> 3] = (bits[span >>> 3] ?? 0) & ~(1 << (span & 7));
}
