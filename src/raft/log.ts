/**
 * The Raft log as the protocol sees it: the stored part and the unstable part as one (Raft paper, 5.3).
 *
 * applied <= applying <= committed <= lastIndex(). What is committed never changes; nothing at or below `committed` is
 * ever truncated.
 */
import { assert } from '../base/assert.js';
import { limitEntries, totalEntryBytes } from './entry-size.js';
import type { Entry, LogGap, RaftStorage, Snapshot } from './types.js';
import { Unstable } from './unstable.js';

export interface EntryId {
  readonly term: number;
  readonly index: number;
}

export class RaftLog {
  private readonly storage: RaftStorage;
  readonly unstable: Unstable;
  /** Largest index known to be on the disks of a quorum. */
  committed: number;
  /** Largest index handed out to be applied. */
  applying: number;
  /** Largest index known to be applied. */
  applied: number;
  private readonly maxApplyingBytes: number;
  /** Bytes handed out and not yet reported as applied. */
  private applyingBytes = 0;
  /** No more is handed out until some of it has been applied. */
  private applyingPaused = false;

  constructor(storage: RaftStorage, maxApplyingBytes: number) {
    this.storage = storage;
    this.maxApplyingBytes = maxApplyingBytes;
    this.unstable = new Unstable(storage.lastIndex() + 1);
    this.committed = storage.firstIndex() - 1;
    this.applying = this.committed;
    this.applied = this.committed;
  }

  firstIndex(): number {
    return this.unstable.firstIndex() ?? this.storage.firstIndex();
  }

  lastIndex(): number {
    return this.unstable.lastIndex() ?? this.storage.lastIndex();
  }

  lastEntryId(): EntryId {
    const index = this.lastIndex();
    const term = this.term(index);
    assert(typeof term === 'number', 'the term of the last entry is known');
    return { term, index };
  }

  /** Known for firstIndex()-1 .. lastIndex(). */
  term(index: number): number | LogGap {
    const unstable = this.unstable.term(index);
    if (unstable !== undefined) return unstable;
    if (index + 1 < this.firstIndex()) return 'compacted';
    if (index > this.lastIndex()) return 'unavailable';
    return this.storage.term(index);
  }

  matches(id: EntryId): boolean {
    return this.term(id.index) === id.term;
  }

  /** Whether a log that ends with `candidate` is at least as up to date as this one (Raft paper, 5.4.1). */
  isUpToDate(candidate: EntryId): boolean {
    const last = this.lastEntryId();
    return candidate.term > last.term || (candidate.term === last.term && candidate.index >= last.index);
  }

  /** Entries from `low` on within `maxBytes`, at least one if there is any. */
  entriesFrom(low: number, maxBytes: number): readonly Entry[] | LogGap {
    return low > this.lastIndex() ? [] : this.slice(low, this.lastIndex() + 1, maxBytes);
  }

  private slice(low: number, high: number, maxBytes: number): readonly Entry[] | LogGap {
    assert(low <= high && high <= this.lastIndex() + 1, 'the log is read within its bounds');
    if (low < this.firstIndex()) return 'compacted';
    const offset = this.unstable.offset;
    if (low >= offset) return limitEntries(this.unstable.slice(low, high), maxBytes);
    const cut = Math.min(high, offset);
    const stored = this.storage.entries(low, cut, maxBytes);
    if (stored === 'compacted') return stored;
    assert(stored !== 'unavailable', 'the store has what it said it had');
    if (high <= offset || stored.length < cut - low) return stored;
    const left = maxBytes - totalEntryBytes(stored);
    const rest = limitEntries(this.unstable.slice(offset, high), left);
    // limitEntries always gives one entry; there is one already.
    return totalEntryBytes(rest) > left ? stored : [...stored, ...rest];
  }

  /** The first of `entries`, contiguous, that this log does not have: new, or in conflict with what is here. */
  firstDifference(entries: readonly Entry[]): Entry | undefined {
    return entries.find((entry) => !this.matches(entry));
  }

  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    assert(first.index > this.committed, 'committed entries are never replaced');
    this.unstable.truncateAndAppend(entries);
  }

  /**
   * The largest index up to `index` at which this log may match another one that has `term` at `index`: the last one
   * here whose term is not above it. Both sides of a rejected append use it to skip a whole term at a time.
   */
  findConflictByTerm(index: number, term: number): EntryId {
    for (let guess = index; guess > 0; guess--) {
      const ours = this.term(guess);
      if (typeof ours !== 'number') return { index: guess, term: 0 };
      if (ours <= term) return { index: guess, term: ours };
    }
    return { index: 0, term: 0 };
  }

  /** Never goes back. */
  commitTo(index: number): void {
    if (index <= this.committed) return;
    assert(index <= this.lastIndex(), 'only entries of the log are committed');
    this.committed = index;
  }

  private maxAppliable(allowUnstable: boolean): number {
    return allowUnstable ? this.committed : Math.min(this.committed, this.unstable.offset - 1);
  }

  hasNextCommitted(allowUnstable: boolean): boolean {
    // A snapshot goes first, on its own.
    if (this.applyingPaused || this.unstable.snapshot) return false;
    return this.applying < this.maxAppliable(allowUnstable);
  }

  /** Committed entries to apply next. `allowUnstable`: also such as are not durable here yet. */
  nextCommitted(allowUnstable: boolean): readonly Entry[] {
    if (!this.hasNextCommitted(allowUnstable)) return [];
    const budget = this.maxApplyingBytes - this.applyingBytes;
    const entries = this.slice(this.applying + 1, this.maxAppliable(allowUnstable) + 1, budget);
    assert(typeof entries !== 'string', 'committed entries are kept until they are applied');
    return entries;
  }

  /** `entries`, as nextCommitted gave them, have been handed out. */
  acceptApplying(entries: readonly Entry[], allowUnstable: boolean): void {
    const last = entries.at(-1);
    if (!last) return;
    assert(last.index <= this.committed, 'only committed entries are applied');
    this.applying = last.index;
    this.applyingBytes += totalEntryBytes(entries);
    this.applyingPaused = this.applyingBytes >= this.maxApplyingBytes || last.index < this.maxAppliable(allowUnstable);
  }

  appliedTo(index: number, bytes: number): void {
    assert(this.applied <= index && index <= this.committed, 'applied stays within the committed log');
    this.applied = index;
    this.applying = Math.max(this.applying, index);
    this.applyingBytes = Math.max(0, this.applyingBytes - bytes);
    this.applyingPaused = this.applyingBytes >= this.maxApplyingBytes;
  }

  /**
   * Whether a committed membership change waits to be applied. What has been compacted is part of a snapshot of the state after it, so
   * it has been applied, even where `appliedTo` has not been told yet.
   */
  hasUnappliedConfChange(): boolean {
    let low = Math.max(this.applied + 1, this.firstIndex());
    while (low <= this.committed) {
      const page = this.slice(low, this.committed + 1, this.maxApplyingBytes);
      assert(typeof page !== 'string', 'committed entries are kept until they are applied');
      if (page.some((entry) => entry.type !== 'normal')) return true;
      low += page.length;
    }
    return false;
  }

  snapshot(): Snapshot | 'unavailable' {
    return this.unstable.snapshot ?? this.storage.snapshot();
  }

  restore(snapshot: Snapshot): void {
    this.committed = snapshot.metadata.index;
    this.unstable.restore(snapshot);
  }
}
