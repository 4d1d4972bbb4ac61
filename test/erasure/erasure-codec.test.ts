import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { erasureCode } from '../../src/erasure/erasure-code.js';
import { ErasureCodec, type RebuildTarget } from '../../src/erasure/erasure-codec.js';
import { firstPositions } from '../../src/erasure/position-set.js';
import { loopKernel } from '../../src/erasure/xor-kernel.js';
import { at, complete, emptyShards, randomShards, subsetsUpTo } from './shards.js';

function codecFor(k: number, m: number): ErasureCodec {
  return new ErasureCodec(erasureCode(k, m), loopKernel);
}

function encoded(codec: ErasureCodec, seed: number, sizeBytes: number) {
  const data = randomShards(seed, codec.code.k, sizeBytes);
  const parity = randomShards(seed + 1, codec.code.m, sizeBytes);
  codec.encode(data, parity);
  return { data, parity };
}

/** Loses the shards at `positions` and restores them from all others. */
function loseAndRebuild(codec: ErasureCodec, data: Uint8Array[], parity: Uint8Array[], positions: readonly number[]) {
  const { k, m } = codec.code;
  const isLost = (position: number) => positions.includes(position);
  const sizeBytes = at([...data, ...parity], 0).length;
  const wanted = positions.map((position): RebuildTarget => {
    const target = new Uint8Array(sizeBytes).fill(0xff);
    if (position < k) return { shard: { type: 'data', position }, target };
    return { shard: { type: 'parity', index: position - k, contributions: firstPositions(k) }, target };
  });
  const parities = Array.from({ length: m }, (_, i) => complete(k, i, at(parity, i))).filter(
    ({ index }) => !isLost(k + index),
  );
  codec.rebuild({ data: data.map((shard, d) => (isLost(d) ? null : shard)), parities, wanted });
  return wanted.map(({ target }) => target);
}

const codes = fc.record({ k: fc.integer({ min: 1, max: 24 }), m: fc.integer({ min: 0, max: 6 }) });
const smallSizes = fc.integer({ min: 1, max: 40 }).map((eights) => eights * 8);

