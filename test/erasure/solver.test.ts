import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { erasureCode, type ErasureCode } from '../../src/erasure/erasure-code.js';
import { ErasureCodec } from '../../src/erasure/erasure-codec.js';
import { firstPositions, hasPosition, positionsOf, type PositionSet } from '../../src/erasure/position-set.js';
import type { ParityContents, RebuildPattern } from '../../src/erasure/solver.js';
import { loopKernel } from '../../src/erasure/xor-kernel.js';
import { at, emptyShards, randomShards } from './shards.js';

/**
 * The plain second solver: one equation a bit of a parity shard, over all data bits, as BigInt rows with the value of the
 * bit at the lowest place. Gauss-Jordan; a data bit is determined when its unit vector is a row.
 */
function solvePlainly(code: ErasureCode, pattern: RebuildPattern, data: Uint8Array[], parity: Uint8Array[]) {
  const w = code.packetsPerShard;
  const columns = code.k * w;
  const bitOf = (shard: Uint8Array, packet: number) => BigInt(at([...shard], packet) & 1);
  let rows: bigint[] = [];
  for (const position of positionsOf(pattern.known)) {
    for (let packet = 0; packet < w; packet++) {
      rows.push((1n << BigInt(1 + position * w + packet)) | bitOf(at(data, position), packet));
    }
  }
  for (const { index, contributions } of pattern.parities) {
    for (let packet = 0; packet < w; packet++) {
      let row = bitOf(at(parity, index), packet);
      for (const column of code.matrix.ones(index * w + packet)) {
        if (hasPosition(contributions, Math.floor(column / w))) row |= 1n << BigInt(1 + column);
      }
      rows.push(row);
    }
  }
  const done: bigint[] = [];
  for (let column = 0; column < columns; column++) {
    const bit = 1n << BigInt(1 + column);
    const pivot = rows.find((row) => row & bit);
    if (pivot === undefined) continue;
    rows = rows.filter((row) => row !== pivot).map((row) => (row & bit ? row ^ pivot : row));
    for (let i = 0; i < done.length; i++) if (at(done, i) & bit) done[i] = at(done, i) ^ pivot;
    done.push(pivot);
  }
  return (position: number): number[] | null => {
    const bits = Array.from({ length: w }, (_, packet) => {
      const unit = 1n << BigInt(1 + position * w + packet);
      const row = done.find((candidate) => candidate >> 1n === unit >> 1n);
      return row === undefined ? null : Number(row & 1n);
    });
    return bits.includes(null) ? null : bits.filter((bit) => bit !== null);
  };
}

/** Packets are one byte and every byte is 0 or 1, so that a packet is a bit of the plain solver. */
function shardsOfBits(seed: number, count: number, width: number): Uint8Array[] {
  return randomShards(seed, count, 8).map((shard) => shard.map((byte, i) => (i < width ? byte & 1 : 0)));
}

/** Eight-byte shards whose packets all hold the bits of the one-byte packets, since shards come in eights. */
function widen(shard: Uint8Array, width: number): Uint8Array {
  const packetBytes = 8 / width;
  return Uint8Array.from({ length: 8 }, (_, i) => at([...shard], Math.floor(i / packetBytes)));
}

const situations = fc
  .record({ k: fc.integer({ min: 1, max: 8 }), m: fc.integer({ min: 1, max: 4 }), seed: fc.nat() })
  .chain(({ k, m, seed }) =>
    fc.record({
      k: fc.constant(k),
      m: fc.constant(m),
      seed: fc.constant(seed),
      known: fc.nat(firstPositions(k)),
      contributions: fc.array(fc.nat(firstPositions(k)), { minLength: m, maxLength: m }),
      indexes: fc.subarray(Array.from({ length: m }, (_, i) => i)),
    }),
  );

function foldAll(codec: ErasureCodec, data: Uint8Array[], contributions: readonly PositionSet[]): Uint8Array[] {
  const parity = emptyShards(contributions.length, 8);
  contributions.forEach((set, index) => {
    for (const position of positionsOf(set)) codec.fold(position, at(data, position), index, at(parity, index));
  });
  return parity;
}

describe('the solver', () => {
  it('restores exactly what a plain solver determines, each parity shard with its own contributions', () => {
    fc.assert(
      fc.property(situations, ({ k, m, seed, known, contributions, indexes }) => {
        const codec = new ErasureCodec(erasureCode(k, m), loopKernel);
        const w = codec.code.packetsPerShard;
        const bits = shardsOfBits(seed, k, w);
        const data = bits.map((shard) => widen(shard, w));
        const parity = foldAll(codec, data, contributions);
        const parities: ParityContents[] = indexes.map((index) => ({ index, contributions: at(contributions, index) }));
        const bitParity = parity.map((shard) => Uint8Array.from({ length: w }, (_, p) => at([...shard], (p * 8) / w)));
        const plain = solvePlainly(codec.code, { known, parities, wanted: [] }, bits, bitParity);
        for (let position = 0; position < k; position++) {
          const wanted = [{ type: 'data' as const, position }];
          const expected = plain(position);
          expect(codec.determines({ known, parities, wanted })).toBe(expected !== null);
          const target = new Uint8Array(8);
          const request = {
            data: data.map((shard, d) => (hasPosition(known, d) ? shard : null)),
            parities: parities.map((contents) => ({ ...contents, bytes: at(parity, contents.index) })),
            wanted: [{ shard: at(wanted, 0), target }],
          };
          if (expected === null) {
            expect(() => codec.rebuild(request)).toThrowError(expect.objectContaining({ code: 'ECC_UNDECODABLE' }));
            expect(target).toEqual(new Uint8Array(8));
          } else {
            codec.rebuild(request);
            expect(target).toEqual(data[position]);
            expect(expected).toEqual([...at(bits, position)].slice(0, w));
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  it('rebuilds a parity shard with any contributions, out of data and other parity shards', () => {
    fc.assert(
      fc.property(situations, fc.nat(), ({ k, m, seed, contributions }, pick) => {
        const codec = new ErasureCodec(erasureCode(k, m), loopKernel);
        const data = randomShards(seed, k, 8);
        const lost = pick % m;
        const wanted = contributions.map((set) => set || 1);
        const parity = foldAll(codec, data, wanted);
        const complete = foldAll(codec, data, new Array<PositionSet>(m).fill(firstPositions(k)));
        const others = complete.map((bytes, index) => ({ index, contributions: firstPositions(k), bytes }));
        const target = new Uint8Array(8);
        codec.rebuild({
          // With another parity shard at hand, the first data shard is not needed.
          data: data.map((shard, d) => (m > 1 && d === 0 ? null : shard)),
          parities: others.filter(({ index }) => index !== lost),
          wanted: [{ shard: { type: 'parity', index: lost, contributions: at(wanted, lost) }, target }],
        });
        expect(target).toEqual(parity[lost]);
      }),
      { numRuns: 100 },
    );
  });

  it('solves one of many unknowns that a partly folded parity shard holds alone', () => {
    // Nothing at hand but parity shard 1, into which only position 2 is folded: it is enough for position 2.
    const codec = new ErasureCodec(erasureCode(4, 2), loopKernel);
    const pattern = { known: 0, parities: [{ index: 1, contributions: 0b0100 }] };
    expect(codec.determines({ ...pattern, wanted: [{ type: 'data', position: 2 }] })).toBe(true);
    expect(codec.determines({ ...pattern, wanted: [{ type: 'data', position: 1 }] })).toBe(false);
  });
});
