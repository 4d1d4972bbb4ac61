/**
 * Sees to it that a value may be added and that its records can be placed: what is over is dropped, segments are cleaned,
 * values are evicted as far as the policy allows, and otherwise the write is refused before anything has changed.
 */
import { DcacheError } from '../base/errors.js';
import type { Cleaner } from './cleaner.js';
import type { Evictor } from './evictor.js';
import type { Expirer } from './expirer.js';
import { MAX_SEGMENTS } from './layout.js';
import type { MemoryCap } from './memory-cap.js';
import type { PartitionStore } from './partition-store.js';
import type { Placement } from './placement.js';
import { RecordRefs } from './record-refs.js';
import type { Values } from './values.js';

/** A value that does not fit gives expired ones this much reading to make room. */
const EXPIRY_FOR_ROOM_BYTES = 64 * 1024;
/** One write ends values of at least this many bytes before it is let through under a cap that was lowered. */
const MIN_DESCENT_BYTES = 64 * 1024;
/** Segments that one write cleans, at most, before it evicts or is refused. */
const MAX_CLEANINGS = 32;

/** The parts of a store that making room takes. */
export interface RoomParts {
  readonly partition: PartitionStore;
  readonly cap: MemoryCap;
  readonly placement: Placement;
  readonly cleaner: Cleaner;
  readonly values: Values;
  readonly expirer: Expirer;
  readonly evictor: Evictor;
}

export class Room {
  private readonly parts: RoomParts;
  private readonly refs = new RecordRefs();

  constructor(parts: RoomParts) {
    this.parts = parts;
  }

  /** Sees to it that a value of `totalBytes` for `key` may be added to what is live. */
  admit(totalBytes: number, tag: number, key: Uint8Array, nowMs: number): void {
    const { partition, cap, values } = this.parts;
    if (!cap.isLimited) return;
    const limit = cap.liveLimitBytes;
    if (partition.table.liveBytes + totalBytes <= limit) return;
    this.parts.expirer.step(nowMs, EXPIRY_FOR_ROOM_BYTES);
    const old = partition.find(tag, key, 0, key.length);
    const oldExpires = partition.found.expiresAtMs > 0;
    this.refs.clear();
    if (old !== 0) values.collect(tag, old, partition.found, this.refs);
    const oldBytes = this.refs.totalBytes();
    const growth = totalBytes - oldBytes;
    if (growth <= 0 || partition.table.liveBytes + growth <= limit) return;
    const { policy } = cap;
    if (policy === 'noeviction') throw this.fullError(totalBytes);
    const stays = policy === 'lru' ? 0 : partition.table.liveBytes - values.expiringBytes - (oldExpires ? 0 : oldBytes);
    if (stays + totalBytes > limit) throw this.fullError(totalBytes);
    this.evictTo(limit - growth, Math.max(MIN_DESCENT_BYTES, 2 * totalBytes));
  }

  /** Ends values until at most `limit` bytes are live, `budgetBytes` are spent or nothing is left to end. */
  evictTo(limit: number, budgetBytes: number): void {
    let freed = 0;
    while (this.parts.partition.table.liveBytes > limit && freed < budgetBytes) {
      const bytes = this.evict();
      if (bytes === 0) return;
      freed += bytes;
    }
  }

  /**
   * Ends values of about `budgetBytes`, as far as the policy allows; returns the bytes that are dead now.
   * @param isLastResort no other partition of this node has anything to end.
   */
  evictBytes(budgetBytes: number, isLastResort: boolean): number {
    let freed = 0;
    while (freed < budgetBytes) {
      const bytes = this.evict(isLastResort);
      if (bytes === 0) break;
      freed += bytes;
    }
    return freed;
  }

  private evict(isLastResort = false): number {
    switch (this.parts.cap.policy) {
      case 'noeviction':
        return 0;
      case 'lru':
        return this.parts.evictor.evictColdest(isLastResort);
      case 'ttl':
        return this.parts.evictor.evictSoonest(isLastResort);
    }
  }

  /** Sees to it that a record of `sizeBytes` can be placed. */
  makeSpace(sizeBytes: number): void {
    let cleanings = 0;
    let freed = 0;
    while (!this.parts.placement.canPlace('write', sizeBytes)) {
      if (cleanings++ < MAX_CLEANINGS && this.parts.cleaner.cleanOne()) continue;
      const bytes = this.evict();
      if (bytes === 0) throw this.fullError(sizeBytes);
      freed += bytes;
      if (freed >= sizeBytes) cleanings = freed = 0;
    }
  }

  private fullError(neededBytes: number): DcacheError {
    const { cap } = this.parts;
    if (!cap.isLimited) return new DcacheError('STORE_FULL', `all ${MAX_SEGMENTS} segments of the store are in use`);
    return new DcacheError(
      'STORE_FULL',
      `the store has no room for ${neededBytes} bytes more under its cap of ${cap.maxBytes} bytes ` +
        `(policy ${cap.policy}): raise --max-memory, choose an eviction policy or delete keys`,
    );
  }
}
