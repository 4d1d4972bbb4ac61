/**
 * The entries of a partition's log that a member still holds, by index and without gaps. Below the first one everything has been
 * applied and dropped; the index and epoch at which the log was cut are remembered, for the comparison with an Append's.
 */
import { assert } from '../base/assert.js';
import type { LogEntry } from './messages.js';

/** Dropped places at the front that are kept before the list is copied: dropping stays cheap however long the list. */
const MAX_DROPPED = 1024;

export class PartitionLog {
  /** entries[dropped] has index `base + 1`; the places before are dropped. */
  private entries: (LogEntry | undefined)[] = [];
  private dropped = 0;
  private base: number;
  private baseEpoch: number;
  private heldBytes = 0;

  /** An empty log after the entry at `index`, which was appended in `epoch`; 0 and 0: from the beginning. */
  constructor(index = 0, epoch = 0) {
    this.base = index;
    this.baseEpoch = epoch;
  }

  /** Index of the first entry held; one above lastIndex if there is none. */
  get firstIndex(): number {
    return this.base + 1;
  }

  get lastIndex(): number {
    return this.base + this.entries.length - this.dropped;
  }

  get lastEpoch(): number {
    return this.entries.length === this.dropped ? this.baseEpoch : (this.entries.at(-1)?.epoch ?? 0);
  }

  /** Bytes of the entries held. */
  get bytes(): number {
    return this.heldBytes;
  }

  /** Epoch of the entry at `index`, firstIndex - 1 included; undefined outside. */
  epochAt(index: number): number | undefined {
    return index === this.base ? this.baseEpoch : this.entryAt(index)?.epoch;
  }

  /** The entry at `index`; undefined outside of firstIndex..lastIndex. */
  entryAt(index: number): LogEntry | undefined {
    return index > this.base ? this.entries[this.dropped + index - this.base - 1] : undefined;
  }

  /** Takes over entries that follow the last one. */
  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.lastIndex + 1, 'entries are appended without gaps');
      assert(entry.epoch >= this.lastEpoch, 'epochs do not go back along a log');
      this.entries.push(entry);
      this.heldBytes += entry.bytes.length;
    }
  }

  /** Drops the entries from `index` on, which is above what was dropped. */
  truncateFrom(index: number): void {
    assert(index > this.base, 'only what is held is truncated');
    const first = Math.min(this.entries.length, this.dropped + index - this.base - 1);
    for (const entry of this.entries.splice(first)) this.heldBytes -= entry?.bytes.length ?? 0;
  }

  /**
   * Entries from `from` to `to`, both included, as far as they are held: the first one, and more until they have `maxBytes`.
   * `from` is firstIndex or above.
   */
  slice(from: number, to: number, maxBytes: number): LogEntry[] {
    assert(from > this.base, 'dropped entries are not asked for');
    const found: LogEntry[] = [];
    let bytes = 0;
    for (let index = from; index <= to; index++) {
      const entry = this.entryAt(index);
      if (entry === undefined) break;
      bytes += entry.bytes.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  /** Drops the entries up to and with `index`, as far as they are held. */
  dropThrough(index: number): void {
    const end = Math.min(index, this.lastIndex);
    while (this.base < end) {
      const entry = this.entries[this.dropped];
      this.baseEpoch = entry?.epoch ?? 0;
      this.heldBytes -= entry?.bytes.length ?? 0;
      this.entries[this.dropped] = undefined;
      this.dropped++;
      this.base++;
    }
    if (this.dropped < MAX_DROPPED || this.dropped * 2 < this.entries.length) return;
    this.entries = this.entries.slice(this.dropped);
    this.dropped = 0;
  }
}
