import { describe, expect, it } from 'vitest';
import { checksum } from '../../src/erasure/checksum.js';
import { blocksOf, runJob, workOf, type CodecJob } from '../../src/erasure/codec-job.js';
import { erasureCode } from '../../src/erasure/erasure-code.js';
import { ErasureCodec } from '../../src/erasure/erasure-codec.js';
import { loopKernel } from '../../src/erasure/xor-kernel.js';
import { at, complete, emptyShards, randomShards } from './shards.js';

const codec = new ErasureCodec(erasureCode(3, 2), loopKernel);
const mismatch = expect.objectContaining({ code: 'CHECKSUM_MISMATCH' }) as unknown;

function stripe() {
  const data = randomShards(1, 3, 64);
  const parity = emptyShards(2, 64);
  runJob(codec, { type: 'encode', data, parity });
  return { data, parity };
}

function foldJob(segment: Uint8Array, segmentChecksum: number | null, shard: Uint8Array, target: Uint8Array): CodecJob {
  return { type: 'fold', position: 1, parityIndex: 1, segment, segmentChecksum, shard, target };
}

describe('a fold job', () => {
  it('leaves the shard alone, and unfolding its target gives the shard back', () => {
    const { data, parity } = stripe();
    const shard = at(parity, 1);
    const before = shard.slice();
    const segment = at(data, 1);
    const [unfolded, refolded] = emptyShards(2, 64);
    runJob(codec, foldJob(segment, checksum(segment), shard, unfolded ?? segment));
    expect(shard).toEqual(before);
    expect(unfolded).not.toEqual(before);
    runJob(codec, foldJob(segment, null, unfolded ?? segment, refolded ?? segment));
    expect(refolded).toEqual(before);
  });

  it('refuses a segment that is not the one recorded, before it writes', () => {
    const { data, parity } = stripe();
    const target = new Uint8Array(64).fill(9);
    const job = foldJob(at(data, 1), checksum(at(data, 0)), at(parity, 1), target);
    expect(() => runJob(codec, job)).toThrowError(mismatch);
    expect(target).toEqual(new Uint8Array(64).fill(9));
  });
});

describe('a rebuild job', () => {
  const rebuildJob = (expected: (segment: Uint8Array) => number | null, shardByte: number) => {
    const { data, parity } = stripe();
    const [lost, ...rest] = data;
    const shard = at(parity, 0).slice();
    shard[5] = (shard[5] ?? 0) ^ shardByte;
    const target = new Uint8Array(64);
    const wanted = [
      { shard: { type: 'data' as const, position: 0 }, target, checksum: expected(lost ?? new Uint8Array(0)) },
    ];
    return {
      lost,
      target,
      job: { type: 'rebuild' as const, data: [null, ...rest], parities: [complete(3, 0, shard)], wanted },
    };
  };

  it('restores the segment and holds it against its checksum', () => {
    const { lost, target, job } = rebuildJob(checksum, 0);
    expect(runJob(codec, job)).toBeNull();
    expect(target).toEqual(lost);
  });

  it('says so when a shard that it was made from is wrong', () => {
    expect(() => runJob(codec, rebuildJob(checksum, 1).job)).toThrowError(mismatch);
    expect(runJob(codec, rebuildJob(() => null, 1).job)).toBeNull();
  });
});

describe('a job', () => {
  it('names all its memory and the work that it is', () => {
    const { data, parity } = stripe();
    const encode: CodecJob = { type: 'encode', data, parity };
    expect(blocksOf(encode)).toEqual([...data, ...parity]);
    expect(workOf(encode)).toEqual({ xorBytes: 3 * 64 * 2, checksumBytes: 0 });
    const fold = foldJob(at(data, 0), 1, at(parity, 0), at(parity, 1));
    expect(blocksOf(fold)).toEqual([data[0], parity[0], parity[1]]);
    expect(workOf(fold)).toEqual({ xorBytes: 128, checksumBytes: 64 });
    const bytes = at(data, 2);
    expect(runJob(codec, { type: 'checksum', bytes })).toBe(checksum(bytes));
    expect(workOf({ type: 'checksum', bytes })).toEqual({ xorBytes: 0, checksumBytes: 64 });
  });
});
