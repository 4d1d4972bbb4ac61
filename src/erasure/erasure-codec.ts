/**
 * Encode, fold and rebuild over the bytes of shards, synchronously, in the caller's thread. The public methods check
 * everything at this boundary, since the native kernel behind them aborts the process on some wrong arguments.
 *
 * All shards of one call have the same size, a multiple of 8 bytes. Sizes that are a multiple of 64 at addresses that are
 * a multiple of 8 are fast; others are right but slow. A target overlaps no other argument. Arguments are borrowed for
 * the call only.
 */
import { DcacheError } from '../base/errors.js';
import { LIMITS } from '../base/limits.js';
import type { ErasureCode } from './erasure-code.js';
import { firstPositions, setOf, type PositionSet } from './position-set.js';
import { cheapestSchedule, runSchedule, scratchBytes } from './run-schedule.js';
import { ScheduleCache } from './schedule-cache.js';
import type { Schedule } from './schedule.js';
import type { ParityContents, RebuildPattern, WantedShard } from './solver.js';
import { blockOf, type Block, type XorKernel } from './xor-kernel.js';

/** A parity shard at hand. */
export interface ParityShard extends ParityContents {
  readonly bytes: Uint8Array;
}

export interface RebuildRequest {
  /** By data position, k entries: the segment, or null when it is not at hand. */
  readonly data: readonly (Uint8Array | null)[];
  readonly parities: readonly ParityShard[];
  readonly wanted: readonly RebuildTarget[];
}

export interface RebuildTarget {
  readonly shard: WantedShard;
  /** Overwritten with the shard. */
  readonly target: Uint8Array;
}

export class ErasureCodec {
  readonly code: ErasureCode;
  readonly kernel: XorKernel;
  private readonly schedules: ScheduleCache;
  private readonly tileBytes: number;
  /** Memory for shared sums, kept between calls. */
  private scratch = new Uint8Array(0);

  /** @param options.tileBytes for tests; it changes speed, never bytes. A multiple of 8. */
  constructor(code: ErasureCode, kernel: XorKernel, options: { readonly tileBytes?: number } = {}) {
    this.code = code;
    this.kernel = kernel;
    this.schedules = new ScheduleCache(code);
    this.tileBytes = options.tileBytes ?? LIMITS.codecTileBytes;
  }

