/**
 * Sealed segments that a data holder has raw from before it left its group, or from an attempt to learn that has broken. Their memory
 * stays the pool's, where it is counted, and is held by pins. Owned by GroupRoles.
 *
 * Bytes that have lain here are read against their checksum before they are used. Serial and length, which come with the other
 * facts, have to agree as well: a number that was used again would have to get the same checksum by accident, in the same place
 * of the order of openings.
 */
import { hashBytes } from '../store/byte-hash.js';
import type { PartitionStore } from '../store/partition-store.js';
import type { KeptSegments } from './kept-segments.js';
import type { SegmentListing, TransferFacts } from './messages.js';

interface Candidate {
  readonly serial: number;
  readonly checksum: number;
  /** Up to the segment's length. */
  readonly bytes: Uint8Array;
  readonly heldBytes: number;
  readonly unpin: () => void;
}

export class SegmentCandidates implements KeptSegments {
  readonly form = 'raw';
  private readonly candidates = new Map<number, Candidate>();
  /** Turned out wrong when they were used. */
  private readonly refused = new Set<number>();
  private bytesTotal = 0;

  /** Memory that is held for them. */
  get heldBytes(): number {
    return this.bytesTotal;
  }

  /** Keeps what is sealed and raw in a store that is about to be given up. */
  keep(store: PartitionStore): void {
    for (const segment of store.table.all()) {
      const { number, state, isRaw, serial, checksum, length, heldBytes } = segment;
      if (state === 'open' || !isRaw || length === 0 || this.refused.has(number)) continue;
      this.drop(number);
      const bytes = segment.bytes.subarray(0, length);
      this.candidates.set(number, { serial, checksum, bytes, heldBytes, unpin: segment.pin() });
      this.bytesTotal += heldBytes;
    }
  }

  onList(listed: readonly SegmentListing[], decide: (numbers: readonly number[]) => void): void {
    const checksums = new Map(listed.map(({ number, checksum }) => [number, checksum]));
    for (const [number, { checksum }] of [...this.candidates]) {
      if (checksums.get(number) !== checksum) this.drop(number);
    }
    decide([...this.candidates.keys()].sort((a, b) => a - b));
  }

  giveUp(): void {
    for (const number of [...this.candidates.keys()]) this.drop(number);
  }

  /** As `giveUp`, and what turned out wrong is forgotten: what comes is of another lossGeneration. */
  clear(): void {
    this.giveUp();
    this.refused.clear();
  }

  restore(store: PartitionStore, { facts, length }: TransferFacts): boolean {
    const { number, serial, checksum } = facts;
    const candidate = this.candidates.get(number);
    if (candidate === undefined) return false;
    const { bytes } = candidate;
    const isSame = candidate.serial === serial && candidate.checksum === checksum && bytes.length === length;
    const isRight =
      isSame && hashBytes(bytes, length, 0) === checksum && store.restoreSegment({ ...facts, bytes }, true);
    if (!isRight) this.refused.add(number);
    this.drop(number);
    return isRight;
  }

  private drop(number: number): void {
    const candidate = this.candidates.get(number);
    if (candidate === undefined) return;
    this.candidates.delete(number);
    this.bytesTotal -= candidate.heldBytes;
    candidate.unpin();
  }
}
