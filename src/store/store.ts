/**
 * The store as the state machine of a node sees it: writes are applied in log order, and two stores that were fed the
 * same writes at the same log times are equal (`stateHash`). Implementations are pure and synchronous.
 *
 * Time is the log's: it moves only by `advanceTime`, and never back (DESIGN.md, "Expiry"). A key whose time to live has
 * run out by the log's time does not exist.
 */
import type { MemoryRules } from './memory-cap.js';
import type { LoggedWrite } from './logged-writes.js';
import type { ReadReply, ReadRequest, WriteReply, WriteRequest } from './requests.js';

/**
 * What memory is held for: values that exist (`live`) and did (`dead`), ends of segments (`unused`), the segments' bits and
 * objects (`table`), the index, blocks that only snapshots hold (`lingering`), room for what comes next (`idle`).
 */
export const STORE_BYTES = ['live', 'dead', 'unused', 'table', 'index', 'lingering', 'idle'] as const;
export type StoreBytes = Readonly<Record<(typeof STORE_BYTES)[number], number>>;

export interface StoreStats {
  readonly keys: number;
  /** Everything that the store holds: the sum of `bytesFor`. */
  readonly bytes: number;
  readonly bytesFor: StoreBytes;
}

/** A frozen state. It does not change while it is read, whatever the store goes on to do. */
export interface StoreSnapshot {
  /** Pieces to hand to `StoreRestore.write` in order. Each belongs to the receiver. */
  pieces(): Iterable<Uint8Array>;
  /** Lets go of the memory that the frozen state holds. Once the pieces are not needed any more, whatever became of them. */
  release(): void;
}

/** Takes the pieces of a snapshot, cut anywhere. The store changes only in `finish`, all at once. */
export interface StoreRestore {
  /** Throws MalformedBytes, or a DcacheError DATA_CORRUPT or WRONG_CLUSTER. `piece` is copied where it is kept. */
  write(piece: Uint8Array): void;
  /** Throws as `write` does when the snapshot is incomplete; the store has not changed then. */
  finish(): void;
}

export interface KvStore {
  /** Largest time of the log so far, ms since 1970. */
  readonly timeMs: number;
  /**
   * When the log's time should move on though nobody writes: no key that exists now stops existing earlier, and nothing waits to
   * be removed. Infinity if never. It may be early, but then moving the time on to it gives a later one, after a bounded
   * number of times.
   */
  readonly upkeepDueMs: number;
  /**
   * Moves the log's time on to `timeMs` (an earlier time counts as the largest so far), which ends keys that have expired by
   * then, and removes them, if they are many by a part a call.
   */
  advanceTime(timeMs: number): void;
  /** In force now: as set last, in the order of the log. */
  readonly memoryRules: MemoryRules;
  /**
   * Changes the memory cap. One below what is held is kept: writes that need more are refused, or values are evicted, step by
   * step, while reads and deletes go on.
   */
  setMemoryRules(rules: MemoryRules): void;
  /** Notes what `takeReadMarks` gave on the leader, so that all nodes find the same values cold. */
  applyReadMarks(marks: readonly number[]): void;
  /** The cluster has got its id. Before the first write; a later call has no effect. */
  onFounded(clusterId: string): void;
  /**
   * Decides and carries out one write at the log's time. Copies what it keeps. Never throws for what a client sent. A piece has no reply
   * unless it is refused, and then the rest of its value is of no use.
   */
  apply(write: WriteRequest): WriteReply;
  apply(write: LoggedWrite): WriteReply | undefined;
  /** The log's term has changed: what is unfinished of large values is dropped. */
  dropUploads(): void;
  /** Answers at the log's time; `nowMs` only serves to tell the time left. Buffers in the reply are the caller's. */
  read(request: ReadRequest, nowMs: number): ReadReply;
  /** Which values have been read here since the last call, as far as that matters for eviction; at most LIMITS.maxReadMarks. */
  takeReadMarks(): readonly number[];
  stats(): StoreStats;
  /** Equal on stores that were fed the same writes; a difference is a defect. */
  stateHash(): string;
  snapshot(): StoreSnapshot;
  startRestore(): StoreRestore;
}
