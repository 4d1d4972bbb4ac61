import { beforeEach, describe, expect, it } from 'vitest';
import { ErasureCodec } from '../../src/erasure/erasure-codec.js';
import { erasureCode } from '../../src/erasure/erasure-code.js';
import { loopKernel } from '../../src/erasure/xor-kernel.js';
import { ParityShards } from '../../src/replication/parity-shards.js';
import { hashBytes } from '../../src/store/byte-hash.js';
import { SlabPool } from '../../src/store/slab-pool.js';
import { patterned, SMALL_LAYOUT } from '../store/store-fixture.js';

const codec = new ErasureCodec(erasureCode(3, 2), loopKernel);

function segment(length: number, seed: number): { bytes: Uint8Array; checksum: number } {
  const bytes = patterned(length, seed);
  return { bytes, checksum: hashBytes(bytes, length, 0) };
}

describe('parity shards', () => {
  let pool: SlabPool;
  let shards: ParityShards;
  beforeEach(() => {
    pool = new SlabPool();
    shards = new ParityShards(codec, 1, SMALL_LAYOUT, pool);
  });

  it('are what the code makes of the segments, however short these are and wherever in memory', () => {
    const parts = [segment(400, 1), segment(4096, 2), segment(1200, 3)];
    const padded = parts.map(({ bytes }) => {
      const shard = new Uint8Array(4096);
      shard.set(bytes);
      return shard;
    });
    const parity = [new Uint8Array(4096), new Uint8Array(4096)];
    codec.encode(padded, parity);
    parts.forEach(({ bytes, checksum }, position) => {
      const elsewhere = new Uint8Array(bytes.length + 3);
      elsewhere.set(bytes, 3);
      shards.fold(position, 2, elsewhere.subarray(3), checksum);
    });
    expect(shards.shard(2)).toEqual(parity[1]);
    expect(shards.contributions(2)).toEqual(parts.map(({ checksum }, position) => ({ position, checksum })));
  });

  it('give their memory back with the last contribution, and begin anew with zeros', () => {
    const [one, two] = [segment(4096, 1), segment(8, 2)];
    shards.fold(0, 3, one.bytes, one.checksum);
    const alone = shards.shard(3)?.slice();
    shards.fold(2, 3, two.bytes, two.checksum);
    shards.unfold(2, 3, two.bytes, two.checksum);
    expect(shards.shard(3)).toEqual(alone);
    expect([shards.heldBytes, pool.blockBytes]).toEqual([4096, 4096]);
    shards.unfold(0, 3, one.bytes, one.checksum);
    expect(shards.shard(3)).toBeUndefined();
    expect([shards.heldBytes, pool.blockBytes, shards.count]).toEqual([0, 0, 0]);
    shards.fold(0, 3, one.bytes, one.checksum);
    expect(shards.shard(3)).toEqual(alone);
  });

  it('take only what is missing, give only what is recorded, and look at the bytes both times (I8)', () => {
    const [one, two] = [segment(400, 1), segment(400, 2)];
    expect(() => shards.fold(0, 3, one.bytes, two.checksum)).toThrow('those that were sealed');
    expect(shards.contributions(3)).toEqual([]);
    expect(shards.heldBytes).toBe(0);
    shards.fold(0, 3, one.bytes, one.checksum);
    const before = shards.shard(3)?.slice();
    expect(() => shards.fold(0, 3, two.bytes, two.checksum)).toThrow('an empty position');
    expect(() => shards.unfold(0, 3, two.bytes, two.checksum)).toThrow('only a recorded segment');
    expect(() => shards.unfold(1, 3, one.bytes, one.checksum)).toThrow('only a recorded segment');
    expect(() => shards.unfold(0, 3, two.bytes, one.checksum)).toThrow('those that were sealed');
    expect(shards.shard(3)).toEqual(before);
    expect([shards.has(0, 3, one.checksum), shards.has(0, 3, two.checksum), shards.has(1, 3, 0)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('list what they hold of a position, and give all up at once', () => {
    const { bytes, checksum } = segment(400, 1);
    for (const number of [9, 2, 5]) shards.fold(1, number, bytes, checksum);
    shards.fold(0, 2, bytes, checksum);
    expect(shards.listings(1).map(({ number }) => number)).toEqual([2, 5, 9]);
    shards.clear();
    expect([shards.listings(1), shards.heldBytes, pool.blockBytes]).toEqual([[], 0, 0]);
  });

  it('begin anew when they are wrong, and take in what they owe once its bytes are there again', () => {
    const [one, two] = [segment(400, 1), segment(4096, 2)];
    shards.fold(0, 3, one.bytes, one.checksum);
    shards.fold(2, 3, two.bytes, two.checksum);
    const whole = shards.shard(3)?.slice();
    if (whole !== undefined) shards.shard(3)?.fill(1, 7, 8);
    shards.reset(3);
    expect([shards.shard(3), shards.contributions(3), shards.listings(0), pool.blockBytes]).toEqual([
      undefined,
      [],
      [],
      0,
    ]);
    const owed = { number: 3, position: 2, checksum: two.checksum };
    expect(shards.owed()).toEqual([{ number: 3, position: 0, checksum: one.checksum }, owed]);
    expect(() => shards.fold(0, 3, one.bytes, one.checksum)).toThrow('an empty position');
    expect(shards.refold(0, 3, two.bytes, one.checksum)).toBe(false);
    expect(shards.refold(0, 3, one.bytes.subarray(0, 399), one.checksum)).toBe(false);
    expect(shards.refold(0, 3, one.bytes, one.checksum)).toBe(true);
    expect(shards.refold(0, 3, one.bytes, one.checksum)).toBe(false);
    expect(shards.owed()).toEqual([owed]);
    expect(shards.contributions(3)).toEqual([{ position: 0, checksum: one.checksum }]);
    expect(shards.refold(2, 3, two.bytes, two.checksum)).toBe(true);
    expect(shards.shard(3)).toEqual(whole);
    expect(shards.owed()).toEqual([]);
  });

  it('owe nothing that is released, and what is lost is neither recorded nor owed', () => {
    const [one, two] = [segment(400, 1), segment(800, 2)];
    shards.fold(0, 3, one.bytes, one.checksum);
    shards.fold(1, 3, two.bytes, two.checksum);
    shards.reset(3);
    shards.unfold(0, 3, one.bytes, one.checksum);
    expect(shards.owed()).toEqual([{ number: 3, position: 1, checksum: two.checksum }]);
    shards.fold(0, 3, one.bytes, one.checksum);
    shards.forget(1, 3, two.checksum);
    expect([shards.owed(), shards.contributions(3)]).toEqual([[], [{ position: 0, checksum: one.checksum }]]);
    shards.fold(1, 3, two.bytes, two.checksum);
    shards.forget(0, 3, one.checksum);
    expect(shards.owed()).toEqual([{ number: 3, position: 1, checksum: two.checksum }]);
    shards.clear();
    expect(shards.owed()).toEqual([]);
  });
});
