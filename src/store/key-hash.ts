/**
 * The tag of a key: HalfSipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", and its 32-bit variant)
 * under 64 secret bits of the cluster, so that nobody outside can choose keys that collide. A tag is a signed 32-bit
 * integer, which V8 keeps out of the heap; "tag order" is its numeric order.
 */

/** 64 bits, the same on every node of a cluster and fixed for its life. */
export interface HashSeed {
  readonly low: number;
  readonly high: number;
}

export interface KeyHash {
  /** Tag of a record that is looked up by the key in `bytes[start..end)`. */
  keyTag(bytes: Uint8Array, start: number, end: number): number;
  /** Tag of fragment `number` of the value that `keyTag`'s key took at `version`. */
  fragmentTag(keyTag: number, version: number, number: number): number;
}

export class SipKeyHash implements KeyHash {
  private readonly low: number;
  private readonly high: number;

  constructor(seed: HashSeed) {
    this.low = seed.low | 0;
    this.high = seed.high | 0;
  }

  keyTag(bytes: Uint8Array, start: number, end: number): number {
    return halfSipHash13(bytes, start, end, this.low, this.high);
  }

  fragmentTag(keyTag: number, version: number, number: number): number {
    const input = new Uint8Array(16);
    const view = new DataView(input.buffer);
    view.setInt32(0, keyTag, true);
    view.setUint32(4, version >>> 0, true);
    view.setUint32(8, Math.floor(version / 2 ** 32), true);
    view.setUint32(12, number, true);
    return halfSipHash13(input, 0, input.length, this.low, ~this.high);
  }
}

function halfSipHash13(bytes: Uint8Array, start: number, end: number, low: number, high: number): number {
  let v0 = low;
  let v1 = high;
  let v2 = 0x6c796765 ^ low;
  let v3 = 0x74656463 ^ high;
  let at = start;
  let word = 0;
  const wholeWordsEnd = end - ((end - start) & 3);
  // One round a word, the padded last one included, then three to finish. The round is written out once, in this loop:
  // the tail word and the finish run through it as well, which keeps the function small enough to inline.
  let finishing = -1;
  for (;;) {
    if (finishing < 0) {
      if (at < wholeWordsEnd) {
        word =
          (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
        at += 4;
      } else {
        word = (end - start) << 24;
        for (let shift = 0; at < end; shift += 8) word |= (bytes[at++] ?? 0) << shift;
        finishing = 0;
      }
      v3 ^= word;
    }
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (finishing <= 0) {
      v0 ^= word;
      if (finishing === 0) {
        v2 ^= 0xff;
        finishing = 1;
      }
    } else if (++finishing === 4) {
      return v1 ^ v3;
    }
  }
}

/** The seed of a cluster, from the random id that it was founded with. */
export function seedOfCluster(clusterId: string): HashSeed {
  const text = Uint8Array.from(clusterId, (letter) => letter.charCodeAt(0));
  return {
    low: halfSipHash13(text, 0, text.length, 0x64636163, 0x68650000),
    high: halfSipHash13(text, 0, text.length, 0x64636163, 0x68650001),
  };
}
