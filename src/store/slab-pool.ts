/**
 * The memory under segments: blocks of 4 KiB to 256 KiB carved from SharedArrayBuffers, so that codec workers can work on
 * them in place. JavaScript cannot free a part of a SharedArrayBuffer, so blocks are taken from the slabs that are
 * fullest first, and a slab is dropped when it is empty and another one has room.
 *
 * A slab is cut in regions of the largest block; a region is whole, or cut in pages and handed out as aligned runs of a
 * power of two (a buddy system of one region). One pool may serve several stores of a node. Placement here is a local
 * accident and decides nothing that replicas must agree on.
 *
 * A pool that holds little takes slabs of one smaller region for its small blocks, about a sixteenth of what it holds: the unused part
 * of a region would else be most of a small cache. A pool under a cap takes small slabs, so that nearly every region that comes
 * free can be given back, and keeps few idle ones.
 */
import { assert } from '../base/assert.js';
import { PAGE_BYTES } from './layout.js';

/** Memory is taken in multiples of this. */
export const REGION_BYTES = 256 * 1024;
const LEAST_REGION_BYTES = 16 * 1024;
/** A new region for small blocks is at most this part of what the pool holds already. */
const REGION_SHARE = 16;
const MAX_SLAB_BYTES = 64 * 1024 * 1024;
/** A new slab is at most this part of what the pool holds already: the untouched rest stays small. */
const SLAB_SHARE = 64;
/** An empty slab is kept until other slabs have so much idle: a larger part of a small pool, a smaller one of a large pool. */
const SMALL_KEPT_IDLE_SHARE = 16;
const MAX_SMALL_KEPT_IDLE_BYTES = 4 * REGION_BYTES;
const KEPT_IDLE_SHARE = 64;
/** Slabs of a pool under a cap are at most this part of it: of a cap up to 1 GiB, single regions. */
const CAPPED_SLAB_SHARE = 4096;

interface Slab {
  readonly buffer: SharedArrayBuffer;
  /** REGION_BYTES; of a slab of one region it may be less. */
  readonly regionBytes: number;
  readonly regionCount: number;
  /** Regions of which nothing is handed out. */
  readonly freeRegions: number[];
}

/** A region cut in pages. `used[i]` is 1 while page i is handed out; `usedPages` counts them, at least 1. */
interface CutRegion {
  readonly slab: Slab;
  readonly region: number;
  readonly used: Uint8Array;
  usedPages: number;
}

/** Memory handed out. `bytes` is valid until the block is free and unpinned; a new block holds whatever was there. */
export interface Block {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly slab: Slab;
  readonly region: number;
  readonly firstPage: number;
  /** Readers that need the bytes to stay as they are. */
  pins: number;
  /** Freed by its owner while pinned; taken back with the last pin. */
  freed: boolean;
}

export class SlabPool {
  private slabs: Slab[] = [];
  private cutRegions: CutRegion[] = [];
  private slabBytesTotal = 0;
  private blockBytesTotal = 0;
  private lingeringBytesTotal = 0;
  /** Of regions of which nothing is handed out. */
  private idleBytes = 0;
  private readonly maxSlabBytes: number;

  /** @param capBytes most that whoever uses the pool may hold in all; Infinity: no limit. The pool itself refuses nothing. */
  constructor(capBytes = Infinity) {
    const share = Math.max(REGION_BYTES, capBytes / CAPPED_SLAB_SHARE);
    this.maxSlabBytes = Math.min(MAX_SLAB_BYTES, share);
  }

  /** Bytes of all slabs: what the pool holds from the system. */
  get slabBytes(): number {
    return this.slabBytesTotal;
  }

  /** Bytes of the regions of which something is handed out: what cannot be given to the system now. */
  get regionBytes(): number {
    return this.slabBytesTotal - this.idleBytes;
  }

  /** Bytes handed out in blocks; the rest of `slabBytes` is idle. */
  get blockBytes(): number {
    return this.blockBytesTotal;
  }

  /** Bytes of blocks that their owners have freed and that only pins hold; part of `blockBytes`. */
  get lingeringBytes(): number {
    return this.lingeringBytesTotal;
  }

  /** @param sizeBytes a power of two, 4 KiB..256 KiB. The block is the caller's until it is freed. */
  allocate(sizeBytes: number): Block {
    assert((sizeBytes & (sizeBytes - 1)) === 0, 'a block size is a power of two');
    assert(sizeBytes >= PAGE_BYTES && sizeBytes <= REGION_BYTES, 'a block size is in 4 KiB..256 KiB');
    this.blockBytesTotal += sizeBytes;
    if (sizeBytes === REGION_BYTES) {
      const { slab, region } = this.takeRegion(REGION_BYTES);
      return makeBlock(slab, region, 0, sizeBytes);
    }
    const pages = sizeBytes / PAGE_BYTES;
    for (const cut of this.cutRegions) {
      const firstPage = findRun(cut.used, pages);
      if (firstPage >= 0) return takePages(cut, firstPage, pages);
    }
    const { slab, region } = this.takeRegion(sizeBytes);
    const used = new Uint8Array(slab.regionBytes / PAGE_BYTES);
    const cut: CutRegion = { slab, region, used, usedPages: 0 };
    this.cutRegions.push(cut);
    return takePages(cut, 0, pages);
  }

