/**
 * The memory cap: what counts, how much of it live records may fill, and when a segment may be opened. Counted is what
 * follows from the commands carried out (segments with their bits, entries of the index), so that replicas decide alike;
 * memory that a pool keeps idle or a pin keeps alive is reported but decides nothing.
 *
 * A part of the cap is held back: one segment, so that cleaning always has where to move, and a share for dead bytes,
 * without which cleaning would move almost everything to gain almost nothing.
 */
import type { PartitionStore } from './partition-store.js';
import { segmentCharge } from './segment.js';

/** Live records fill at most this share of what segments may take, the two open ones and the one for moves apart. */
const MAX_LIVE_SHARE = 0.9;
/** Held back, in segments: what the index may grow by before the next segment is opened, less than half of one. */
const MOVE_RESERVES = 0.5;
/** And one segment to move to. */
const WRITE_RESERVES = 1.5;
/** At most this many bytes a key at steady load. */
const INDEX_BYTES_PER_ENTRY = 12;
/** A small index is rounded up to pages, and grows ahead of need. */
const INDEX_SLACK_BYTES = 64 * 1024;
const INDEX_FIXED_BYTES = 4096;

export const POLICIES = ['noeviction', 'lru', 'ttl'] as const;
export type EvictionPolicy = (typeof POLICIES)[number];

export function isEvictionPolicy(text: string): text is EvictionPolicy {
  return (POLICIES as readonly string[]).includes(text);
}

/** How much memory a store may take, and what gives way. */
export interface MemoryRules {
  /** Everything counted; Infinity: no cap. */
  readonly maxBytes: number;
  readonly policy: EvictionPolicy;
}

export const NO_CAP: MemoryRules = { maxBytes: Infinity, policy: 'noeviction' };

export function sameRules(a: MemoryRules, b: MemoryRules): boolean {
  return a.maxBytes === b.maxBytes && a.policy === b.policy;
}

/**
 * ecc mode: memory is the node's, for all stores on it, and writes are let through before they begin (replication/node-memory.ts);
 * so a store only has to ask what cleaning may do.
 */
export interface SharedMemory {
  /** Whether so little is left somewhere that cleaning should run ahead of need. */
  readonly isTight: boolean;
  /** Whether cleaning may go on now; if not, what it has set off has to be over first. */
  readonly mayClean: boolean;
  /** Whether a segment of `sizeBytes` may be opened to move records to. */
  mayOpenForMoves(sizeBytes: number): boolean;
  /** Whether memory comes free at this node when sealed segment `number` is released. */
  frees(number: number): boolean;
  /** Whether a segment sealed under `number` shares a parity shard of this node that is there already. */
  isShared(number: number): boolean;
}

export class MemoryCap {
  policy: EvictionPolicy = 'noeviction';
  private readonly store: PartitionStore;
  private limit = Infinity;
  /**
   * While a lowered cap is above us: the least that has been held since. A cap below what is held is reached step by
   * step with the writes that follow, not in one long pause. 0 once the cap holds.
   */
  private descent = 0;
  private shared: SharedMemory | undefined;

  constructor(store: PartitionStore) {
    this.store = store;
  }

  /** The cap in bytes, Infinity if there is none. */
  get maxBytes(): number {
    return this.limit;
  }

  /** Where the cap stands on its way down; part of the replicated state. */
  get descentBytes(): number {
    return this.descent;
  }

  get isLimited(): boolean {
    return this.limit !== Infinity;
  }

  /** Bytes counted now. */
  get chargedBytes(): number {
    return this.store.table.chargedBytes + indexCharge(this.store.index.size);
  }

  /** Bytes that live records may fill. Writes beyond it evict or are refused. */
  get liveLimitBytes(): number {
    const budget = this.segmentBudget(this.limit);
    return Math.max(0, Math.floor((budget - 3 * this.moveReserve(budget)) * MAX_LIVE_SHARE));
  }

  /** Leaves it to `shared` how much there is, from now on. */
  share(shared: SharedMemory): void {
    this.shared = shared;
  }

  /** Whether cleaning may go on now. */
  get mayClean(): boolean {
    return this.shared?.mayClean !== false;
  }

  /** Whether memory comes free at this node when sealed segment `number` is released. */
  frees(number: number): boolean {
    return this.shared?.frees(number) !== false;
  }

  /** Whether a segment sealed under `number` shares a parity shard of this node that is there already. */
  isShared(number: number): boolean {
    return this.shared?.isShared(number) === true;
  }

  setMaxBytes(maxBytes: number): void {
    this.limit = maxBytes;
    this.descent = this.chargedBytes > maxBytes ? this.chargedBytes : 0;
  }

  restore(maxBytes: number, policy: EvictionPolicy, descentBytes: number): void {
    this.limit = maxBytes;
    this.policy = policy;
    this.descent = descentBytes;
  }

  /** Takes note of memory that came back while the cap is above us. */
  settle(): void {
    if (this.descent === 0) return;
    const charged = this.chargedBytes;
    if (charged <= this.limit) this.descent = 0;
    else if (charged < this.descent) this.descent = charged;
  }

  /** Whether a segment of `sizeBytes` may be opened. Moves may take what is held back for them, writes may not. */
  mayOpen(sizeBytes: number, forMoves: boolean): boolean {
    if (!this.isLimited) return !forMoves || this.shared?.mayOpenForMoves(sizeBytes) !== false;
    let budget = this.segmentBudget(this.limit);
    const reserve = this.moveReserve(budget);
    if (this.descent > 0) budget = Math.max(budget, this.segmentBudget(this.descent) + WRITE_RESERVES * reserve);
    return (
      this.store.table.chargedBytes + segmentCharge(sizeBytes) <=
      budget - (forMoves ? MOVE_RESERVES : WRITE_RESERVES) * reserve
    );
  }

  /** Whether so little is left that cleaning should run ahead of need. */
  get isTight(): boolean {
    if (!this.isLimited) return this.shared?.isTight === true;
    const budget = this.segmentBudget(this.limit);
    return this.store.table.chargedBytes + 2 * this.moveReserve(budget) > budget;
  }

  private segmentBudget(limit: number): number {
    return Math.max(0, limit - indexCharge(this.store.index.size));
  }

  /** The segment that is kept for moves. */
  private moveReserve(budget: number): number {
    if (budget === Infinity) return 0;
    return segmentCharge(this.store.table.layout.sizeAtBytes(budget));
  }
}

function indexCharge(entries: number): number {
  const bytes = entries * INDEX_BYTES_PER_ENTRY;
  return INDEX_FIXED_BYTES + bytes + Math.min(bytes, INDEX_SLACK_BYTES);
}