  /**
   * Overwrites the parity shards by those of the data shards.
   * @param data k shards. @param parity m shards.
   * @throws INVALID_ARGUMENT on a wrong number of shards, sizes or overlap.
   */
  encode(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void {
    const { k, m } = this.code;
    requireThat(data.length === k, `encode got ${data.length} data shards; this code has ${k}`);
    requireThat(parity.length === m, `encode got ${parity.length} parity shards; this code has ${m}`);
    requireShards(data, parity);
    if (m === 0) return;
    this.run(this.schedules.encode(), data, parity);
  }

  /**
   * Adds a data shard to a parity shard in place, or subtracts it: over GF(2) they are the same, so folding twice is no
   * change. Folding every data position into zeros is encoding.
   * @param position data position 0..k-1 of `segment`. @param parityIndex 0..m-1, the index of `parity`.
   * @throws INVALID_ARGUMENT on a position out of range, wrong sizes or overlap.
   */
  fold(position: number, segment: Uint8Array, parityIndex: number, parity: Uint8Array): void {
    this.requireDataPosition(position);
    this.requireParityIndex(parityIndex);
    requireShards([segment], [parity]);
    this.run(this.schedules.fold(position, parityIndex), [segment], [parity]);
  }

  /**
   * The same into a spare buffer, the parity shard itself left as it is (DESIGN.md, I8).
   * @param target overwritten with parity shard plus segment.
   * @throws INVALID_ARGUMENT as `fold` does.
   */
  foldInto(position: number, segment: Uint8Array, parityIndex: number, parity: Uint8Array, target: Uint8Array): void {
    this.requireDataPosition(position);
    this.requireParityIndex(parityIndex);
    requireShards([segment, parity], [target]);
    target.set(parity);
    this.run(this.schedules.fold(position, parityIndex), [segment], [target]);
  }

  /**
   * Restores shards from the data and parity shards at hand. A parity shard is taken at its own contributions.
   * The bytes of what is at hand are believed; check the result's checksum.
   * @throws INVALID_ARGUMENT on positions out of range, wrong sizes or overlap; ECC_UNDECODABLE when the shards at
   *   hand do not determine everything wanted, before any target is written.
   */
  rebuild(request: RebuildRequest): void {
    const pattern = this.requirePattern(request);
    const inputs = [...request.data.map((shard) => shard ?? EMPTY), ...request.parities.map(({ bytes }) => bytes)];
    const targets = request.wanted.map(({ target }) => target);
    requireShards(
      [...request.data.filter((shard) => shard !== null), ...request.parities.map((p) => p.bytes)],
      targets,
    );
    if (targets.length === 0) return;
    this.run(this.schedules.rebuild(pattern), inputs, targets);
  }

  /**
   * Whether `rebuild` can restore everything wanted from what is at hand.
   * @throws INVALID_ARGUMENT on positions out of range.
   */
  determines(pattern: RebuildPattern): boolean {
    this.requireContents(pattern);
    requireThat((pattern.known & ~firstPositions(this.code.k)) === 0, 'known positions must be data positions');
    return this.schedules.isDetermined(pattern);
  }

  private run(schedules: readonly Schedule[], inputs: readonly Uint8Array[], outputs: readonly Uint8Array[]): void {
    const packetBytes = (outputs[0]?.length ?? 0) / this.code.packetsPerShard;
    const schedule = cheapestSchedule(schedules, this.kernel, packetBytes, this.tileBytes);
    const needed = scratchBytes(schedule, packetBytes, this.tileBytes);
    if (needed > this.scratch.length) this.scratch = new Uint8Array(needed);
    const blocks: Block[] = [];
    for (const input of inputs) blocks.push(blockOf(input));
    for (const output of outputs) blocks.push(blockOf(output));
    blocks.push(blockOf(this.scratch));
    runSchedule(schedule, this.kernel, blocks, packetBytes, this.tileBytes);
  }

  private requirePattern(request: RebuildRequest): RebuildPattern {
    const { k } = this.code;
    requireThat(request.data.length === k, `rebuild got ${request.data.length} data positions; this code has ${k}`);
    const known = setOf(request.data.flatMap((shard, position) => (shard === null ? [] : [position])));
    const pattern = { known, parities: request.parities, wanted: request.wanted.map(({ shard }) => shard) };
    this.requireContents(pattern);
    return pattern;
  }

  private requireContents({ parities, wanted }: RebuildPattern): void {
    for (const { index, contributions } of parities) this.requireContributions(index, contributions);
    const indexes = new Set(parities.map(({ index }) => index));
    requireThat(indexes.size === parities.length, 'a parity shard is given twice');
    for (const shard of wanted) {
      if (shard.type === 'data') this.requireDataPosition(shard.position);
      else {
        this.requireContributions(shard.index, shard.contributions);
        requireThat(shard.contributions !== 0, 'a wanted parity shard without contributions is zeros, not a rebuild');
      }
    }
  }

  private requireContributions(index: number, contributions: PositionSet): void {
    this.requireParityIndex(index);
    const isSubset = Number.isInteger(contributions) && (contributions & ~firstPositions(this.code.k)) === 0;
    requireThat(isSubset, `contributions of parity shard ${index} are not a set of data positions`);
  }

  private requireDataPosition(position: number): void {
    const isValid = Number.isInteger(position) && position >= 0 && position < this.code.k;
    requireThat(isValid, `data position ${position} is not an integer from 0 to ${this.code.k - 1}`);
  }

  private requireParityIndex(index: number): void {
    const isValid = Number.isInteger(index) && index >= 0 && index < this.code.m;
    requireThat(isValid, `parity index ${index} is not an integer from 0 to ${this.code.m - 1}`);
  }
}

const EMPTY = new Uint8Array(0);

/**
 * Whether bytes can be a shard: 8 B to the limit, in steps of 8, so that every code cuts it into whole packets.
 * @throws INVALID_ARGUMENT.
 */
export function requireShardSize(sizeBytes: number): void {
  if (sizeBytes > 0 && sizeBytes % 8 === 0 && sizeBytes <= LIMITS.maxShardBytes) return;
  const range = `a multiple of 8 from 8 to ${LIMITS.maxShardBytes}`;
  throw new DcacheError('INVALID_ARGUMENT', `a shard has ${sizeBytes} bytes; it must have ${range}`);
}

function requireShards(inputs: readonly Uint8Array[], targets: readonly Uint8Array[]): void {
  const sizeBytes = (targets[0] ?? inputs[0])?.length;
  if (sizeBytes === undefined) return;
  requireShardSize(sizeBytes);
  for (const input of inputs) requireSameSize(input, sizeBytes);
  targets.forEach((target, index) => {
    requireSameSize(target, sizeBytes);
    for (const input of inputs) requireThat(!overlap(input, target), OVERLAP);
    for (let other = 0; other < index; other++) requireThat(!overlap(targets[other] ?? target, target), OVERLAP);
  });
}

const OVERLAP = 'the target of a coding operation overlaps another of its shards';

function requireSameSize(shard: Uint8Array, sizeBytes: number): void {
  if (shard.length === sizeBytes) return;
  throw new DcacheError('INVALID_ARGUMENT', `shards of one stripe have ${shard.length} and ${sizeBytes} bytes`);
}

function overlap(a: Uint8Array, b: Uint8Array): boolean {
  if (a.buffer !== b.buffer) return false;
  return a.byteOffset < b.byteOffset + b.length && b.byteOffset < a.byteOffset + a.length;
}

function requireThat(condition: boolean, message: string): void {
  if (!condition) throw new DcacheError('INVALID_ARGUMENT', message);
}
