import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksum } from '../../src/erasure/checksum.js';

const PRIMES = [0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn, 0x27d4eb2fn, 0x165667b1n] as const;
const MASK = 0xffffffffn;
const rotate = (value: bigint, bits: bigint) => ((value << bits) | ((value & MASK) >> (32n - bits))) & MASK;

/** XXH32 written down from its specification, in BigInt, byte by byte. */
function xxh32(bytes: Uint8Array): number {
  const [p1, p2, p3, p4, p5]: readonly [bigint, bigint, bigint, bigint, bigint] = PRIMES;
  const word = (at: number) => [3, 2, 1, 0].reduce((sum, i) => (sum << 8n) | BigInt(bytes[at + i] ?? 0), 0n);
  let at = 0;
  let hash = p5;
  if (bytes.length >= 16) {
    const lanes = [p1 + p2, p2, 0n, MASK + 1n - p1];
    for (; at + 16 <= bytes.length; at += 16) {
      lanes.forEach((lane, i) => (lanes[i] = (rotate((lane + word(at + 4 * i) * p2) & MASK, 13n) * p1) & MASK));
    }
    hash = [1n, 7n, 12n, 18n].reduce((sum, bits, i) => sum + rotate(lanes[i] ?? 0n, bits), 0n);
  }
  hash = (hash + BigInt(bytes.length)) & MASK;
  for (; at + 4 <= bytes.length; at += 4) hash = (rotate((hash + word(at) * p3) & MASK, 17n) * p4) & MASK;
  for (; at < bytes.length; at++) hash = (rotate((hash + BigInt(bytes[at] ?? 0) * p5) & MASK, 11n) * p1) & MASK;
  hash = ((hash ^ (hash >> 15n)) * p2) & MASK;
  hash = ((hash ^ (hash >> 13n)) * p3) & MASK;
  return Number(hash ^ (hash >> 16n));
}

const text = (value: string) => new TextEncoder().encode(value);

describe('the checksum', () => {
  it.each([
    ['', 0x02cc5d05, 4704204711812357],
    ['a', 0x550d7456, 2123695251092566],
    ['abc', 0x32d153ff, 3724081095595007],
    ['Nobody inspects the spammish repetition', 0xe2293b2f, 171209780706095],
  ])('of %j is XXH32 in its low bits, and pinned as a whole', (input, xxhash, whole) => {
    expect(checksum(text(input)) % 2 ** 32).toBe(xxhash);
    expect(checksum(text(input))).toBe(whole);
  });

  it('is XXH32 in its low bits for any bytes at any address, and a safe integer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(7), (bytes, offset) => {
        const shifted = new Uint8Array(offset + bytes.length).subarray(offset);
        shifted.set(bytes);
        expect(checksum(shifted) % 2 ** 32).toBe(xxh32(bytes));
        expect(checksum(shifted)).toBe(checksum(bytes));
        expect(Number.isSafeInteger(checksum(bytes))).toBe(true);
      }),
    );
  });

  it('changes with every single bit', () => {
    const bytes = Uint8Array.from({ length: 75 }, (_, i) => (i * 37) & 0xff);
    const seen = new Set([checksum(bytes)]);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      seen.add(checksum(flipped));
    }
    expect(seen.size).toBe(1 + bytes.length * 8);
  });

  it('draws its upper bits independently of its lower ones', () => {
    const values = Array.from({ length: 4096 }, (_, i) => checksum(text(`segment number ${i} of some stripe`)));
    const upper = new Set(values.map((value) => Math.floor(value / 2 ** 32)));
    // 4096 draws of 21 bits: four repeats are expected, and more than 40 have a chance below one in a million.
    expect(upper.size).toBeGreaterThan(4096 - 40);
  });
});
