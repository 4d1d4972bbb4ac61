/**
 * One number for the whole state of a store, equal exactly when two replicas hold the same bytes in the same places: index
 * in tag order, segment table, bytes (of sealed segments by their checksum) and fragments without a head. What may differ
 * between replicas is left out: memory under the segments, phase of the index, pins, dropped raw bytes.
 */
import { avalanche, hashBytes } from './byte-hash.js';
import { IndexCursor } from './hash-index.js';
import type { PartitionStore } from './partition-store.js';
import type { SegmentStore } from './segment-store.js';

const LOWEST_TAG = -(2 ** 31);

class Accumulator {
  private low = 0x2545f491;
  private high = 0x0b4711ef;

  add(word: number): void {
    this.low = avalanche(Math.imul(this.low ^ word, 0x9e3779b1) + 0x7f4a7c15);
    this.high = (Math.imul(this.high, 0x85ebca77) + this.low) ^ word;
  }

  /** Any number that is not NaN, Infinity included. */
  addNumber(value: number): void {
    const words = new Int32Array(new Float64Array([value]).buffer);
    this.add(words[0] ?? 0);
    this.add(words[1] ?? 0);
  }

  addBits(bits: Uint8Array): void {
    // Bits are cut where zeros begin, since how far they were allocated is not part of the state.
    let end = bits.length;
    while (end > 0 && bits[end - 1] === 0) end--;
    for (let i = 0; i < end; i++) this.add(bits[i] ?? 0);
    this.add(end);
  }

  toHex(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.high) + hex(avalanche(this.low));
  }
}

/**
 * Hash of the state that location commands make: equal at all members of a partition that have carried out the same ones. What each
 * keeps for itself is left out: marks of reads, soonest expiries, segments whose release has begun. 16 hexadecimal digits. Reads everything: for checks, not for requests. */
export function hashOfPartition(store: PartitionStore): string {
  const hash = new Accumulator();
  addPartition(hash, store);
  return hash.toHex();
}

/** Hash of a whole store: the partition and everything that its later decisions depend on. 16 hexadecimal digits. */
export function hashOfStore(store: SegmentStore): string {
  const hash = new Accumulator();
  addPartition(hash, store.partition);
  for (const segment of store.partition.table.all()) {
    hash.addNumber(segment.soonestExpiryMs);
    hash.addBits(segment.touched);
  }
  for (const value of store.decisionState()) hash.addNumber(value);
  return hash.toHex();
}

function addPartition(hash: Accumulator, store: PartitionStore): void {
  const cursor = new IndexCursor();
  for (let more = store.index.seek(cursor, LOWEST_TAG); more; more = store.index.advance(cursor)) {
    hash.add(cursor.tag);
    hash.add(cursor.location);
  }
  for (const segment of store.table.all()) {
    if (segment.state === 'releasing') continue;
    hash.add(segment.number);
    hash.add(segment.serial);
    hash.add(segment.length);
    hash.add(segment.liveBytes);
    hash.add(segment.stripe);
    hash.add(segment.state === 'sealed' ? segment.checksum : hashBytes(segment.bytes, segment.length, 0));
    hash.addBits(segment.live);
  }
  for (const fragment of store.headless.list()) {
    hash.add(fragment.location);
    hash.addNumber(fragment.version);
  }
  hash.addNumber(store.table.opened);
}
