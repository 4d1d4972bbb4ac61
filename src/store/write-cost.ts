/**
 * What a write may cost in memory, at most, before it is decided: in ecc mode it is let through only when all members have room for
 * it (replication/node-memory.ts). Records, the segments that they make necessary, the index and the log.
 */
import { assertNever } from '../base/assert.js';
import { HEAD_VALUE_BYTES } from './fragments.js';
import type { KeyWrite } from './kv-decisions.js';
import { RECORD_HEAD, RECORD_VALUE, recordBytes } from './record.js';
import { segmentCharge } from './segment.js';
import type { SegmentStore } from './segment-store.js';
import { MIN_FRAGMENT_BYTES, Values } from './values.js';

/** Entry, its objects and header; what is said of superseded records; entries of the index. */
const FIXED_BYTES = 1024;
/** The same for each fragment, new and superseded. */
const FRAGMENT_BYTES = 128;
const MAX_INTEGER_BYTES = 20;

export interface WriteCost {
  /** 0: the write only frees memory. */
  readonly bytes: number;
  /** Whether it makes what is live larger. */
  readonly grows: boolean;
}

const FREE: WriteCost = { bytes: 0, grows: false };

/** Looks the key up, whose segments are at hand. */
export function costOfWrite(store: SegmentStore, request: KeyWrite, nowMs: number): WriteCost {
  switch (request.type) {
    case 'delete':
      return FREE;
    case 'set':
      return cost(store, request.key, nowMs, () => request.value.length);
    case 'increment':
      return cost(store, request.key, nowMs, () => MAX_INTEGER_BYTES);
    case 'append':
      return cost(store, request.key, nowMs, (old) => old + request.value.length);
    case 'expire':
      return costOfExpiry(store, request.key, nowMs);
    default:
      return assertNever(request, 'write');
  }
}

/** A large value is not written again: its head is. */
function costOfExpiry(store: SegmentStore, key: Uint8Array, nowMs: number): WriteCost {
  if (store.lookUp(key, nowMs) !== 'hit') return FREE;
  const { valueBytes } = store.entry;
  const isLarge = valueBytes > store.partition.table.layout.fragmentAboveBytes;
  return { bytes: placed(store, key.length, isLarge ? HEAD_VALUE_BYTES : valueBytes), grows: false };
}

function cost(store: SegmentStore, key: Uint8Array, nowMs: number, newBytes: (oldBytes: number) => number): WriteCost {
  const isThere = store.lookUp(key, nowMs) === 'hit';
  const oldBytes = isThere ? store.entry.valueBytes : 0;
  const valueBytes = newBytes(oldBytes);
  return { bytes: placed(store, key.length, valueBytes), grows: !isThere || valueBytes > oldBytes };
}

/** Bytes in the log, and segments that have to be opened. */
function placed(store: SegmentStore, keyBytes: number, valueBytes: number): number {
  const { table } = store.partition;
  const { largestBytes, fragmentAboveBytes } = table.layout;
  if (valueBytes <= fragmentAboveBytes) {
    const size = recordBytes(RECORD_VALUE, keyBytes, valueBytes, true);
    return FIXED_BYTES + size + opening(store, size);
  }
  const total = Values.largeBytes(keyBytes, valueBytes, largestBytes - keyBytes);
  const head = recordBytes(RECORD_HEAD, keyBytes, HEAD_VALUE_BYTES, true);
  // A fragment that would be shorter than this leaves the end of a segment empty.
  const segments = Math.ceil(total / (largestBytes - Math.max(MIN_FRAGMENT_BYTES, keyBytes)));
  const openings = segments * opening(store, Math.min(total, largestBytes)) + opening(store, head);
  return FIXED_BYTES + total + head + (segments + 1) * FRAGMENT_BYTES + openings;
}

/** What the segment costs that a record of `sizeBytes` makes necessary; 0 if there is room for it. */
function opening(store: SegmentStore, sizeBytes: number): number {
  if (store.placement.roomBytes('write') >= sizeBytes) return 0;
  const { table } = store.partition;
  const number = table.lowestFree(sizeBytes);
  return number === 0 ? 0 : segmentCharge(table.layout.sizeBytes(number));
}
