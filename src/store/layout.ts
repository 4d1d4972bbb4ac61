/**
 * Where records may lie: segment numbers, their sizes, and locations as one 32-bit integer.
 *
 * A location is `segment << 16 | offset / 4`, a signed 32-bit integer that is never 0 (segment numbers begin at 1). Small
 * integers keep the index at 8 bytes a slot and never become heap numbers. The reach of one store follows from it:
 * 65,535 segments of at most 256 KiB, 16 GiB.
 *
 * The size of a segment is a fixed function of its number, and the lowest free number is taken first, so a store that
 * holds little holds small segments (DESIGN.md section 5).
 */
import { assert } from '../base/assert.js';

/** Records start at multiples of this. */
export const UNIT_BYTES = 4;
/** No record takes less, so a span of this many bytes holds the start of at most one: live bits are kept a span. */
export const SPAN_BYTES = 16;
/** Smallest piece of memory that a segment takes. */
export const PAGE_BYTES = 4096;
export const MAX_SEGMENTS = 0xffff;
const MAX_SEGMENT_BYTES = UNIT_BYTES << 16;

/** Names a record's place. Opaque outside the store; never 0. */
export type Location = number;

export function locationAt(segment: number, offsetBytes: number): Location {
  return (segment << 16) | (offsetBytes >>> 2);
}

export function segmentOf(location: Location): number {
  return location >>> 16;
}

export function offsetOf(location: Location): number {
  return (location & 0xffff) << 2;
}

/** `count` segments of `bytes` each; the last step has no end. */
interface SizeStep {
  readonly count: number;
  readonly bytes: number;
}

/** Sizes of the segments of one store, equal on every node that holds a copy of it. */
export class SegmentLayout {
  /** Size of the largest segment. */
  readonly largestBytes: number;
  /** A value above this is written as fragments, which fill segments to the end where a large record leaves a gap. */
  readonly fragmentAboveBytes: number;
  private readonly firstNumbers: readonly number[];
  private readonly sizes: readonly number[];

  /** @param steps sizes are powers of two from 4 KiB to 256 KiB and ascend; every step but the last has a count. */
  constructor(steps: readonly SizeStep[]) {
    let number = 1;
    const firstNumbers: number[] = [];
    for (const step of steps) {
      assert((step.bytes & (step.bytes - 1)) === 0, 'a segment size is a power of two');
      assert(step.bytes >= PAGE_BYTES && step.bytes <= MAX_SEGMENT_BYTES, 'a segment size is in 4 KiB..256 KiB');
      firstNumbers.push(number);
      number += step.count;
    }
    this.firstNumbers = firstNumbers;
    this.sizes = steps.map((step) => step.bytes);
    this.largestBytes = this.sizes.at(-1) ?? PAGE_BYTES;
    assert(Math.max(...this.sizes) === this.largestBytes, 'segment sizes ascend');
    this.fragmentAboveBytes = this.largestBytes / 16;
  }

  /** Size of segment `number`, 1..MAX_SEGMENTS. */
  sizeBytes(number: number): number {
    let step = this.sizes.length - 1;
    while (step > 0 && number < (this.firstNumbers[step] ?? 0)) step--;
    return this.sizes[step] ?? this.largestBytes;
  }

  /** Lowest segment number whose size is at least `bytes`, which is at most `largestBytes`. */
  firstOfSize(bytes: number): number {
    assert(bytes <= this.largestBytes, 'a record fits the largest segment');
    const step = this.sizes.findIndex((size) => size >= bytes);
    return this.firstNumbers[step] ?? 1;
  }

  /** Size of the segment that a store opens next when it already holds `heldBytes` in segments. */
  sizeAtBytes(heldBytes: number): number {
    let covered = 0;
    for (let step = 0; step < this.sizes.length - 1; step++) {
      const size = this.sizes[step] ?? this.largestBytes;
      covered += size * ((this.firstNumbers[step + 1] ?? 0) - (this.firstNumbers[step] ?? 0));
      if (heldBytes < covered) return size;
    }
    return this.largestBytes;
  }
}

/** DESIGN.md section 5: 16 of 4 KiB, 16 of 16 KiB, 32 of 64 KiB, then 256 KiB. */
export const STANDARD_LAYOUT = new SegmentLayout([
  { count: 16, bytes: 4 * 1024 },
  { count: 16, bytes: 16 * 1024 },
  { count: 32, bytes: 64 * 1024 },
  { count: MAX_SEGMENTS, bytes: MAX_SEGMENT_BYTES },
]);
