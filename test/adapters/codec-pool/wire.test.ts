import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBatch, encodeBatch } from '../../../src/adapters/codec-pool/wire.js';
import { blocksOf, type CodecJob } from '../../../src/erasure/codec-job.js';

const memories = [new SharedArrayBuffer(256), new SharedArrayBuffer(512)] as const;

const blocks = fc
  .record({ memory: fc.constantFrom(...memories), offset: fc.nat(200), sizeBytes: fc.nat(56) })
  .map(({ memory, offset, sizeBytes }) => new Uint8Array(memory, offset, sizeBytes));
const checksums = fc.option(fc.maxSafeNat());
const sets = fc.nat(2 ** 24 - 1);
const shards = fc.oneof(
  fc.record({ type: fc.constant('data' as const), position: fc.nat(23) }),
  fc.record({ type: fc.constant('parity' as const), index: fc.nat(5), contributions: sets }),
);

const jobs: fc.Arbitrary<CodecJob> = fc.oneof(
  fc.record({ type: fc.constant('encode' as const), data: fc.array(blocks), parity: fc.array(blocks) }),
  fc.record({
    type: fc.constant('fold' as const),
    position: fc.nat(23),
    parityIndex: fc.nat(5),
    segment: blocks,
    segmentChecksum: checksums,
    shard: blocks,
    target: blocks,
  }),
  fc.record({
    type: fc.constant('rebuild' as const),
    data: fc.array(fc.option(blocks)),
    parities: fc.array(fc.record({ index: fc.nat(5), contributions: sets, bytes: blocks })),
    wanted: fc.array(fc.record({ shard: shards, target: blocks, checksum: checksums })),
  }),
  fc.record({ type: fc.constant('checksum' as const), bytes: blocks }),
);

describe('a batch on its way to a worker', () => {
  it('comes out as it went in, over the same memory', () => {
    fc.assert(
      fc.property(fc.array(jobs, { maxLength: 5 }), (batch) => {
        const { memories: sent, numbers } = encodeBatch(batch);
        const received = decodeBatch({ memories: sent, numbers });
        expect(received).toEqual(batch);
        const places = (list: readonly CodecJob[]) =>
          list.flatMap(blocksOf).map(({ buffer, byteOffset }) => [memories.findIndex((m) => m === buffer), byteOffset]);
        expect(places(received)).toEqual(places(batch));
      }),
    );
  });

  it('names each memory once', () => {
    const bytes = new Uint8Array(memories[0]);
    const batch = Array.from({ length: 10 }, () => ({ type: 'checksum' as const, bytes }));
    expect(encodeBatch(batch).memories).toHaveLength(1);
  });
});
