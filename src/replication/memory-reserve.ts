/**
 * How much of a node's memory cap is held back from writes, so that what makes memory free again never lacks any: deletes, moves,
 * releases, and the rebuilding of segments that are read or released (DESIGN.md section 5).
 *
 * Counted in units of the segment that a partition of that size opens next. For each partition that a node holds, as primary or as
 * backup: the segment that cleaning moves to, and the bytes of a release in the log. For each group whose parity it holds: two
 * shards, since a move may open a stripe that nobody else uses. Once for the node: the shards of one rebuild, and the blocks that
 * a fold, or a segment that grows, takes for a moment. And regions of the pool, since small blocks do not always fill them.
 */
import { REGION_BYTES } from '../store/slab-pool.js';
import type { SegmentLayout } from '../store/layout.js';

const UNITS_A_PARTITION = 2.5;
const UNITS_A_PARITY = 2;
const MOMENTARY_UNITS = 2;
const SPARE_REGIONS = 3;
/** A cap below this many times its own reserve leaves next to nothing for values. */
const LEAST_RESERVES = 1.5;
const CAP_STEP_BYTES = 256 * 1024;

/** A node of RS(k, m), with as many groups as there are nodes. */
export interface NodeShape {
  readonly k: number;
  readonly m: number;
  readonly layout: SegmentLayout;
}

/** Partitions that a node holds, in whatever role: k that it leads, and the k of each of the m groups whose parity it holds. */
export function partitionsHeld({ k, m }: Pick<NodeShape, 'k' | 'm'>): number {
  return k * (m + 1);
}

/** Size of the segments that a partition opens when a node is full of k partitions of equal size and m parities of theirs. */
export function unitBytes(capBytes: number, shape: NodeShape): number {
  return shape.layout.sizeAtBytes(capBytes / (shape.k + shape.m));
}

export function reserveBytes(capBytes: number, shape: NodeShape): number {
  const { k, m } = shape;
  const units = partitionsHeld(shape) * UNITS_A_PARTITION + m * UNITS_A_PARITY + (k + m + 1) + MOMENTARY_UNITS;
  return Math.ceil(units * unitBytes(capBytes, shape)) + SPARE_REGIONS * REGION_BYTES;
}

/**
 * The least cap that leaves something for values, and above which every cap does, in steps of 256 KiB. A smaller one may as well where
 * its segments are smaller; but then a larger one would not, and more memory must never be the mistake.
 */
export function leastCapBytes(shape: NodeShape): number {
  // Larger caps have larger units until the largest segment is reached; from there on the reserve stays.
  const settledBytes = partitionsHeld(shape) * shape.layout.largestBytes * 64;
  let least = Math.max(CAP_STEP_BYTES, Math.ceil(settledBytes / CAP_STEP_BYTES) * CAP_STEP_BYTES);
  while (least > CAP_STEP_BYTES && isEnough(least - CAP_STEP_BYTES, shape)) least -= CAP_STEP_BYTES;
  return least;
}

function isEnough(capBytes: number, shape: NodeShape): boolean {
  return capBytes >= LEAST_RESERVES * reserveBytes(capBytes, shape);
}
