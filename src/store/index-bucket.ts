/**
 * One bucket of the hash index: a sorted open-addressing table over some pages, which holds all entries whose tags agree
 * in their highest `depth` bits.
 *
 * An entry's home slot is proportional to its tag, collisions move to the right, and entries keep the order of (tag,
 * location): linear probing with Robin Hood order and a monotone hash. So a look-up stops at the first larger tag, growing by
 * one page is one pass over the bucket, a scan walks slots, and the order of entries does not depend on how far the table
 * has grown. Homes end a little before the last slot; a run that reaches the end appends a page that homes do not use.
 *
 * Invariants: the slots from an entry's home to the entry are full; location 0 marks an empty slot.
 */
import { assert } from '../base/assert.js';
import { SLOTS_PER_PAGE, type IndexPages, type PageOwner } from './index-pages.js';

/** Entries a home slot at most: one page more is taken beyond. */
const MAX_LOAD = 0.87;
/** A page is given back when the pages left would be filled to this at most. */
const SHRINK_LOAD = 0.7;
/** Slots after the last home, for the run that ends there: an overflow of 48 at this load is a matter of one in 10^5. */
const TAIL_SLOTS = 48;
const SIGN = 0x80000000;

export class IndexBucket implements PageOwner {
  /** Highest bits of the tag that all entries share. */
  readonly depth: number;
  count = 0;
  /** Slot that the last `find` or `findNext` stopped at. */
  private cursor = 0;
  private readonly storage: IndexPages;
  private readonly pages: number[] = [];
  private homeSlots = 0;
  /** homeSlots / 2^32, exact. */
  private scale = 0;

  constructor(storage: IndexPages, depth: number) {
    this.storage = storage;
    this.depth = depth;
    this.addPage();
    this.setHomes();
  }

  get pageCount(): number {
    return this.pages.length;
  }

  get slotCount(): number {
    return this.pages.length * SLOTS_PER_PAGE;
  }

  /** Whether one more entry needs one more page. */
  get isFull(): boolean {
    return this.count + 1 > this.homeSlots * MAX_LOAD;
  }

  pageMoved(from: number, to: number): void {
    this.pages[this.pages.indexOf(from)] = to;
  }

  /** Location in `slot`, 0 if empty or past the end. */
  locationAt(slot: number): number {
    const page = this.pages[slot >>> 9];
    if (page === undefined) return 0;
    return this.storage.chunkOf(page)[this.storage.startOf(page) + ((slot & 511) << 1) + 1] ?? 0;
  }

  /** Tag in `slot`, which is not empty. */
  tagAt(slot: number): number {
    const page = this.pages[slot >>> 9] ?? 0;
    return this.storage.chunkOf(page)[this.storage.startOf(page) + ((slot & 511) << 1)] ?? 0;
  }

  /** Location of the first entry with `tag`, whose slot is then in `cursor`; 0 if there is none. */
  find(tag: number): number {
    let slot = this.homeOf(tag);
    for (;;) {
      const page = this.pages[slot >>> 9];
      if (page === undefined) return 0;
      const words = this.storage.chunkOf(page);
      let at = this.storage.startOf(page) + ((slot & 511) << 1);
      const end = at + ((SLOTS_PER_PAGE - (slot & 511)) << 1);
      for (; at < end; at += 2, slot++) {
        const found = words[at] ?? 0;
        if (found < tag && words[at + 1] !== 0) continue;
        if (found !== tag) return 0;
        this.cursor = slot;
        return words[at + 1] ?? 0;
      }
    }
  }

  /** Location of the entry after `cursor` if it has this tag, and moves there; else 0. */
  findNext(tag: number): number {
    const slot = ++this.cursor;
    const location = this.locationAt(slot);
    return location !== 0 && this.tagAt(slot) === tag ? location : 0;
  }

  /** Slot of exactly this entry, or -1. */
  slotOf(tag: number, location: number): number {
    let found = this.find(tag);
    while (found !== location && found !== 0) found = this.findNext(tag);
    return found === 0 ? -1 : this.cursor;
  }

  /** Slot of the first entry whose tag is at least `tag`; empty slots may have to be skipped from there. */
  lowerBound(tag: number): number {
    let slot = this.homeOf(tag);
    while (this.locationAt(slot) !== 0 && this.tagAt(slot) < tag) slot++;
    return slot;
  }

