/** Shards of random bytes and the small helpers that the codec's tests share. */
import { Prng } from '../../src/base/prng.js';
import { firstPositions } from '../../src/erasure/position-set.js';

export function randomBytes(prng: Prng, sizeBytes: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4));
  for (let i = 0; i < words.length; i++) words[i] = prng.uint32();
  return new Uint8Array(words.buffer, 0, sizeBytes);
}

export function randomShards(seed: number, count: number, sizeBytes: number): Uint8Array[] {
  const prng = new Prng(seed);
  return Array.from({ length: count }, () => randomBytes(prng, sizeBytes));
}

export function emptyShards(count: number, sizeBytes: number): Uint8Array[] {
  return Array.from({ length: count }, () => new Uint8Array(sizeBytes));
}

/** Every subset of 0..count-1 with at most `largest` elements, the empty one included. */
export function subsetsUpTo(count: number, largest: number): number[][] {
  const subsets: number[][] = [];
  for (let bits = 0; bits < 2 ** count; bits++) {
    const subset = Array.from({ length: count }, (_, i) => i).filter((i) => (bits >> i) & 1);
    if (subset.length <= largest) subsets.push(subset);
  }
  return subsets;
}

/** The element of a list that must be there. */
export function at<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`no element ${index} in a list of ${list.length}`);
  return element;
}

/** A parity shard at hand that has everything folded in. */
export function complete(k: number, index: number, bytes: Uint8Array) {
  return { index, contributions: firstPositions(k), bytes };
}
