/**
 * What the data side of a node holds, and what it may still take, under `--max-memory` (DESIGN.md section 5). One for all groups.
 *
 * Held is everything that was allocated: slabs of the pool (raw segments, parity shards, tails), indexes, tables, logs, and the
 * buffers that transfers and rebuilds register. Two further sums are promised and kept free: what open segments may grow to, and
 * what this node has granted to primaries elsewhere, who may send entries of that cost without asking (memory-grant.ts).
 *
 * Invariant: held <= cap. Writes are admitted only while
 *   held + growth of open segments + grants + reserve <= cap,
 * so that what they set off always fits; the reserve is for what frees memory (memory-reserve.ts), and is never granted.
 * Idle regions of the pool count as held; they are given back before anything else would pass the cap.
 */
import { LIMITS } from '../base/limits.js';
import type { SlabPool } from '../store/slab-pool.js';
import { type MemoryRules } from '../store/memory-cap.js';
import { segmentCharge } from '../store/segment.js';
import { type NodeShape, partitionsHeld, reserveBytes, unitBytes } from './memory-reserve.js';

/** A part of the data side that holds memory beside the pool, and has made promises. */
export interface MemoryUser {
  /** Held now, beside blocks of the pool. */
  readonly heldBytes: number;
  /** What it may come to hold by promises made. */
  readonly promisedBytes: number;
}

/**
 * How a node stands: `none`: values may grow. `relieving`: not, but memory is coming back. `full`: not, and by itself none will.
 */
export const PRESSURES = ['none', 'relieving', 'full'] as const;
export type Pressure = (typeof PRESSURES)[number];

/** Of what lies above the reserve, writes that make the data larger leave this part free: without dead bytes cleaning costs too much. */
const SLACK_SHARE = 0.1;
/** A primary is granted about this part of the cap at a time, shared by all partitions. */
const GRANT_SHARE = 1 / 32;
const MAX_GRANT_BYTES = 4 * 1024 * 1024;
/** Log kept for one learner is at most this part of the cap. */
const LEARNER_LOG_SHARE = 1 / 16;
const ENTRY_ROOM_BYTES = 64 * 1024;

export class NodeMemory {
  readonly pool: SlabPool;
  readonly rules: MemoryRules;
  /** Never granted, never used by writes. 0 without a cap. */
  readonly reserveBytes: number;
  /** Size of the segments that partitions use under this cap. */
  readonly unitBytes: number;
  private readonly shape: NodeShape;
  private users: readonly MemoryUser[] = [];
  private buffers = 0;
  /** Room that somebody asked for and could not be granted; relief goes on until there is as much. */
  private wanted = 0;
  private canGain = true;

  constructor(pool: SlabPool, rules: MemoryRules, shape: NodeShape) {
    this.pool = pool;
    this.rules = rules;
    this.shape = shape;
    this.reserveBytes = this.isLimited ? reserveBytes(rules.maxBytes, shape) : 0;
    this.unitBytes = unitBytes(rules.maxBytes, shape);
  }

  get isLimited(): boolean {
    return this.rules.maxBytes !== Infinity;
  }

  join(user: MemoryUser): void {
    this.users = [...this.users, user];
  }

  /** It holds nothing any more, and never will. */
  leave(user: MemoryUser): void {
    this.users = this.users.filter((other) => other !== user);
  }

  /** A buffer of a transfer or rebuild comes (positive) or goes (negative). */
  addBuffer(bytes: number): void {
    this.buffers += bytes;
  }

  get bufferBytes(): number {
    return this.buffers;
  }

  /** Everything held. At most the cap: idle regions are given up first. */
  get heldBytes(): number {
    const besideBytes = this.besideBytes;
    if (this.isLimited) this.pool.dropIdle(this.rules.maxBytes - besideBytes);
    return this.pool.slabBytes + besideBytes;
  }

  /** What writes may still take, over all partitions; 0 when there is less than nothing. Infinity without a cap. */
  get freeBytes(): number {
    return Math.max(0, this.spareBytes);
  }

  /** Bytes above which values may grow. */
  get slackBytes(): number {
    if (!this.isLimited) return 0;
    const share = (this.rules.maxBytes - this.reserveBytes) * SLACK_SHARE;
    // One partition may be larger than the others, and need a larger segment to move to.
    return Math.floor(Math.max(share, segmentCharge(this.shape.layout.largestBytes) + ENTRY_ROOM_BYTES));
  }

  /** Log that a primary keeps for a learner that lags. */
  get learnerLogBytes(): number {
    return Math.min(LIMITS.maxLearnerLogBytes, this.rules.maxBytes * LEARNER_LOG_SHARE);
  }

  /** The most that a single write may ever cost. */
  get largestWriteBytes(): number {
    return this.rules.maxBytes - this.reserveBytes - this.slackBytes;
  }

  get pressure(): Pressure {
    if (this.isLimited === false || !this.isShort) return 'none';
    return this.canGain ? 'relieving' : 'full';
  }

  /** Whether memory has to be made free. */
  get isShort(): boolean {
    return this.isLimited && this.spareBytes < Math.max(this.slackBytes, this.wanted);
  }

  /** Room for `bytes` was asked for and is not there. */
  want(bytes: number): void {
    this.wanted = Math.max(this.wanted, Math.min(bytes, this.largestWriteBytes));
  }

  /** Whether there is enough when `comingBytes` have come free. */
  isEnough(comingBytes: number): boolean {
    return this.spareBytes + comingBytes >= Math.max(this.slackBytes, this.wanted);
  }

  /** Nothing has to be made free. */
  onEase(): void {
    this.canGain = true;
    this.wanted = 0;
  }

  /** Relief has been at work: whether it found anything to do. */
  onRelief(hasGained: boolean): void {
    this.canGain = hasGained;
    if (!hasGained) this.wanted = 0;
  }

  /** Raw bytes that are a cache: whether so many fit, and nobody would have to make room for values because of them. */
  hasRoomToSpare(bytes: number): boolean {
    return this.spareBytes - bytes >= this.slackBytes;
  }

  /** A segment of a transfer, or the buffers of a rebuild: whether so many bytes fit beside all promises. */
  hasRoom(bytes: number): boolean {
    return this.spareBytes >= bytes;
  }

  /**
   * How much one more promise to a partition may be, on top of what is promised to all; its user then says so in `promisedBytes`.
   * @param askedBytes what its primary needs at once, if that is more than the usual.
   */
  grantableBytes(askedBytes: number, promisedToIt: number): number {
    if (!this.isLimited) return Number.MAX_SAFE_INTEGER;
    const usual = Math.min(
      MAX_GRANT_BYTES,
      Math.max(
        1.25 * this.unitBytes + ENTRY_ROOM_BYTES,
        (this.rules.maxBytes * GRANT_SHARE) / partitionsHeld(this.shape),
      ),
    );
    if (askedBytes > this.freeBytes + promisedToIt) this.want(askedBytes);
    const target = Math.max(usual, askedBytes);
    return Math.floor(Math.min(target, promisedToIt + this.freeBytes));
  }

  private get besideBytes(): number {
    let bytes = this.buffers;
    for (const user of this.users) bytes += user.heldBytes;
    return bytes;
  }

  private get spareBytes(): number {
    if (!this.isLimited) return Infinity;
    let bytes = this.rules.maxBytes - this.reserveBytes - this.pool.regionBytes - this.buffers;
    for (const user of this.users) bytes -= user.heldBytes + user.promisedBytes;
    return bytes;
  }
}
