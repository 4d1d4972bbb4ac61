/**
 * Our bytes against those of @ronomon/reed-solomon's own `encode`.
 *
 * The addon cuts shards into bands when (1 + k w) packets exceed 1 MiB: it halves the packet until they fit (or the
 * packet is odd or at most 64 bytes), and codes band by band. We never do. So up to that size the bytes are equal as they
 * are; beyond it they are equal after moving the bytes of each shard from bands to whole packets, a permutation that is
 * the same for all shards: coding is XORs of bytes at equal offsets in packets, and a band is a range of such offsets.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/base/bytes.js';
import { contextBytes, erasureCode, type ErasureCode } from '../../../src/erasure/erasure-code.js';
import { ErasureCodec } from '../../../src/erasure/erasure-codec.js';
import { loopKernel } from '../../../src/erasure/xor-kernel.js';
import { chooseKernel } from '../../../src/adapters/codec-pool/xor-kernels.js';
import { emptyShards, randomShards } from '../../erasure/shards.js';
import { encodeByAddon, loadAddon } from './reed-solomon-addon.js';

const KERNELS = [chooseKernel().kernel, loopKernel];
const ADDON_CACHE_BYTES = 1 << 20;

/** The packet size that the addon chooses; see dot_chunk_size in its binding.c. */
function addonPacketBytes({ k, packetsPerShard: w }: ErasureCode, shardBytes: number): number {
  let packetBytes = shardBytes / w;
  while (packetBytes > 64 && packetBytes % 2 === 0 && (1 + k * w) * packetBytes > ADDON_CACHE_BYTES) packetBytes /= 2;
  return packetBytes;
}

/** Byte b of packet p of band i goes to byte (i * addon's packet + b) of our packet p. */
function fromBands(code: ErasureCode, shard: Uint8Array): Uint8Array {
  const w = code.packetsPerShard;
  const bandPacket = addonPacketBytes(code, shard.length);
  const ourPacket = shard.length / w;
  const moved = new Uint8Array(shard.length);
  for (let band = 0; band * w * bandPacket < shard.length; band++) {
    for (let packet = 0; packet < w; packet++) {
      const start = (band * w + packet) * bandPacket;
      moved.set(shard.subarray(start, start + bandPacket), packet * ourPacket + band * bandPacket);
    }
  }
  return moved;
}

async function expectIdentity(k: number, m: number, shardBytes: number, seed: number): Promise<void> {
  const code = erasureCode(k, m);
  const data = randomShards(seed, k, shardBytes);
  const byAddon = await encodeByAddon(k, m, Buffer.from(concatBytes(data)));
  const expected = Array.from({ length: m }, (_, j) =>
    fromBands(code, byAddon.subarray(j * shardBytes, (j + 1) * shardBytes)),
  );
  for (const kernel of KERNELS) {
    const parity = emptyShards(m, shardBytes);
    const moved = data.map((shard) => fromBands(code, shard));
    new ErasureCodec(code, kernel).encode(moved, parity);
    parity.forEach((shard, j) => expect(Buffer.compare(shard, expected[j] ?? shard.subarray(1))).toBe(0));
  }
}

const codes = Array.from({ length: 40 }, (_, i) => ({ k: 1 + (i % 10), m: 1 + Math.floor(i / 10) }));

describe('against @ronomon/reed-solomon', () => {
  it('the addon is installed where tests run, so that nothing below compares the loop with itself', () => {
    expect(KERNELS.map(({ name }) => name)).toEqual(['addon', 'loop']);
  });

  it('every code of k <= 24, m <= 6 has the same bit-matrix', () => {
    const addon = loadAddon();
    for (let k = 1; k <= 24; k++) {
      for (let m = 1; m <= 6; m++) expect(Buffer.compare(addon.create(k, m), contextBytes(erasureCode(k, m)))).toBe(0);
    }
  });

  it.each(codes)('RS($k,$m) encodes the same bytes, 8 B to 64 KiB', async ({ k, m }) => {
    const sizes = fc.oneof(
      fc.integer({ min: 1, max: 64 }).map((eights) => eights * 8),
      fc.integer({ min: 1, max: 8192 }).map((eights) => eights * 8),
      fc.integer({ min: 3, max: 16 }).map((exponent) => 2 ** exponent),
    );
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), (shardBytes, seed) => expectIdentity(k, m, shardBytes, seed)),
      { numRuns: 25 },
    );
  });

  it.each(codes)('RS($k,$m) encodes the same bytes at the large sizes, bands moved to packets', async ({ k, m }) => {
    for (const shardBytes of [2 ** 17, 2 ** 18, 2 ** 20, 2 ** 20 - 8, 9 * 2 ** 15]) {
      await expectIdentity(k, m, shardBytes, k * m + shardBytes);
    }
  });

  it('the two layouts are the same for every segment size of RS(3,2), and for no other reason than size', () => {
    const isSame = (k: number, m: number, shardBytes: number) => {
      const code = erasureCode(k, m);
      return addonPacketBytes(code, shardBytes) === shardBytes / code.packetsPerShard;
    };
    for (const shardBytes of [2 ** 12, 2 ** 14, 2 ** 16, 2 ** 18]) expect(isSame(3, 2, shardBytes)).toBe(true);
    expect(isSame(3, 2, 2 ** 19)).toBe(false);
    expect(isSame(10, 4, 2 ** 16)).toBe(true);
    expect(isSame(10, 4, 2 ** 17)).toBe(false);
  });
});
