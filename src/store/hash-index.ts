/**
 * The index of a store: from a key's tag to the locations of the records that have it. It knows tags and locations only;
 * whoever looks up compares keys in the segments. About 9.5 bytes an entry, at most 12 in a bucket of some pages.
 *
 * Extendible hashing (Fagin et al., 1979) over the highest bits of the tag chooses a bucket; buckets grow a page at a time
 * and split at 16 pages. The longest pause of an insert is one pass over one bucket, about 8,000 entries. Buckets lie in tag
 * order, so the index is one sorted list of (tag, location) whatever its history: scan and state hash rely on that.
 */
import { assert } from '../base/assert.js';
import { IndexBucket } from './index-bucket.js';
import { IndexPages, SLOTS_PER_PAGE } from './index-pages.js';

const SPLIT_PAGES = 16;
/** Two buckets are joined when both together need at most half of what makes one split. */
const JOIN_ENTRIES = (SPLIT_PAGES / 2) * SLOTS_PER_PAGE * 0.7;
/** Beyond this depth buckets only grow: tags that agree in so many bits are no accident of size. */
const MAX_DEPTH = 20;
const SIGN = 0x80000000;
/** Estimates for what V8 keeps a bucket and a directory entry; all else is counted exactly. */
const BUCKET_OBJECT_BYTES = 240;
const DIRECTORY_ENTRY_BYTES = 8;

/** Where a removal begins. */
export const FIRST_TAG = -(2 ** 31);

/** Position between entries in (tag, location) order. Reused by its owner; valid until the index changes. */
export class IndexCursor {
  tag = 0;
  location = 0;
  bucketAt = 0;
  slot = 0;
}

export class HashIndex {
  private readonly pages = new IndexPages();
  private entryCount = 0;
  private bucketCount = 1;
  /** At least 1, so that the shift below stays under 32. */
  private directoryDepth = 1;
  /** 2^directoryDepth entries in tag order; a bucket of depth d stands in 2^(directoryDepth - d) neighbouring ones. */
  private directory: IndexBucket[];
  private foundBucket: IndexBucket;

  constructor() {
    const first = new IndexBucket(this.pages, 0);
    this.directory = [first, first];
    this.foundBucket = first;
  }

  get size(): number {
    return this.entryCount;
  }

  /** Bytes held: pages exactly, bucket objects by estimate. */
  get heldBytes(): number {
    return (
      this.pages.heldBytes + this.bucketCount * BUCKET_OBJECT_BYTES + this.directory.length * DIRECTORY_ENTRY_BYTES
    );
  }

  /** Location of the first entry with `tag`, 0 if none. Go on with {@link next}. */
  first(tag: number): number {
    const bucket = this.bucketOf(tag);
    this.foundBucket = bucket;
    return bucket.find(tag);
  }

  /** Location of the entry after the one just returned, 0 if it has another tag. The index has not changed since. */
  next(tag: number): number {
    return this.foundBucket.findNext(tag);
  }

  has(tag: number, location: number): boolean {
    return this.bucketOf(tag).slotOf(tag, location) >= 0;
  }

  /** Adds an entry that is not there. */
  insert(tag: number, location: number): void {
    let bucket = this.bucketOf(tag);
    if (bucket.isFull) {
      this.makeRoom(bucket);
      bucket = this.bucketOf(tag);
      if (bucket.isFull) bucket.grow();
    }
    bucket.insert(tag, location);
    this.entryCount++;
  }

  /** Takes out an entry that is there. */
  remove(tag: number, location: number): void {
    const bucket = this.bucketOf(tag);
    const slot = bucket.slotOf(tag, location);
    assert(slot >= 0, 'a removed record is in the index');
    bucket.removeAt(slot);
    this.entryCount--;
    if (bucket.depth > 0 && bucket.pageCount <= SPLIT_PAGES / 4) this.maybeJoin(tag, bucket);
  }

  /** Gives an entry that is there another location. */
  replace(tag: number, from: number, to: number): void {
    const bucket = this.bucketOf(tag);
    const slot = bucket.slotOf(tag, from);
    assert(slot >= 0, 'a moved record is in the index');
    if (bucket.replaceAt(slot, tag, to)) return;
    bucket.removeAt(slot);
    bucket.insert(tag, to);
  }

