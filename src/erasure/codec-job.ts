/**
 * A coding operation as a value, so that it can be run here, sent to a worker thread, or delayed by the simulator, with
 * the same result. A job carries the checksums that it must hold against the bytes: before a fold, after a rebuild.
 */
import { assertNever } from '../base/assert.js';
import { DcacheError } from '../base/errors.js';
import { checksum } from './checksum.js';
import type { ErasureCodec, ParityShard } from './erasure-codec.js';
import type { WantedShard } from './solver.js';

export type CodecJob = EncodeJob | FoldJob | RebuildJob | ChecksumJob;
export type CodecJobType = CodecJob['type'];

/** Overwrites m parity shards by those of k data shards. */
export interface EncodeJob {
  readonly type: 'encode';
  readonly data: readonly Uint8Array[];
  readonly parity: readonly Uint8Array[];
}

/** target = shard plus or minus the segment: fold and unfold are the same sum. */
export interface FoldJob {
  readonly type: 'fold';
  readonly position: number;
  readonly parityIndex: number;
  readonly segment: Uint8Array;
  /** What the segment's checksum must be, or null for no check. */
  readonly segmentChecksum: number | null;
  /** The parity shard as it is. Not changed. */
  readonly shard: Uint8Array;
  /** A spare buffer, to take the shard's place once the job is done. */
  readonly target: Uint8Array;
}

export interface RebuildJob {
  readonly type: 'rebuild';
  /** By data position; null where the segment is not at hand. */
  readonly data: readonly (Uint8Array | null)[];
  readonly parities: readonly ParityShard[];
  readonly wanted: readonly WantedBytes[];
}

export interface WantedBytes {
  readonly shard: WantedShard;
  readonly target: Uint8Array;
  /** What the result's checksum must be, or null for no check. */
  readonly checksum: number | null;
}

export interface ChecksumJob {
  readonly type: 'checksum';
  readonly bytes: Uint8Array;
}

/**
 * @returns the checksum for a checksum job, else null.
 * @throws CHECKSUM_MISMATCH when a segment to fold (target not written) or a rebuilt shard (target written) is wrong;
 *   and what ErasureCodec throws.
 */
export function runJob(codec: ErasureCodec, job: CodecJob): number | null {
  switch (job.type) {
    case 'encode':
      codec.encode(job.data, job.parity);
      return null;
    case 'fold':
      requireChecksum(`segment of position ${job.position}`, job.segment, job.segmentChecksum);
      codec.foldInto(job.position, job.segment, job.parityIndex, job.shard, job.target);
      return null;
    case 'rebuild':
      codec.rebuild(job);
      for (const { shard, target, checksum: expected } of job.wanted) {
        const name = shard.type === 'data' ? `position ${shard.position}` : `parity shard ${shard.index}`;
        requireChecksum(`rebuilt ${name}`, target, expected);
      }
      return null;
    case 'checksum':
      return checksum(job.bytes);
    default:
      return assertNever(job, 'codec job');
  }
}

/** Every block of memory of a job, inputs and targets. */
export function blocksOf(job: CodecJob): Uint8Array[] {
  switch (job.type) {
    case 'encode':
      return [...job.data, ...job.parity];
    case 'fold':
      return [job.segment, job.shard, job.target];
    case 'rebuild':
      return [
        ...job.data.filter((bytes) => bytes !== null),
        ...job.parities.map(({ bytes }) => bytes),
        ...job.wanted.map(({ target }) => target),
      ];
    case 'checksum':
      return [job.bytes];
    default:
      return assertNever(job, 'codec job');
  }
}

/** How much there is to do: bytes XORed (about, a lower bound) and bytes run through the checksum. */
export interface JobWork {
  readonly xorBytes: number;
  readonly checksumBytes: number;
}

export function workOf(job: CodecJob): JobWork {
  switch (job.type) {
    case 'encode':
      return { xorBytes: totalBytes(job.data) * job.parity.length, checksumBytes: 0 };
    case 'fold':
      return {
        xorBytes: job.segment.length + job.shard.length,
        checksumBytes: job.segmentChecksum === null ? 0 : job.segment.length,
      };
    case 'rebuild': {
      const inputs = [...job.data.filter((bytes) => bytes !== null), ...job.parities.map(({ bytes }) => bytes)];
      const checked = job.wanted.filter((wanted) => wanted.checksum !== null).map(({ target }) => target);
      return { xorBytes: totalBytes(inputs) * job.wanted.length, checksumBytes: totalBytes(checked) };
    }
    case 'checksum':
      return { xorBytes: 0, checksumBytes: job.bytes.length };
    default:
      return assertNever(job, 'codec job');
  }
}

function totalBytes(blocks: readonly Uint8Array[]): number {
  return blocks.reduce((sum, block) => sum + block.length, 0);
}

function requireChecksum(name: string, bytes: Uint8Array, expected: number | null): void {
  if (expected === null) return;
  const actual = checksum(bytes);
  if (actual === expected) return;
  throw new DcacheError(
    'CHECKSUM_MISMATCH',
    `${name}: checksum ${actual.toString(16)}, expected ${expected.toString(16)}`,
  );
}
