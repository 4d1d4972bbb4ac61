/**
 * The compiled schedules of one code. Encode and fold have a fixed few; rebuilds are kept by pattern of what is at hand
 * and wanted, the least recently used forgotten first, since a failure makes the same pattern come again and again.
 */
import { DcacheError } from '../base/errors.js';
import { LIMITS } from '../base/limits.js';
import type { ErasureCode } from './erasure-code.js';
import { compileSchedules, type Schedule } from './schedule.js';
import { solveRebuild, type RebuildPattern, type WantedShard } from './solver.js';

/** Equivalent schedules, of which the best depends on kernel and packet size; or why there are none. */
type CachedRebuild =
  | { readonly type: 'determined'; readonly schedules: readonly Schedule[] }
  | { readonly type: 'undetermined'; readonly shards: readonly WantedShard[] };

export class ScheduleCache {
  private readonly code: ErasureCode;
  private encodeSchedules: readonly Schedule[] | null = null;
  /** By coefficient: equal coefficients fold alike. */
  private readonly foldSchedules = new Map<number, readonly Schedule[]>();
  /** In the order of last use, the oldest first. */
  private readonly rebuilds = new Map<string, CachedRebuild>();

  constructor(code: ErasureCode) {
    this.code = code;
  }

  encode(): readonly Schedule[] {
    this.encodeSchedules ??= this.compileEncode();
    return this.encodeSchedules;
  }

  fold(position: number, parityIndex: number): readonly Schedule[] {
    const coefficient = this.code.coefficients[parityIndex]?.[position] ?? 0;
    let schedules = this.foldSchedules.get(coefficient);
    if (schedules === undefined) {
      schedules = this.compileFold(position, parityIndex);
      this.foldSchedules.set(coefficient, schedules);
    }
    return schedules;
  }

  /** @throws ECC_UNDECODABLE when something wanted is not determined. */
  rebuild(pattern: RebuildPattern): readonly Schedule[] {
    const cached = this.lookUp(pattern);
    if (cached.type === 'determined') return cached.schedules;
    const names = cached.shards.map(nameOf).join(', ');
    const parities = pattern.parities.map(({ index }) => index).join(', ') || 'none';
    throw new DcacheError(
      'ECC_UNDECODABLE',
      `${names}: not determined by the shards at hand (parity ${parities}); wait for more shards`,
    );
  }

  isDetermined(pattern: RebuildPattern): boolean {
    return this.lookUp(pattern).type === 'determined';
  }

  private lookUp(pattern: RebuildPattern): CachedRebuild {
    const key = keyOf(pattern);
    const cached = this.rebuilds.get(key) ?? this.compileRebuild(pattern);
    this.rebuilds.delete(key);
    this.rebuilds.set(key, cached);
    const oldest = this.rebuilds.keys().next();
    if (this.rebuilds.size > LIMITS.maxCodecSchedules && oldest.done === false) this.rebuilds.delete(oldest.value);
    return cached;
  }

  private compileRebuild(pattern: RebuildPattern): CachedRebuild {
    const solution = solveRebuild(this.code, pattern);
    if (solution.type === 'undetermined') return solution;
    const schedules = compileSchedules(solution.program, this.code.packetsPerShard, 'assign');
    return { type: 'determined', schedules };
  }

  private compileEncode(): readonly Schedule[] {
    const { matrix, packetsPerShard } = this.code;
    const sums = Array.from({ length: matrix.rows }, (_, row) => matrix.ones(row));
    return compileSchedules({ inputs: matrix.columns, outputs: matrix.rows, sums }, packetsPerShard, 'assign');
  }

  private compileFold(position: number, parityIndex: number): readonly Schedule[] {
    const { matrix, packetsPerShard: w } = this.code;
    const sums = Array.from({ length: w }, (_, bit) =>
      matrix
        .ones(parityIndex * w + bit)
        .filter((packet) => Math.floor(packet / w) === position)
        .map((packet) => packet - position * w),
    );
    return compileSchedules({ inputs: w, outputs: w, sums }, w, 'accumulate');
  }
}

function keyOf({ known, parities, wanted }: RebuildPattern): string {
  const atHand = parities.map(({ index, contributions }) => `${index}=${contributions}`);
  return `${known}|${atHand.join()}|${wanted.map(nameOf).join()}`;
}

function nameOf(shard: WantedShard): string {
  return shard.type === 'data' ? `data ${shard.position}` : `parity ${shard.index}=${shard.contributions}`;
}
