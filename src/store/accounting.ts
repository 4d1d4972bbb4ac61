/**
 * Where the memory of a store is, in bytes. Typed arrays are counted exactly, by what was allocated; the objects around them
 * (one a segment, one a bucket of the index) by constants.
 */
import { SEGMENT_OBJECT_BYTES } from './segment.js';
import type { SegmentStore } from './segment-store.js';

export interface StoreAccount {
  /** Keys that have a value, those included whose time is over but that are not removed yet. */
  readonly keys: number;
  /** Entries of the index: keys, and fragments of large values. */
  readonly entries: number;
  /** Records that the index names, headers and padding included. */
  readonly liveBytes: number;
  /** Of these, fragments of values whose head is not written yet. */
  readonly headlessBytes: number;
  /** Records that ended and whose segment is not cleaned yet. */
  readonly deadBytes: number;
  /** Memory of segments behind their last record. */
  readonly unusedBytes: number;
  /** Bits and objects of the segments. */
  readonly tableBytes: number;
  readonly indexBytes: number;
  /** Blocks of segments that are gone, held by readers' pins. */
  readonly lingeringBytes: number;
  /** Memory of the pool that no segment has. Never touched, or kept for the next segment. */
  readonly idleBytes: number;
  /** The sum of all: live + dead + unused + table + index + lingering + idle. */
  readonly totalBytes: number;
  /** What the memory cap compares with `maxBytes`. */
  readonly chargedBytes: number;
}

/** Adds up one store. Of a pool that stores share, `lingeringBytes` and `idleBytes` are the whole pool's. */
export function accountOf(store: SegmentStore): StoreAccount {
  const partition = store.partition;
  let memoryBytes = 0;
  let lengths = 0;
  let tableBytes = 0;
  for (const segment of partition.table.all()) {
    memoryBytes += segment.heldBytes;
    // A segment whose raw bytes were dropped has a length but no memory.
    lengths += Math.min(segment.length, segment.heldBytes);
    tableBytes += segment.bitBytes + SEGMENT_OBJECT_BYTES;
  }
  const { pool } = store;
  const liveBytes = partition.table.liveBytes;
  const indexBytes = partition.index.heldBytes;
  const lingeringBytes = pool.lingeringBytes;
  const idleBytes = pool.slabBytes - pool.blockBytes;
  return {
    keys: store.values.keyCount,
    entries: partition.index.size,
    liveBytes,
    headlessBytes: partition.headless.bytes,
    deadBytes: lengths - liveBytes,
    unusedBytes: memoryBytes - lengths,
    tableBytes,
    indexBytes,
    lingeringBytes,
    idleBytes,
    totalBytes: memoryBytes + tableBytes + indexBytes + lingeringBytes + idleBytes,
    chargedBytes: store.cap.chargedBytes,
  };
}
