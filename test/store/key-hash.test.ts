import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SipKeyHash } from '../../src/store/key-hash.js';
import { bytes } from './store-fixture.js';

/** HalfSipHash-1-3 as the paper writes it, on big integers. */
function plainHalfSipHash13(message: Uint8Array, k0: number, k1: number): number {
  const mask = 0xffffffffn;
  const rotate = (x: bigint, bits: bigint): bigint => ((x << bits) | (x >> (32n - bits))) & mask;
  let [v0, v1, v2, v3] = [0n, 0n, 0x6c796765n, 0x74656463n];
  const round = (): void => {
    v0 = (v0 + v1) & mask;
    v1 = rotate(v1, 5n) ^ v0;
    v0 = rotate(v0, 16n);
    v2 = (v2 + v3) & mask;
    v3 = rotate(v3, 8n) ^ v2;
    v0 = (v0 + v3) & mask;
    v3 = rotate(v3, 7n) ^ v0;
    v2 = (v2 + v1) & mask;
    v1 = rotate(v1, 13n) ^ v2;
    v2 = rotate(v2, 16n);
  };
  const [low, high] = [BigInt(k0 >>> 0), BigInt(k1 >>> 0)];
  [v0, v1, v2, v3] = [v0 ^ low, v1 ^ high, v2 ^ low, v3 ^ high];
  const padded = [...message, ...new Array<number>(3 - (message.length % 4)).fill(0), message.length & 0xff];
  for (let at = 0; at < padded.length; at += 4) {
    const word = padded.slice(at, at + 4).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    v3 ^= word;
    round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 3; i++) round();
  return Number(v1 ^ v3) | 0;
}

describe('the tag of a key', () => {
  it('is HalfSipHash-1-3 of its bytes under the seed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 70 }),
        fc.integer(),
        fc.integer(),
        fc.nat({ max: 9 }),
        (key, low, high, at) => {
          const buffer = new Uint8Array(key.length + at + 5).fill(0xee);
          buffer.set(key, at);
          const tag = new SipKeyHash({ low, high }).keyTag(buffer, at, at + key.length);
          expect(tag).toBe(plainHalfSipHash13(key, low, high));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('depends on every bit of the seed', () => {
    const tags = new Set<number>();
    const key = bytes('some key');
    for (let bit = 0; bit < 32; bit++) {
      tags.add(new SipKeyHash({ low: 1 << bit, high: 0 }).keyTag(key, 0, key.length));
      tags.add(new SipKeyHash({ low: 0, high: 1 << bit }).keyTag(key, 0, key.length));
    }
    expect(tags.size).toBe(64);
  });

  it('spreads counted keys over all parts of the range', () => {
    const hash = new SipKeyHash({ low: 7, high: 8 });
    const counts = new Array<number>(64).fill(0);
    for (let i = 0; i < 64_000; i++) {
      const key = bytes(`key:${i}`);
      const part = hash.keyTag(key, 0, key.length) >>> 26;
      counts[part] = (counts[part] ?? 0) + 1;
    }
    // 1000 expected in each; ten standard deviations.
    expect(Math.min(...counts)).toBeGreaterThan(680);
    expect(Math.max(...counts)).toBeLessThan(1320);
  });

  it('of a fragment differs by version and number', () => {
    const hash = new SipKeyHash({ low: 7, high: 8 });
    const tags = [
      hash.fragmentTag(5, 1, 0),
      hash.fragmentTag(5, 1, 1),
      hash.fragmentTag(5, 2, 0),
      hash.fragmentTag(6, 1, 0),
    ];
    expect(new Set([...tags, hash.fragmentTag(5, 1 + 2 ** 32, 0)]).size).toBe(5);
  });
});
