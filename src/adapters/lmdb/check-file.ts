/**
 * Looks through an lmdb file before lmdb maps it. lmdb trusts its file: a page beyond the end kills the process with SIGBUS, a
 * page of garbage may send it anywhere, and no message would tell the operator why. So every page that lmdb can reach from the
 * current meta page is checked for being what its parent says: in the file, numbered as expected, of the right kind, with all
 * its nodes inside. What the records say is checked by their own checksums once lmdb has the file open; what the free list says is
 * taken on trust.
 *
 * The layout is that of mdb.c as lmdb-js builds it (data version 2, little-endian, 64-bit): MDB_page_header, MDB_meta, MDB_db,
 * MDB_node, MDB_ovpage. Only what this project's single unnamed database uses is accepted: no duplicates, no named databases.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const MIN_PAGE_BYTES = 512;
const MAX_PAGE_BYTES = 65_536;
const META_PAGES = 2;

const PAGE_HEADER_BYTES = 24;
const PAGE_NUMBER = 0;
const PAGE_FLAGS = 18;
/** End of the node pointers, counted from the end of the header; on an overflow page, with the next field, their number. */
const PAGE_LOWER = 20;
const PAGE_UPPER = 22;
const OVERFLOW_PAGES = 20;
const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
const META = 0x08;

const META_VERSION = PAGE_HEADER_BYTES + 4;
const META_DATABASES = PAGE_HEADER_BYTES + 24;
const DATABASE_BYTES = 48;
const DATABASE_FLAGS = 4;
const DATABASE_DEPTH = 6;
const DATABASE_ROOT = 40;
const META_LAST_PAGE = META_DATABASES + 2 * DATABASE_BYTES;
const META_TRANSACTION = META_LAST_PAGE + 8;
const META_BYTES = META_TRANSACTION + 8;
const NO_PAGE = 2n ** 64n - 1n;

const NODE_HEADER_BYTES = 8;
const NODE_BIG_DATA = 0x01;
const OVERFLOW_REFERENCE_BYTES = 24;

/** The file is not one that lmdb can be trusted with. The message follows "the database file". */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile';
}

/**
 * Reads every page of the current state once. @throws DamagedFile, or the error of the file system
 */
export function checkDatabaseFile(path: string): void {
  const fd = openSync(path, 'r');
  try {
    new PageWalk(fd, fstatSync(fd).size).run();
  } finally {
    closeSync(fd);
  }
}

class PageWalk {
  private readonly fd: number;
  private readonly fileBytes: number;
  private pageBytes = MIN_PAGE_BYTES;
  /** One bit a page: reached already. Each is reachable once. */
  private reached = new Uint8Array(0);

  constructor(fd: number, fileBytes: number) {
    this.fd = fd;
    this.fileBytes = fileBytes;
  }

  run(): void {
    const meta = this.currentMeta();
    const lastPage = meta.readBigUInt64LE(META_LAST_PAGE);
    this.reached = new Uint8Array(Math.ceil(this.fileBytes / this.pageBytes / 8));
    for (let database = 0; database < 2; database++) {
      const at = META_DATABASES + database * DATABASE_BYTES;
      // Of its flags only the free list's page size marker (integer keys, 0x08) occurs here.
      if (meta.readUInt16LE(at + DATABASE_FLAGS) & ~0x08) fail('holds a database that is not ours');
      const root = meta.readBigUInt64LE(at + DATABASE_ROOT);
      const depth = meta.readUInt16LE(at + DATABASE_DEPTH);
      if (root === NO_PAGE) continue;
      if (root > lastPage) fail(`has its root on page ${root}, beyond its last page ${lastPage}`);
      this.walk(Number(root), depth);
    }
  }

  /** The meta page of the newest transaction, as lmdb picks it. */
  private currentMeta(): Buffer {
    if (this.fileBytes === 0) fail('is empty');
    const first = this.readMeta(0);
    this.pageBytes = first.readUInt32LE(META_DATABASES);
    if (this.pageBytes < MIN_PAGE_BYTES || this.pageBytes > MAX_PAGE_BYTES || this.pageBytes & (this.pageBytes - 1)) {
      fail(`names a page size of ${this.pageBytes} bytes`);
    }
    const second = this.readMeta(this.pageBytes);
    const newer = second.readBigUInt64LE(META_TRANSACTION) > first.readBigUInt64LE(META_TRANSACTION);
    return newer ? second : first;
  }

