/** Fields that several data messages have, with the checks that every reader makes. Readers throw MalformedBytes. */
import { assert } from '../base/assert.js';
import { type ByteReader, MalformedBytes } from '../base/byte-reader.js';
import type { ByteWriter } from '../base/byte-writer.js';
import { LIMITS } from '../base/limits.js';
import type { PartitionName } from '../cluster/cluster-map.js';
import { MAX_SEGMENTS, STANDARD_LAYOUT } from '../store/layout.js';

/** Bytes that are computed on lie at multiples of this, so that they can be hashed and folded where they are. */
const BLOCK_UNIT_BYTES = 8;
/** Padding and length of a block. */
export const BLOCK_BYTES = 2 * BLOCK_UNIT_BYTES;
/** The largest segment, and so the largest shard. */
export const MAX_BLOCK_BYTES = STANDARD_LAYOUT.largestBytes;

assert(MAX_BLOCK_BYTES <= LIMITS.maxShardBytes, 'a segment is a shard');
assert(
  (LIMITS.maxDataPositions + 2) * MAX_BLOCK_BYTES <= LIMITS.maxDataMessageBytes,
  'all shards of a stripe that one node holds fit a message',
);

export function writePartition(writer: ByteWriter, { group, position }: PartitionName): ByteWriter {
  return writer.varint(group).varint(position);
}

export function readPartition(reader: ByteReader): PartitionName {
  const group = reader.varint();
  return { group, position: readBelow(reader, LIMITS.maxDataPositions, 'data position') };
}

/** An integer in 0..bound-1. */
export function readBelow(reader: ByteReader, bound: number, what: string): number {
  const value = reader.varint();
  if (value >= bound) throw new MalformedBytes(`${what} ${value} is not below ${bound}`);
  return value;
}

export function readSegmentNumber(reader: ByteReader): number {
  const number = readBelow(reader, MAX_SEGMENTS + 1, 'segment number');
  if (number === 0) throw new MalformedBytes('segment number 0');
  return number;
}

/** A checksum is a safe integer, of either sign. */
export function readChecksum(reader: ByteReader): number {
  const value = reader.float64();
  if (!Number.isSafeInteger(value)) throw new MalformedBytes('checksum is not a whole number');
  return value;
}

/** @param at from 0 */
export function readIndexAfter(prevIndex: number, at: number): number {
  const index = prevIndex + at + 1;
  if (!Number.isSafeInteger(index)) throw new MalformedBytes(`index ${index} is too large`);
  return index;
}

/** A count, then as many items, each of which takes a byte at least. */
export function readList<T>(reader: ByteReader, readItem: (at: number) => T, most = Infinity): T[] {
  const count = reader.varint();
  if (count > reader.remaining) throw new MalformedBytes(`list of ${count} in ${reader.remaining} bytes`);
  if (count > most) throw new MalformedBytes(`list of ${count} where ${most} are possible`);
  const items: T[] = [];
  for (let at = 0; at < count; at++) items.push(readItem(at));
  return items;
}

/** Bytes that are computed on. Copies them. */
export function writeBlock(writer: ByteWriter, bytes: Uint8Array): void {
  writer.varint(bytes.length).align(BLOCK_UNIT_BYTES).raw(bytes);
}

/** A view, at a multiple of 8 from the reader's first byte; whole words, at most a segment. */
export function readBlock(reader: ByteReader): Uint8Array {
  const length = readBelow(reader, MAX_BLOCK_BYTES + 1, 'bytes of a segment');
  if (length % 4 !== 0) throw new MalformedBytes(`a segment of ${length} bytes`);
  reader.align(BLOCK_UNIT_BYTES);
  return reader.raw(length);
}
