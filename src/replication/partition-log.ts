/**
 * The entries of a partition's log that a member still holds, by index and without gaps. Below the first one everything has been
 * applied and dropped; the index and epoch at which the log was cut are remembered, for the comparison with an Append's.
 */
import { assert } from '../base/assert.js';
import { LOG_ENTRY_BYTES } from './entry-cost.js';
import type { LogEntry } from './messages.js';

/** Dropped places at the front that are kept before the list is copied: dropping stays cheap however long the list. */
const MAX_DROPPED = 1024;

export class PartitionLog {
  /** entries[dropped] has index `base + 1`; the places before are dropped. */
  private entries: (LogEntry | undefined)[] = [];
  /** Bytes of all entries ever appended, up to and with each of `entries`. */
  private ends: number[] = [];
  private baseEnd = 0;
  /** As `ends`, of what the entries cost; stays empty where nobody counts. */
  private costs: number[] = [];
  private baseCost = 0;
  private dropped = 0;
  private base: number;
  private baseEpoch: number;
  private readonly costOf: ((bytes: Uint8Array) => number) | undefined;

  /**
   * An empty log after the entry at `index`, which was appended in `epoch`; 0 and 0: from the beginning.
   * @param costOf what an entry costs (entry-cost.ts), where memory is counted.
   */
  constructor(index = 0, epoch = 0, costOf?: (bytes: Uint8Array) => number) {
    this.base = index;
    this.baseEpoch = epoch;
    this.costOf = costOf;
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
    return this.bytesBetween(this.base, this.lastIndex);
  }

  /** Memory of the entries held, and of the objects around them. */
  get heldBytes(): number {
    return this.bytes + (this.entries.length - this.dropped) * LOG_ENTRY_BYTES;
  }

  /** What all entries up to and with `index` have cost, on a scale of this log's own; clamped to what is held. */
  costAt(index: number): number {
    if (this.costOf === undefined || index <= this.base) return this.baseCost;
    return this.costs[Math.min(this.entries.length, this.dropped + index - this.base) - 1] ?? this.baseCost;
  }

  /** Epoch of the entry at `index`, firstIndex - 1 included; undefined outside. */
  epochAt(index: number): number | undefined {
    return index === this.base ? this.baseEpoch : this.entryAt(index)?.epoch;
  }

  /** The entry at `index`; undefined outside of firstIndex..lastIndex. */
  entryAt(index: number): LogEntry | undefined {
    return index > this.base ? this.entries[this.dropped + index - this.base - 1] : undefined;
  }

  /** The entry at `index`, firstIndex..lastIndex. */
  get(index: number): LogEntry {
    const entry = this.entryAt(index);
    if (entry === undefined) assert(false, 'the entry is held');
    return entry;
  }

  /** Bytes of the entries behind `after` up to and with `index`, as far as they are held. */
  bytesBetween(after: number, index: number): number {
    return Math.max(0, this.endOf(index) - this.endOf(after));
  }

  /** Takes over entries that follow the last one. */
  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.lastIndex + 1, 'entries are appended without gaps');
      assert(entry.epoch >= this.lastEpoch, 'epochs do not go back along a log');
      const end = this.endOf(this.lastIndex) + entry.bytes.length;
      const cost = this.costOf && this.costAt(this.lastIndex) + this.costOf(entry.bytes);
      this.entries.push(entry);
      this.ends.push(end);
      if (cost !== undefined) this.costs.push(cost);
    }
  }

  /** Drops the entries from `index` on, which is above what was dropped. */
  truncateFrom(index: number): void {
    assert(index > this.base, 'only what is held is truncated');
    const first = Math.min(this.entries.length, this.dropped + index - this.base - 1);
    this.entries.length = this.ends.length = first;
    if (this.costOf !== undefined) this.costs.length = first;
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
      this.baseEnd = this.ends[this.dropped] ?? this.baseEnd;
      this.baseCost = this.costs[this.dropped] ?? this.baseCost;
      this.entries[this.dropped] = undefined;
      this.dropped++;
      this.base++;
    }
    if (this.dropped < MAX_DROPPED || this.dropped * 2 < this.entries.length) return;
    this.entries = this.entries.slice(this.dropped);
    this.ends = this.ends.slice(this.dropped);
    this.costs = this.costs.slice(this.dropped);
    this.dropped = 0;
  }

  /** Where the entry at `index` ends, counted over all that were ever appended; clamped to what is held. */
  private endOf(index: number): number {
    if (index <= this.base) return this.baseEnd;
    return this.ends[Math.min(this.entries.length, this.dropped + index - this.base) - 1] ?? this.baseEnd;
  }
}
