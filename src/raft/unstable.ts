/**
 * The part of the log that is not known to be durable yet: entries, and a snapshot on its way to the disk.
 *
 * It may overlap the stored log: entries here win over stored ones with the same index, because writing them will
 * truncate the store. Entries stay here while they are being written, so that a read of the log never sees an overwritten
 * state of the store.
 */
import { assert } from '../base/assert.js';
import type { Entry, Snapshot } from './types.js';

export class Unstable {
  snapshot: Snapshot | undefined;
  /** entries[i] has index offset + i. Only copies of the array are lent out. */
  private entries: Entry[] = [];
  offset: number;
  /** Entries below this index are being written. offset <= offsetInProgress <= offset + entries.length. */
  private offsetInProgress: number;
  private snapshotInProgress = false;

  constructor(offset: number) {
    this.offset = offset;
    this.offsetInProgress = offset;
  }

  get hasEntries(): boolean {
    return this.entries.length > 0;
  }

  firstIndex(): number | undefined {
    return this.snapshot && this.snapshot.metadata.index + 1;
  }

  lastIndex(): number | undefined {
    if (this.entries.length > 0) return this.offset + this.entries.length - 1;
    return this.snapshot?.metadata.index;
  }

  term(index: number): number | undefined {
    if (index < this.offset) {
      return this.snapshot?.metadata.index === index ? this.snapshot.metadata.term : undefined;
    }
    return this.entries[index - this.offset]?.term;
  }

  /** Entries low..high-1, all of which are here. */
  slice(low: number, high: number): readonly Entry[] {
    assert(this.offset <= low && low <= high, 'unstable entries are read from the offset on');
    assert(high <= this.offset + this.entries.length, 'unstable entries are read up to the last one');
    return this.entries.slice(low - this.offset, high - this.offset);
  }

  get hasNextEntries(): boolean {
    return this.offsetInProgress < this.offset + this.entries.length;
  }

  /** What has not been handed out for writing. */
  nextEntries(): readonly Entry[] {
    return this.entries.slice(this.offsetInProgress - this.offset);
  }

  nextSnapshot(): Snapshot | undefined {
    return this.snapshotInProgress ? undefined : this.snapshot;
  }

  /** Everything has been handed out for writing. */
  acceptInProgress(): void {
    this.offsetInProgress = this.offset + this.entries.length;
    if (this.snapshot) this.snapshotInProgress = true;
  }

  /**
   * Entries up to `index` of `term` are durable, and no write in progress can replace them. Ignored when that entry has
   * been replaced here since.
   */
  stableTo(index: number, term: number): void {
    if (index < this.offset || this.term(index) !== term) return;
    this.entries = this.entries.slice(index + 1 - this.offset);
    this.offset = index + 1;
    this.offsetInProgress = Math.max(this.offsetInProgress, this.offset);
  }

  stableSnapshotTo(index: number): void {
    if (this.snapshot?.metadata.index !== index) return;
    this.snapshot = undefined;
    this.snapshotInProgress = false;
  }

  restore(snapshot: Snapshot): void {
    this.offset = snapshot.metadata.index + 1;
    this.offsetInProgress = this.offset;
    this.entries = [];
    this.snapshot = snapshot;
    this.snapshotInProgress = false;
  }

  /** Appends contiguous entries, dropping what is here from the first one's index on. */
  truncateAndAppend(entries: readonly Entry[]): void {
    const first = entries[0];
    assert(first !== undefined, 'there is something to append');
    assert(first.index <= this.offset + this.entries.length, 'appended entries leave no gap');
    this.entries.length = Math.max(0, first.index - this.offset);
    for (const entry of entries) this.entries.push(entry);
    this.offset = Math.min(this.offset, first.index);
    this.offsetInProgress = Math.min(this.offsetInProgress, first.index);
  }
}
