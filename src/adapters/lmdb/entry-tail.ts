/**
 * The newest entries of the log in memory, so that replication to followers that keep up never reads the disk. Contiguous
 * up to the last entry of the log; older ones leave when the bytes pass the bound, but the last entry always stays.
 */
import { assert } from '../../base/assert.js';
import { entryBytes } from '../../raft/entry-size.js';
import type { Entry } from '../../raft/types.js';

/** The list is packed when so many places at its front are empty, and they are half of it. */
const PACK_THRESHOLD = 1_024;

export class EntryTail {
  private readonly maxBytes: number;
  /** `list[head]` is the oldest entry kept; places before it are empty. */
  private list: (Entry | undefined)[] = [];
  private head = 0;
  private bytes = 0;

  /** @param maxBytes bound on the sum of entryBytes */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Index of the oldest entry kept; undefined when there is none. */
  firstIndex(): number | undefined {
    return this.list[this.head]?.index;
  }

  get(index: number): Entry | undefined {
    const first = this.firstIndex();
    return first === undefined || index < first ? undefined : this.list[this.head + index - first];
  }

  /** Adds `entry`, in place of the one with its index and all after it. */
  push(entry: Entry): void {
    this.cutFrom(entry.index);
    assert(this.list.length === this.head || this.list.at(-1)?.index === entry.index - 1, 'the tail is contiguous');
    this.list.push(entry);
    this.bytes += entryBytes(entry);
    while (this.bytes > this.maxBytes && this.list.length - this.head > 1) this.dropOldest();
  }

  /** Forgets the entries from `index` on. */
  cutFrom(index: number): void {
    for (let last = this.list.at(-1); last !== undefined && last.index >= index; last = this.list.at(-1)) {
      this.bytes -= entryBytes(last);
      this.list.pop();
    }
    if (this.list.length === this.head) this.clear();
  }

  /** Forgets the entries up to `index`. */
  dropThrough(index: number): void {
    for (let first = this.firstIndex(); first !== undefined && first <= index; first = this.firstIndex()) {
      this.dropOldest();
    }
  }

  clear(): void {
    this.list = [];
    this.head = 0;
    this.bytes = 0;
  }

  private dropOldest(): void {
    const oldest = this.list[this.head];
    if (oldest === undefined) return;
    this.bytes -= entryBytes(oldest);
    this.list[this.head] = undefined;
    this.head += 1;
    if (this.head >= PACK_THRESHOLD && this.head * 2 >= this.list.length) {
      this.list = this.list.slice(this.head);
      this.head = 0;
    }
    if (this.list.length === this.head) this.clear();
  }
}
