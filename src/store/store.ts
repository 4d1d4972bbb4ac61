/**
 * The store as the state machine of a node sees it: writes are applied in log order, and two stores that were fed the
 * same writes at the same log times are equal (`stateHash`). Implementations are pure and synchronous.
 *
 * Time is the log's: it moves only by `advanceTime`, and never back (DESIGN.md, "Expiry"). A key whose time to live has
 * run out by the log's time does not exist.
 */
import type { ReadReply, ReadRequest, WriteReply, WriteRequest } from './requests.js';

export interface StoreStats {
  readonly keys: number;
  /** Bytes of keys and values. */
  readonly bytes: number;
}

/** A frozen state. It does not change while it is read, whatever the store goes on to do. */
export interface StoreSnapshot {
  /** Pieces to hand to `StoreRestore.write` in order. Each belongs to the receiver. */
  pieces(): Iterable<Uint8Array>;
}

/** Takes the pieces of a snapshot, cut anywhere. The store changes only in `finish`, all at once. */
export interface StoreRestore {
  /** Throws MalformedBytes. `piece` is copied where it is kept. */
  write(piece: Uint8Array): void;
  /** Throws MalformedBytes when the snapshot is incomplete; the store has not changed then. */
  finish(): void;
}

export interface KvStore {
  /** Largest time of the log so far, ms since 1970. */
  readonly timeMs: number;
  /** Earliest time at which a key that exists now stops existing, Infinity if there is none. */
  readonly nextExpiryMs: number;
  /** Moves the log's time on to `timeMs` (an earlier time has no effect) and removes what has expired by then. */
  advanceTime(timeMs: number): void;
  /** Decides and carries out one write at the log's time. Copies what it keeps. Never throws for what a client sent. */
  apply(write: WriteRequest): WriteReply;
  /** Answers at the log's time; `nowMs` only serves to tell the time left. Buffers in the reply are borrowed until the next call. */
  read(request: ReadRequest, nowMs: number): ReadReply;
  stats(): StoreStats;
  /** Equal on stores that were fed the same writes; a difference is a defect. */
  stateHash(): string;
  snapshot(): StoreSnapshot;
  startRestore(): StoreRestore;
}
