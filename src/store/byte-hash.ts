/**
 * xxHash32 (Yann Collet) over memory that is aligned to 4 bytes, at 1-2 GB/s in plain JavaScript: checksums of segments and
 * snapshot frames, and the state hash. Against accidents, not against people.
 */
import { assert } from '../base/assert.js';

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

// Segments are read as 32-bit words and must hash alike on all nodes; every platform that Node ships for is little-endian
// but one (s390x), which is refused here instead of being wrong later.
assert(new Uint8Array(new Int32Array([1]).buffer)[0] === 1, 'dcache runs on little-endian machines');

/** Hash of the first `length` bytes, a multiple of 4 as is the offset of `bytes` in its buffer. Signed 32 bits. */
export function hashBytes(bytes: Uint8Array, length: number, seed: number): number {
  assert((bytes.byteOffset & 3) === 0 && (length & 3) === 0, 'hashed bytes are whole words');
  return hashWords(new Int32Array(bytes.buffer, bytes.byteOffset, length >>> 2), seed);
}

export function hashWords(words: Int32Array, seed: number): number {
  const count = words.length;
  const stripesEnd = count & ~3;
  let hash = (seed + PRIME_5) | 0;
  let at = 0;
  if (stripesEnd > 0) {
    let a = (seed + PRIME_1 + PRIME_2) | 0;
    let b = (seed + PRIME_2) | 0;
    let c = seed | 0;
    let d = (seed - PRIME_1) | 0;
    for (; at < stripesEnd; at += 4) {
      a = round(a, words[at] ?? 0);
      b = round(b, words[at + 1] ?? 0);
      c = round(c, words[at + 2] ?? 0);
      d = round(d, words[at + 3] ?? 0);
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  }
  hash = (hash + count * 4) | 0;
  for (; at < count; at++) {
    hash = Math.imul(rotate((hash + Math.imul(words[at] ?? 0, PRIME_3)) | 0, 17), PRIME_4);
  }
  return avalanche(hash);
}

function round(lane: number, word: number): number {
  return Math.imul(rotate((lane + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Spreads each bit of a 32-bit integer over all of them. */
export function avalanche(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return hash ^ (hash >>> 16);
}
