/** Segments as they travel to another replica: in snapshots of raft mode and in transfers of ecc mode. */
import { assert } from '../base/assert.js';
import { SPAN_BYTES } from './layout.js';
import type { Segment } from './segment.js';
import type { SegmentFacts, SegmentImage } from './segment-table.js';

/** The segment as it is now. Bits are copied; `bytes`, which are those up to its length, go into the image as they are. */
export function imageOf(segment: Segment, bytes: Uint8Array): SegmentImage {
  assert(bytes.length === segment.length, 'a segment that travels is whole');
  return { ...factsOf(segment), bytes };
}

/** All but the bytes, which need not be here. Bits are copied. */
export function factsOf(segment: Segment): SegmentFacts {
  const { state } = segment;
  assert(state !== 'releasing', 'a segment that travels is in use');
  // As many bits as there are spans, in whole words: how much memory the segment has taken is not part of the state.
  const bitBytes = Math.ceil(segment.length / (SPAN_BYTES * 32)) * 4;
  return {
    number: segment.number,
    serial: segment.serial,
    state,
    liveBytes: segment.liveBytes,
    stripe: segment.stripe,
    checksum: segment.checksum,
    soonestExpiryMs: segment.soonestExpiryMs,
    live: segment.live.slice(0, bitBytes),
    touched: segment.touched.slice(0, bitBytes),
  };
}

/** The same with a copy of the bytes, which are here. */
export function copyOfSegment(segment: Segment): SegmentImage {
  assert(segment.isRaw, 'a segment is copied where its bytes are');
  return imageOf(segment, segment.bytes.slice(0, segment.length));
}
