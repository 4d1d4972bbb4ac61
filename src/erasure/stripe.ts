/**
 * Sizes of stripes. All shards of a stripe have one size, a fixed function of the stripe's number, so that every node
 * knows it and a small cache takes little memory: 16 stripes of 4 KiB, 16 of 16 KiB, 32 of 64 KiB, then 256 KiB.
 */
import { assert } from '../base/assert.js';
import { LIMITS } from '../base/limits.js';

const KIB = 1024;

/** Ascending in both columns. A class reaches to the first stripe of the next one. */
const SIZE_CLASSES = [
  { firstStripe: 0, shardBytes: 4 * KIB },
  { firstStripe: 16, shardBytes: 16 * KIB },
  { firstStripe: 32, shardBytes: 64 * KIB },
  { firstStripe: 64, shardBytes: 256 * KIB },
] as const;

export const SMALLEST_SHARD_BYTES = SIZE_CLASSES[0].shardBytes;
export const LARGEST_SHARD_BYTES = SIZE_CLASSES[3].shardBytes;

assert(LARGEST_SHARD_BYTES <= LIMITS.maxShardBytes, 'the codec takes every segment');

/** Size of the shards of a stripe. @param stripe number from 0. */
export function shardBytesOfStripe(stripe: number): number {
  assert(Number.isInteger(stripe) && stripe >= 0, 'a stripe number is an integer from 0');
  let shardBytes: number = SMALLEST_SHARD_BYTES;
  for (const sizeClass of SIZE_CLASSES) if (stripe >= sizeClass.firstStripe) shardBytes = sizeClass.shardBytes;
  return shardBytes;
}

/** The lowest stripe whose shards hold `sizeBytes`, or null when none is that large. */
export function firstStripeHolding(sizeBytes: number): number | null {
  return SIZE_CLASSES.find(({ shardBytes }) => shardBytes >= sizeBytes)?.firstStripe ?? null;
}
