/**
 * Pages of the hash index: 512 slots of (tag, location), 4 KiB. Pages are numbered densely: freeing one moves the last page
 * into its place, so the index gives memory back whatever the order of deletions.
 */
import { assert } from '../base/assert.js';

export const SLOTS_PER_PAGE = 512;
const WORDS_PER_PAGE = SLOTS_PER_PAGE * 2;
const PAGES_PER_CHUNK = 64;
/** The first chunk grows by this part of itself, at least a page. */
const FIRST_CHUNK_GROWTH = 1 / 4;

/**
 * Space for what an insert moves about, shared by all indexes of a process, of which each would need it for a moment only. As large
 * as the largest bucket that ever split, 128 KiB at usual sizes; counted to no store.
 */
let sharedScratch = new Int32Array(0);

/** Whoever holds pages is told when one of them moves. */
export interface PageOwner {
  pageMoved(from: number, to: number): void;
}

export class IndexPages {
  /** All but the first have 64 pages; the first grows to that step by step, so that a small store holds little more than it needs. */
  private readonly chunks: Int32Array[] = [];
  private readonly owners: PageOwner[] = [];

  get pageCount(): number {
    return this.owners.length;
  }

  /** Bytes of all chunks, free pages included. */
  get heldBytes(): number {
    let bytes = 0;
    for (const chunk of this.chunks) bytes += chunk.byteLength;
    return bytes;
  }

  /** Space for `words` words, shared by all indexes: valid until somebody asks again. One allocation a growth is too many. */
  scratch(words: number): Int32Array {
    if (sharedScratch.length < words) sharedScratch = new Int32Array(Math.ceil(words / 4096) * 4096);
    return sharedScratch;
  }

  /** Takes a page and clears it. */
  allocate(owner: PageOwner): number {
    const page = this.owners.length;
    const chunk = this.chunks[page >>> 6];
    if (chunk === undefined) {
      this.chunks.push(new Int32Array(WORDS_PER_PAGE * (page === 0 ? 1 : PAGES_PER_CHUNK)));
    } else if (page < PAGES_PER_CHUNK && chunk.length === page * WORDS_PER_PAGE) {
      const pages = Math.min(PAGES_PER_CHUNK, page + Math.max(1, Math.floor(page * FIRST_CHUNK_GROWTH)));
      const larger = new Int32Array(WORDS_PER_PAGE * pages);
      larger.set(chunk);
      this.chunks[0] = larger;
    }
    this.owners.push(owner);
    const start = this.startOf(page);
    this.chunkOf(page).fill(0, start, start + WORDS_PER_PAGE);
    return page;
  }

  free(page: number): void {
    const last = this.owners.length - 1;
    const owner = this.owners.pop();
    assert(owner !== undefined && page <= last, 'a freed index page is held');
    if (page !== last) {
      const from = this.startOf(last);
      this.chunkOf(page).set(this.chunkOf(last).subarray(from, from + WORDS_PER_PAGE), this.startOf(page));
      this.owners[page] = owner;
      owner.pageMoved(last, page);
    }
    // One spare chunk stays, against a store that swings around a boundary.
    if (this.chunks.length > 1 && last <= (this.chunks.length - 2) * PAGES_PER_CHUNK) this.chunks.pop();
  }

  /** Words of the chunk that holds `page`; valid until a page is allocated or freed. */
  chunkOf(page: number): Int32Array {
    const chunk = this.chunks[page >>> 6];
    if (chunk === undefined) assert(false, 'an index page lies in a chunk');
    return chunk;
  }

  /** Where the words of `page` begin in its chunk. */
  startOf(page: number): number {
    return (page & (PAGES_PER_CHUNK - 1)) * WORDS_PER_PAGE;
  }
}