  /** Puts `cursor` on the first entry with a tag of at least `tag`. False if there is none. */
  seek(cursor: IndexCursor, tag: number): boolean {
    cursor.bucketAt = this.firstDirectoryEntry(tag);
    cursor.slot = this.bucketOf(tag).lowerBound(tag);
    return this.settle(cursor);
  }

  /** Moves `cursor` to the next entry. False at the end. */
  advance(cursor: IndexCursor): boolean {
    cursor.slot++;
    return this.settle(cursor);
  }

  private settle(cursor: IndexCursor): boolean {
    for (;;) {
      const bucket = this.directory[cursor.bucketAt];
      if (bucket === undefined) return false;
      const slots = bucket.slotCount;
      for (; cursor.slot < slots; cursor.slot++) {
        const location = bucket.locationAt(cursor.slot);
        if (location === 0) continue;
        cursor.tag = bucket.tagAt(cursor.slot);
        cursor.location = location;
        return true;
      }
      cursor.bucketAt += 1 << Math.max(0, this.directoryDepth - bucket.depth);
      cursor.slot = 0;
    }
  }

  private bucketOf(tag: number): IndexBucket {
    const bucket = this.directory[(tag ^ SIGN) >>> (32 - this.directoryDepth)];
    if (bucket === undefined) assert(false, 'every tag has a bucket');
    return bucket;
  }

  private firstDirectoryEntry(tag: number): number {
    const at = (tag ^ SIGN) >>> (32 - this.directoryDepth);
    const width = 1 << (this.directoryDepth - this.bucketOf(tag).depth);
    return at & -width;
  }

  private makeRoom(bucket: IndexBucket): void {
    if (bucket.pageCount < SPLIT_PAGES || bucket.depth >= MAX_DEPTH || !this.split(bucket)) bucket.grow();
  }

  /** Replaces a bucket by two of the next depth. False, and nothing done, if all entries would fall to one of them. */
  private split(bucket: IndexBucket): boolean {
    const entries = this.pages.scratch(bucket.count * 2);
    const end = bucket.copyEntries(entries, 0);
    const bit = 1 << (31 - bucket.depth);
    const upperFrom = lowerBoundOfBit(entries, end, bit);
    if (upperFrom === 0 || upperFrom === end) return false;
    if (bucket.depth === this.directoryDepth) this.doubleDirectory();
    const start = this.firstDirectoryEntry(entries[0] ?? 0);
    const half = 1 << (this.directoryDepth - bucket.depth - 1);
    const depth = bucket.depth + 1;
    bucket.dispose();
    const lower = new IndexBucket(this.pages, depth);
    lower.fill(entries, 0, upperFrom);
    const upper = new IndexBucket(this.pages, depth);
    upper.fill(entries, upperFrom, end);
    this.directory.fill(lower, start, start + half);
    this.directory.fill(upper, start + half, start + 2 * half);
    this.bucketCount++;
    return true;
  }

  private doubleDirectory(): void {
    const doubled: IndexBucket[] = [];
    for (const bucket of this.directory) doubled.push(bucket, bucket);
    this.directory = doubled;
    this.directoryDepth++;
  }

  private maybeJoin(tag: number, bucket: IndexBucket): void {
    const width = 1 << (this.directoryDepth - bucket.depth);
    const start = this.firstDirectoryEntry(tag);
    const buddyStart = start ^ width;
    const buddy = this.directory[buddyStart];
    if (buddy === undefined || buddy.depth !== bucket.depth || bucket.count + buddy.count > JOIN_ENTRIES) return;
    const [lower, upper] = buddyStart < start ? [buddy, bucket] : [bucket, buddy];
    const entries = this.pages.scratch((lower.count + upper.count) * 2);
    const end = upper.copyEntries(entries, lower.copyEntries(entries, 0));
    lower.dispose();
    upper.dispose();
    const joined = new IndexBucket(this.pages, bucket.depth - 1);
    joined.fill(entries, 0, end);
    const joinedStart = Math.min(start, buddyStart);
    this.directory.fill(joined, joinedStart, joinedStart + 2 * width);
    this.bucketCount--;
    this.foundBucket = joined;
  }
}

/** First word in `entries[0..end)` whose tag, as an unsigned number in tag order, has `bit` set. */
function lowerBoundOfBit(entries: Int32Array, end: number, bit: number): number {
  let low = 0;
  let high = end >>> 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((((entries[middle * 2] ?? 0) ^ SIGN) & bit) === 0) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}