describe('rebuild', () => {
  it.each([
    [1, 1],
    [1, 2],
    [2, 1],
    [3, 2],
    [4, 2],
    [6, 3],
    [8, 3],
    [10, 4],
  ])('restores every erasure pattern of RS(%i,%i)', (k, m) => {
    const codec = codecFor(k, m);
    const { data, parity } = encoded(codec, k * 100 + m, 64);
    for (const positions of subsetsUpTo(k + m, m)) {
      const restored = loseAndRebuild(codec, data, parity, positions);
      expect(restored).toEqual(positions.map((position) => at([...data, ...parity], position)));
    }
  });

  it('restores random patterns of every code', () => {
    fc.assert(
      fc.property(codes, smallSizes, fc.nat(), fc.infiniteStream(fc.nat()), ({ k, m }, sizeBytes, seed, picks) => {
        const codec = codecFor(k, m);
        const { data, parity } = encoded(codec, seed, sizeBytes);
        const positions = [...new Set([...picks.take(m)].map((pick) => pick % (k + m)))];
        const restored = loseAndRebuild(codec, data, parity, positions);
        expect(restored).toEqual(positions.map((position) => at([...data, ...parity], position)));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [3, 2],
    [4, 2],
    [1, 1],
  ])('refuses when more than m shards of RS(%i,%i) are missing, and writes nothing', (k, m) => {
    const codec = codecFor(k, m);
    const target = new Uint8Array(64);
    const request = {
      data: new Array<null>(k).fill(null),
      parities: k === 1 ? [] : Array.from({ length: m }, (_, i) => complete(k, i, new Uint8Array(64).fill(1))),
      wanted: [{ shard: { type: 'data' as const, position: 0 }, target }],
    };
    expect(() => codec.rebuild(request)).toThrowError(expect.objectContaining({ code: 'ECC_UNDECODABLE' }));
    expect(target).toEqual(new Uint8Array(64));
  });

  it('restores nothing without parity positions', () => {
    const request = {
      data: [null],
      parities: [],
      wanted: [{ shard: { type: 'data' as const, position: 0 }, target: new Uint8Array(8) }],
    };
    expect(() => codecFor(1, 0).rebuild(request)).toThrowError(expect.objectContaining({ code: 'ECC_UNDECODABLE' }));
  });
});

describe('fold', () => {
  it('of every position into zeros is encode', () => {
    fc.assert(
      fc.property(codes, smallSizes, fc.nat(), ({ k, m }, sizeBytes, seed) => {
        const codec = codecFor(k, m);
        const { data, parity } = encoded(codec, seed, sizeBytes);
        const folded = emptyShards(m, sizeBytes);
        folded.forEach((shard, index) => data.forEach((segment, d) => codec.fold(d, segment, index, shard)));
        expect(folded).toEqual(parity);
      }),
      { numRuns: 100 },
    );
  });

  it('twice is no change', () => {
    fc.assert(
      fc.property(codes, smallSizes, fc.nat(), fc.nat(), fc.nat(), ({ k, m }, sizeBytes, seed, d, j) => {
        fc.pre(m > 0);
        const codec = codecFor(k, m);
        const [segment, shard] = randomShards(seed, 2, sizeBytes);
        const parity = at([shard], 0) ?? new Uint8Array(0);
        const before = parity.slice();
        codec.fold(d % k, segment ?? new Uint8Array(0), j % m, parity);
        expect(parity).not.toEqual(before);
        codec.fold(d % k, segment ?? new Uint8Array(0), j % m, parity);
        expect(parity).toEqual(before);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the format', () => {
  it('does not depend on the tiles that the work is cut into', () => {
    const tiles = fc.constantFrom(8, 16, 24, 64, 4096);
    fc.assert(
      fc.property(codes, smallSizes, fc.nat(), tiles, ({ k, m }, sizeBytes, seed, tileBytes) => {
        const tiled = new ErasureCodec(erasureCode(k, m), loopKernel, { tileBytes });
        expect(encoded(tiled, seed, sizeBytes).parity).toEqual(encoded(codecFor(k, m), seed, sizeBytes).parity);
      }),
      { numRuns: 60 },
    );
  });

  it('does not depend on where in memory the shards lie', () => {
    const shift = (shard: Uint8Array, by: number) => {
      const moved = new Uint8Array(new SharedArrayBuffer(shard.length + by), by);
      moved.set(shard);
      return moved;
    };
    const codec = codecFor(4, 3);
    for (let by = 0; by < 8; by++) {
      const { data, parity } = encoded(codec, by, 64);
      const moved = emptyShards(3, 64).map((shard) => shift(shard, 7 - by));
      codec.encode(
        data.map((shard) => shift(shard, by)),
        moved,
      );
      expect(moved.map((shard) => shard.slice())).toEqual(parity);
    }
  });

  it('stores a segment as it is where k = n = 1 or m = 0', () => {
    const [segment] = randomShards(1, 1, 64);
    const data = segment === undefined ? [] : [segment];
    codecFor(1, 0).encode(data, []);
    const copies = emptyShards(2, 64);
    codecFor(1, 2).encode(data, copies);
    expect(copies).toEqual([segment, segment]);
  });
});

describe('the boundary refuses with INVALID_ARGUMENT', () => {
  const codec = codecFor(3, 2);
  const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as unknown;
  const shard = () => new Uint8Array(64);
  const shards = (count: number, sizeBytes = 64) => emptyShards(count, sizeBytes);

  it.each([0, 1, 7, 12, 63, 2 ** 24 + 8])('shards of %i bytes', (sizeBytes) => {
    expect(() => codec.encode(shards(3, sizeBytes), shards(2, sizeBytes))).toThrowError(refused);
    expect(() => codec.fold(0, new Uint8Array(sizeBytes), 0, new Uint8Array(sizeBytes))).toThrowError(refused);
  });

  it('shards of different sizes', () => {
    expect(() => codec.encode([shard(), shard(), new Uint8Array(72)], shards(2))).toThrowError(refused);
    expect(() => codec.fold(0, new Uint8Array(72), 0, shard())).toThrowError(refused);
  });

  it('a wrong number of shards', () => {
    expect(() => codec.encode(shards(2), shards(2))).toThrowError(refused);
    expect(() => codec.encode(shards(3), shards(3))).toThrowError(refused);
    expect(() => codec.rebuild({ data: [null], parities: [], wanted: [] })).toThrowError(refused);
  });

  it.each([-1, 3, 0.5, NaN])('data position %d', (position) => {
    expect(() => codec.fold(position, shard(), 0, shard())).toThrowError(refused);
    const wanted = [{ type: 'data' as const, position }];
    expect(() => codec.determines({ known: 0, parities: [], wanted })).toThrowError(refused);
  });

  it.each([-1, 2, 0.5, NaN])('parity index %d', (index) => {
    expect(() => codec.fold(0, shard(), index, shard())).toThrowError(refused);
    const parities = [{ index, contributions: 1 }];
    expect(() => codec.determines({ known: 0, parities, wanted: [] })).toThrowError(refused);
  });

  it('contributions that are no data positions, a parity shard twice, and a wanted one without contributions', () => {
    const wanted = [{ type: 'data' as const, position: 0 }];
    const determines = (indexes: number[], contributions: number) => () =>
      codec.determines({ known: 0, parities: indexes.map((index) => ({ index, contributions })), wanted });
    expect(determines([0], 0b1000)).toThrowError(refused);
    expect(determines([0, 0], 0b111)).toThrowError(refused);
    const nothing = [{ type: 'parity' as const, index: 0, contributions: 0 }];
    expect(() => codec.determines({ known: 7, parities: [], wanted: nothing })).toThrowError(refused);
  });

  it('a target that overlaps a source or another target', () => {
    const memory = new Uint8Array(96);
    expect(() => codec.fold(0, memory.subarray(0, 64), 0, memory.subarray(32, 96))).toThrowError(refused);
    expect(() => codec.encode(shards(3), [memory.subarray(0, 64), memory.subarray(32, 96)])).toThrowError(refused);
    const same = shard();
    expect(() => codec.fold(0, same, 0, same)).toThrowError(refused);
    expect(() => codec.encode(shards(3), [same, same])).toThrowError(refused);
    expect(() => codec.foldInto(0, same, 0, shard(), same)).toThrowError(refused);
    expect(() => codec.foldInto(0, shard(), 0, same, same)).toThrowError(refused);
  });
});
