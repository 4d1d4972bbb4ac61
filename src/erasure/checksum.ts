/**
 * The checksum of segments and shards: 53 bits as a safe integer, never negative. It finds flipped bits and decides
 * whether a rebuilt segment is right (DESIGN.md, I10); it is no defence against somebody who forges.
 *
 * The low 32 bits are XXH32 with seed 0 (Yann Collet, xxHash specification 0.1.1): four independent lanes of 32 bits,
 * which plain TypeScript runs at 3 to 4 GB/s, as fast as node's native crc32 and three times a table-driven CRC. The
 * upper 21 bits are the same four lanes folded with other rotations, so that a wrong segment passes for right once in
 * 2^53 instead of once in 2^32. A change within one aligned 32-bit word always changes the low 32 bits.
 */
import { assert } from '../base/assert.js';

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

const STRIPE_WORDS = 4;
const HIGH_BITS = 21;

assert(new Uint8Array(new Uint32Array([1]).buffer)[0] === 1, 'the machine is little-endian, as the formats are');

/** Checksum of all of `bytes`, which is only read. Copies them first when they do not start on a multiple of 4. */
export function checksum(bytes: Uint8Array): number {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
  let low = PRIME_5;
  let high = PRIME_4;
  const laneWords = words.length - (words.length % STRIPE_WORDS);
  if (laneWords > 0) {
    let a = (PRIME_1 + PRIME_2) | 0;
    let b = PRIME_2 | 0;
    let c = 0;
    let d = -PRIME_1 | 0;
    for (let i = 0; i < laneWords; i += STRIPE_WORDS) {
      a = round(a, words[i] ?? 0);
      b = round(b, words[i + 1] ?? 0);
      c = round(c, words[i + 2] ?? 0);
      d = round(d, words[i + 3] ?? 0);
    }
    low = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    high = rotate(a, 23) + rotate(b, 28) + rotate(c, 3) + rotate(d, 9);
  }
  const highHash = finish(high, words, laneWords, aligned) >>> (32 - HIGH_BITS);
  return highHash * 2 ** 32 + finish(low, words, laneWords, aligned);
}

/** What the lanes did not take, the length, and the final mixing of XXH32. Unsigned. */
function finish(start: number, words: Int32Array, laneWords: number, bytes: Uint8Array): number {
  let hash = (start + bytes.length) | 0;
  for (let i = laneWords; i < words.length; i++) {
    hash = Math.imul(rotate(hash + Math.imul(words[i] ?? 0, PRIME_3), 17), PRIME_4);
  }
  for (let i = words.length * 4; i < bytes.length; i++) {
    hash = Math.imul(rotate(hash + Math.imul(bytes[i] ?? 0, PRIME_5), 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function round(lane: number, word: number): number {
  return Math.imul(rotate(lane + Math.imul(word, PRIME_2), 13), PRIME_1);
}

/** Takes its argument modulo 2^32. */
function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