  private readMeta(offset: number): Buffer {
    const meta = this.read(offset, META_BYTES, 'a meta page');
    const known =
      meta.readUInt16LE(PAGE_FLAGS) === META &&
      meta.readUInt32LE(PAGE_HEADER_BYTES) === MAGIC &&
      meta.readUInt16LE(META_VERSION) === DATA_VERSION;
    if (!known) fail(`has no lmdb meta page at byte ${offset}`);
    return meta;
  }

  /** Checks the tree of `depth` levels under page `number`. */
  private walk(number: number, depth: number): void {
    const page = this.readPage(number);
    const isLeaf = depth === 1;
    if (page.readUInt16LE(PAGE_FLAGS) !== (isLeaf ? LEAF : BRANCH)) {
      fail(`has something else on page ${number} than the ${isLeaf ? 'leaf' : 'branch'} that belongs there`);
    }
    const lower = page.readUInt16LE(PAGE_LOWER);
    const upper = page.readUInt16LE(PAGE_UPPER);
    const room = this.pageBytes - PAGE_HEADER_BYTES;
    if (lower > upper || upper > room || lower % 2 !== 0) fail(`has a page ${number} with wrong bounds`);
    if (!isLeaf && lower === 0) fail(`has a branch without leaves on page ${number}`);
    for (let pointer = 0; pointer < lower; pointer += 2) {
      const start = page.readUInt16LE(PAGE_HEADER_BYTES + pointer);
      if (start < upper || start + NODE_HEADER_BYTES > room) fail(`has a node outside of page ${number}`);
      const node = page.subarray(PAGE_HEADER_BYTES + start);
      if (isLeaf) this.checkLeafNode(number, node);
      else this.walk(this.childOf(number, node), depth - 1);
    }
  }

  private childOf(number: number, node: Buffer): number {
    if (NODE_HEADER_BYTES + node.readUInt16LE(6) > node.length) fail(`has a key outside of page ${number}`);
    return node.readUInt32LE(0) + node.readUInt16LE(4) * 2 ** 32;
  }

  private checkLeafNode(number: number, node: Buffer): void {
    const flags = node.readUInt16LE(4);
    const dataBytes = node.readUInt32LE(0);
    const dataStart = NODE_HEADER_BYTES + node.readUInt16LE(6);
    if (flags & ~NODE_BIG_DATA) fail(`has a node of an unknown kind on page ${number}`);
    const inPage = flags & NODE_BIG_DATA ? OVERFLOW_REFERENCE_BYTES : dataBytes;
    if (dataStart + inPage > node.length) fail(`has data outside of page ${number}`);
    if (flags & NODE_BIG_DATA) this.checkOverflow(Number(node.readBigUInt64LE(dataStart)), dataBytes);
  }

  /** A value too large for a leaf: a run of pages of which only the first has a header. */
  private checkOverflow(number: number, dataBytes: number): void {
    const header = this.readPage(number, PAGE_HEADER_BYTES);
    const needed = Math.ceil((PAGE_HEADER_BYTES + dataBytes) / this.pageBytes);
    const pages = header.readUInt32LE(OVERFLOW_PAGES);
    if (header.readUInt16LE(PAGE_FLAGS) !== OVERFLOW || pages < needed) {
      fail(`has something else on page ${number} than the large value that belongs there`);
    }
    if ((number + needed) * this.pageBytes > this.fileBytes) fail(`ends inside of the large value on page ${number}`);
  }

  private readPage(number: number, bytes = this.pageBytes): Buffer {
    const pagesInFile = Math.floor(this.fileBytes / this.pageBytes);
    if (number < META_PAGES || number >= pagesInFile) {
      fail(`refers to page ${number} but has only ${pagesInFile}: it was cut off, or damaged`);
    }
    if (this.isReached(number)) fail(`uses page ${number} twice`);
    this.reached[number >> 3] = (this.reached[number >> 3] ?? 0) | (1 << (number % 8));
    const page = this.read(number * this.pageBytes, bytes, `page ${number}`);
    if (page.readBigUInt64LE(PAGE_NUMBER) !== BigInt(number)) fail(`has something else where page ${number} belongs`);
    return page;
  }

  private isReached(number: number): boolean {
    return ((this.reached[number >> 3] ?? 0) & (1 << (number % 8))) !== 0;
  }

  private read(offset: number, bytes: number, what: string): Buffer {
    const buffer = Buffer.allocUnsafe(bytes);
    if (readSync(this.fd, buffer, 0, bytes, offset) !== bytes) fail(`ends inside of ${what}`);
    return buffer;
  }
}

function fail(what: string): never {
  throw new DamagedFile(what);
}
