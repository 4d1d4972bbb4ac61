/**
 * What an entry of a partition's log may cost a member in memory, at most, from when it is taken in on: a function of its bytes,
 * so that a primary and the members that have promised it memory count alike (memory-grant.ts).
 *
 * An opened segment costs its full size at once, though it grows in steps; whatever becomes of it then is paid for: as it is
 * sealed, a parity shard takes the place of its raw bytes.
 */
import { type SegmentLayout } from '../store/layout.js';
import { segmentCharge } from '../store/segment.js';
import { visitEntry } from './entry-codec.js';

/** The objects of an entry in a log. */
export const LOG_ENTRY_BYTES = 256;
/** An entry of the index, with the pages that it may make necessary. */
export const INDEX_ENTRY_BYTES = 24;

/** @throws MalformedBytes */
export function costOfEntry(bytes: Uint8Array, layout: SegmentLayout): number {
  let cost = bytes.length + LOG_ENTRY_BYTES;
  visitEntry(bytes, {
    open: (segment) => (cost += segmentCharge(layout.sizeBytes(segment))),
    put: () => (cost += INDEX_ENTRY_BYTES),
  });
  return cost;
}