  /** Takes the block back, at once or with its last pin. Its owner must not look at the bytes again. */
  free(block: Block): void {
    assert(!block.freed, 'a block is freed once');
    block.freed = true;
    if (block.pins === 0) this.takeBack(block);
    else this.lingeringBytesTotal += block.bytes.length;
  }

  /** Keeps the bytes of a block as they are, though it be freed, until {@link unpin}. */
  pin(block: Block): void {
    assert(!block.freed, 'only a block in use is pinned');
    block.pins++;
  }

  unpin(block: Block): void {
    assert(block.pins > 0, 'only a pinned block is unpinned');
    if (--block.pins > 0 || !block.freed) return;
    this.lingeringBytesTotal -= block.bytes.length;
    this.takeBack(block);
  }

  private takeBack(block: Block): void {
    this.blockBytesTotal -= block.bytes.length;
    if (block.bytes.length < REGION_BYTES) {
      const pages = block.bytes.length / PAGE_BYTES;
      const cut = this.cutRegions.find((each) => each.slab === block.slab && each.region === block.region);
      assert(cut !== undefined, 'a freed block lies in a region that is cut');
      cut.used.fill(0, block.firstPage, block.firstPage + pages);
      cut.usedPages -= pages;
      if (cut.usedPages > 0) return;
      this.cutRegions = this.cutRegions.filter((each) => each !== cut);
    }
    block.slab.freeRegions.push(block.region);
    this.idleBytes += block.slab.regionBytes;
    if (block.slab.freeRegions.length === block.slab.regionCount) this.maybeDropSlab(block.slab);
  }

  /** A region that holds a block of `sizeBytes`. */
  private takeRegion(sizeBytes: number): { slab: Slab; region: number } {
    for (const slab of this.slabs) {
      if (slab.regionBytes >= sizeBytes && slab.freeRegions.length > 0) return this.takeRegionOf(slab);
    }
    return this.takeRegionOf(this.addSlab(sizeBytes));
  }

  private takeRegionOf(slab: Slab): { slab: Slab; region: number } {
    const region = slab.freeRegions.pop();
    assert(region !== undefined, 'a slab that is chosen has a free region');
    this.idleBytes -= slab.regionBytes;
    return { slab, region };
  }

  private addSlab(sizeBytes: number): Slab {
    let regionBytes = Math.max(LEAST_REGION_BYTES, sizeBytes);
    while (regionBytes < REGION_BYTES && regionBytes * 2 * REGION_SHARE <= this.slabBytesTotal) regionBytes *= 2;
    let bytes = regionBytes;
    if (regionBytes === REGION_BYTES) {
      while (bytes * 2 <= this.maxSlabBytes && bytes * 2 * SLAB_SHARE <= this.slabBytesTotal) bytes *= 2;
    }
    const regionCount = bytes / regionBytes;
    const freeRegions: number[] = [];
    for (let region = regionCount - 1; region >= 0; region--) freeRegions.push(region);
    const slab: Slab = { buffer: new SharedArrayBuffer(bytes), regionBytes, regionCount, freeRegions };
    this.slabs.push(slab);
    this.slabBytesTotal += bytes;
    this.idleBytes += bytes;
    return slab;
  }

  /** Gives slabs back of which nothing is handed out, until at most `maxBytes` are held or there are none. */
  dropIdle(maxBytes: number): void {
    if (this.slabBytesTotal <= maxBytes || this.idleBytes === 0) return;
    for (const slab of [...this.slabs]) {
      if (this.slabBytesTotal <= maxBytes) return;
      if (slab.freeRegions.length === slab.regionCount) this.dropSlab(slab);
    }
  }

  private maybeDropSlab(empty: Slab): void {
    // A slab that is dropped stays resident until the next collection, and may be needed again before: some idle room first.
    const idleElsewhere = this.slabBytesTotal - this.blockBytesTotal - empty.buffer.byteLength;
    const held = this.slabBytesTotal;
    const keptOfSmall = Math.min(MAX_SMALL_KEPT_IDLE_BYTES, held / SMALL_KEPT_IDLE_SHARE);
    const keptIdle = Math.max(keptOfSmall, held / KEPT_IDLE_SHARE);
    if (idleElsewhere < keptIdle && this.blockBytesTotal > 0) return;
    this.dropSlab(empty);
  }

  private dropSlab(empty: Slab): void {
    this.slabs = this.slabs.filter((slab) => slab !== empty);
    this.slabBytesTotal -= empty.buffer.byteLength;
    this.idleBytes -= empty.buffer.byteLength;
  }
}

function makeBlock(slab: Slab, region: number, firstPage: number, sizeBytes: number): Block {
  const offset = region * slab.regionBytes + firstPage * PAGE_BYTES;
  const bytes = new Uint8Array(slab.buffer, offset, sizeBytes);
  const words = new Int32Array(slab.buffer, offset, sizeBytes / 4);
  return { bytes, words, slab, region, firstPage, pins: 0, freed: false };
}

function takePages(cut: CutRegion, firstPage: number, pages: number): Block {
  cut.used.fill(1, firstPage, firstPage + pages);
  cut.usedPages += pages;
  return makeBlock(cut.slab, cut.region, firstPage, pages * PAGE_BYTES);
}

/** First page of a free run of `pages`, aligned to its length, or -1. */
function findRun(used: Uint8Array, pages: number): number {
  for (let first = 0; first < used.length; first += pages) {
    let page = first;
    while (page < first + pages && used[page] === 0) page++;
    if (page === first + pages) return first;
  }
  return -1;
}
