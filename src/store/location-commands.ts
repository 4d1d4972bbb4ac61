/**
 * What changes a store, with every location decided. Two things speak this language: the planner, which decides, and
 * PartitionStore, which carries out. In raft mode they are wired together; in ecc mode the primary's log stands
 * between them, and every member carries out the same commands.
 */
import type { Location } from './layout.js';
import type { RecordRefs } from './record-refs.js';
import type { Head } from './segment.js';

export type RemoveReason = 'delete' | 'expire' | 'evict';

export interface LocationCommands {
  /** Segment `segment`, which is free, becomes open and empty, for the records of `head`. */
  open(segment: number, head: Head): void;
  /**
   * The record whose bytes are at `to` in an open segment becomes visible under `tag`, and `supersedes` (borrowed) end.
   * The head of a large value makes the fragments of its version visible.
   */
  put(to: Location, tag: number, supersedes: RecordRefs): void;
  /** The record at `from` has been copied to `to`, byte for byte, and is found there from now on (I1). */
  move(to: Location, from: Location, tag: number, sizeBytes: number): void;
  /** These records (borrowed) end. */
  remove(records: RecordRefs, reason: RemoveReason): void;
  /** An open segment takes no more records. In raft mode `stripe` is NO_STRIPE. */
  seal(segment: number, stripe: number): void;
  /** A sealed segment without live records is given up; its number is free. */
  release(segment: number): void;
  /** ecc mode: a sealed segment whose bytes nobody has any more is given up; `records` (borrowed, sizes unknown) are all that it held. */
  lose(segment: number, records: RecordRefs): void;
}