  /** Adds an entry that is not there. The caller has made sure that the bucket is not full. */
  insert(tag: number, location: number): void {
    this.count++;
    let slot = this.homeOf(tag);
    let carriedTag = tag;
    let carriedLocation = location;
    let placed = false;
    for (;;) {
      if (slot === this.slotCount) this.addPage();
      const page = this.pages[slot >>> 9] ?? 0;
      const words = this.storage.chunkOf(page);
      let at = this.storage.startOf(page) + ((slot & 511) << 1);
      const end = at + ((SLOTS_PER_PAGE - (slot & 511)) << 1);
      for (; at < end; at += 2, slot++) {
        const foundLocation = words[at + 1] ?? 0;
        const foundTag = words[at] ?? 0;
        if (foundLocation === 0) {
          words[at] = carriedTag;
          words[at + 1] = carriedLocation;
          return;
        }
        placed ||= foundTag > tag || (foundTag === tag && foundLocation >>> 0 > location >>> 0);
        if (placed) {
          words[at] = carriedTag;
          words[at + 1] = carriedLocation;
          carriedTag = foundTag;
          carriedLocation = foundLocation;
        }
      }
    }
  }

  /** Puts another location in `slot`. True if the order of entries still holds. */
  replaceAt(slot: number, tag: number, location: number): boolean {
    const before = slot > 0 && this.locationAt(slot - 1) !== 0 && this.tagAt(slot - 1) === tag;
    const after = this.locationAt(slot + 1) !== 0 && this.tagAt(slot + 1) === tag;
    if (before || after) return false;
    this.write(slot, tag, location);
    return true;
  }

  /** Takes the entry in `slot` out and closes the gap. */
  removeAt(slot: number): void {
    this.count--;
    let gap = slot;
    for (;;) {
      const location = this.locationAt(gap + 1);
      if (location === 0) break;
      const tag = this.tagAt(gap + 1);
      if (this.homeOf(tag) > gap) break;
      this.write(gap, tag, location);
      gap++;
    }
    this.write(gap, 0, 0);
    if (this.count <= SHRINK_LOAD * (this.homeSlots - SLOTS_PER_PAGE)) this.spread(this.homePages - 1);
    else if (this.pages.length > this.homePages && this.locationAt(this.slotCount - SLOTS_PER_PAGE) === 0)
      this.dropPage();
  }

  /** Spreads the entries over one page more. */
  grow(): void {
    this.spread(this.homePages + 1);
  }

  /** Copies (tag, location) pairs in order to `target` from word `at`; returns the word after the last. */
  copyEntries(target: Int32Array, at: number): number {
    let cursor = at;
    for (const page of this.pages) {
      const words = this.storage.chunkOf(page);
      const start = this.storage.startOf(page);
      for (let word = start; word < start + SLOTS_PER_PAGE * 2; word += 2) {
        const location = words[word + 1] ?? 0;
        if (location === 0) continue;
        target[cursor] = words[word] ?? 0;
        target[cursor + 1] = location;
        cursor += 2;
      }
    }
    return cursor;
  }

  /** Fills the empty bucket with ordered pairs from `source[start..end)`, taking the pages that they need. */
  fill(source: Int32Array, start: number, end: number): void {
    this.count = (end - start) >>> 1;
    const wanted = Math.max(1, Math.ceil((this.count / MAX_LOAD + TAIL_SLOTS) / SLOTS_PER_PAGE));
    while (this.pages.length < wanted) this.addPage();
    this.setHomes();
    let next = 0;
    for (let word = start; word < end; word += 2) {
      const tag = source[word] ?? 0;
      const slot = Math.max(next, this.homeOf(tag));
      if (slot === this.slotCount) this.addPage();
      this.write(slot, tag, source[word + 1] ?? 0);
      next = slot + 1;
    }
  }

  /** Gives all pages back; the bucket is not used again. */
  dispose(): void {
    while (this.pages.length > 0) this.dropPage();
  }

  private spread(pageCount: number): void {
    const entries = this.storage.scratch(this.count * 2);
    const end = this.copyEntries(entries, 0);
    while (this.pages.length > pageCount) this.dropPage();
    for (const page of this.pages) {
      const start = this.storage.startOf(page);
      this.storage.chunkOf(page).fill(0, start, start + SLOTS_PER_PAGE * 2);
    }
    while (this.pages.length < pageCount) this.addPage();
    this.fill(entries, 0, end);
  }

  /** Pages that homes use; the others, at the end, hold a run that ran over. */
  private get homePages(): number {
    return (this.homeSlots + TAIL_SLOTS) / SLOTS_PER_PAGE;
  }

  private addPage(): void {
    this.pages.push(this.storage.allocate(this));
  }

  private dropPage(): void {
    const page = this.pages.pop();
    assert(page !== undefined, 'a bucket has a page to drop');
    this.storage.free(page);
  }

  private setHomes(): void {
    this.homeSlots = this.slotCount - TAIL_SLOTS;
    this.scale = this.homeSlots / 2 ** 32;
  }

  private homeOf(tag: number): number {
    return ((((tag ^ SIGN) << this.depth) >>> 0) * this.scale) | 0;
  }

  private write(slot: number, tag: number, location: number): void {
    const page = this.pages[slot >>> 9] ?? 0;
    const words = this.storage.chunkOf(page);
    const at = this.storage.startOf(page) + ((slot & 511) << 1);
    words[at] = tag;
    words[at + 1] = location;
  }
}
