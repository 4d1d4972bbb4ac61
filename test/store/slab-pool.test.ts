import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { type Block, SlabPool } from '../../src/store/slab-pool.js';

const KIB = 1024;

describe('the slab pool', () => {
  it('hands out blocks that never overlap, of shared memory, through any order of allocating and freeing', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const prng = new Prng(seed);
        const pool = new SlabPool();
        const held = new Map<Block, number>();
        let stamp = 0;
        for (let i = 0; i < 200; i++) {
          if (prng.chance(3, 5)) {
            const block = pool.allocate(4096 << prng.below(7));
            expect(block.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
            stamp = (stamp % 255) + 1;
            block.bytes.fill(stamp);
            held.set(block, stamp);
          } else {
            const [block] = [...held.keys()].slice(prng.below(held.size + 1));
            if (block === undefined) continue;
            held.delete(block);
            pool.free(block);
          }
        }
        let bytes = 0;
        for (const [block, expected] of held) {
          expect(block.bytes.every((byte) => byte === expected)).toBe(true);
          bytes += block.bytes.length;
        }
        expect(pool.blockBytes).toBe(bytes);
        expect(pool.slabBytes).toBeGreaterThanOrEqual(bytes);
        for (const block of held.keys()) pool.free(block);
        expect(pool.blockBytes).toBe(0);
        expect(pool.slabBytes).toBeLessThanOrEqual(2 * 1024 * KIB);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps a freed block as it is while somebody has it pinned', () => {
    const pool = new SlabPool();
    const block = pool.allocate(8 * KIB);
    block.bytes.fill(7);
    pool.pin(block);
    pool.pin(block);
    pool.free(block);
    expect(pool.lingeringBytes).toBe(8 * KIB);
    for (let i = 0; i < 100; i++) pool.allocate(4 * KIB).bytes.fill(1);
    expect(block.bytes.every((byte) => byte === 7)).toBe(true);
    pool.unpin(block);
    expect(pool.lingeringBytes).toBe(8 * KIB);
    pool.unpin(block);
    expect(pool.lingeringBytes).toBe(0);
    expect(pool.blockBytes).toBe(400 * KIB);
  });

  it('refuses to free a block twice, to pin a freed one and to unpin one that is not pinned', () => {
    const pool = new SlabPool();
    const block = pool.allocate(4 * KIB);
    expect(() => pool.unpin(block)).toThrow('only a pinned block is unpinned');
    pool.free(block);
    expect(() => pool.free(block)).toThrow('a block is freed once');
    expect(() => pool.pin(block)).toThrow('only a block in use is pinned');
  });

  it.each([0, 1024, 6000, 512 * KIB])('refuses a block of %i bytes', (size) => {
    expect(() => new SlabPool().allocate(size)).toThrow('a block size');
  });

  it.each([4, 16, 64])('holds little more than is in use when that is little, in blocks of %i KiB', (sizeKib) => {
    const pool = new SlabPool();
    const blocks: Block[] = [];
    let mostIdleOfAll = 0;
    while (pool.blockBytes < 4096 * KIB) {
      blocks.push(pool.allocate(sizeKib * KIB));
      const idle = pool.slabBytes - pool.blockBytes;
      mostIdleOfAll = Math.max(mostIdleOfAll, idle <= 16 * KIB ? 0 : idle / pool.blockBytes);
    }
    expect(mostIdleOfAll).toBeLessThanOrEqual(1 / 8);
    let mostKept = 0;
    for (const block of blocks) {
      pool.free(block);
      mostKept = Math.max(mostKept, pool.slabBytes - pool.blockBytes);
    }
    expect(mostKept).toBeLessThanOrEqual(512 * KIB);
    expect(pool.slabBytes).toBeLessThanOrEqual(256 * KIB);
  });

  it('takes a region of every size back and gives it out again', () => {
    const pool = new SlabPool();
    const sizes = [4, 8, 16, 32, 64, 128, 256].map((kib) => kib * KIB);
    for (let round = 0; round < 3; round++) {
      const blocks = sizes.flatMap((size) => [pool.allocate(size), pool.allocate(size)]);
      expect(pool.regionBytes).toBeLessThanOrEqual(pool.slabBytes);
      expect(pool.regionBytes).toBeGreaterThanOrEqual(pool.blockBytes);
      for (const block of blocks) pool.free(block);
      expect(pool.regionBytes).toBe(0);
    }
    pool.dropIdle(0);
    expect(pool.slabBytes).toBe(0);
  });

  it('holds a small part more than is in use, and gives memory back', () => {
    const pool = new SlabPool();
    const blocks = Array.from({ length: 400 }, () => pool.allocate(256 * KIB));
    expect(pool.slabBytes - pool.blockBytes).toBeLessThan(pool.blockBytes / 50);
    for (const block of blocks.splice(100)) pool.free(block);
    expect(pool.slabBytes).toBeLessThan(110 * 256 * KIB);
  });
});
