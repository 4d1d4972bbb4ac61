/**
 * The bytes of a log entry: what one request changed in a partition's store, as location commands, and the counters of the store
 * after it. Integers are varints, tags, locations and checksums 4 bytes.
 *
 *   entry    header command*
 *   header   time, keys, bytes with an expiry, large values
 *   open     1 segment, head
 *   put      2 to, tag, superseded records, adopted records, record
 *   move     3 to, from, tag, record
 *   remove   4 reason, version of the fragments or 0, records
 *   seal     5 segment, length, checksum, serial
 *   release  6 segment, checksum, bytes
 *   lose     7 segment, checksum, bytes of live records, records (of size 0)
 *
 * Superseded and removed records come with tag and size, because a member that has folded a segment cannot read them there.
 * `adopted` and the fragments' version are for taking an entry back (undo-entry.ts) only.
 */
import { ByteReader, MalformedBytes } from '../base/byte-reader.js';
import { ByteWriter } from '../base/byte-writer.js';
import { concatBytes } from '../base/bytes.js';
import { type Location, UNIT_BYTES } from '../store/layout.js';
import type { RemoveReason } from '../store/location-commands.js';
import { RecordRefs } from '../store/record-refs.js';
import type { Head } from '../store/segment.js';
import type { SegmentStore } from '../store/segment-store.js';

/** What a store counts beside its segments, after the entry: a new primary goes on with it. */
export interface EntryHeader {
  readonly timeMs: number;
  readonly keys: number;
  readonly expiringBytes: number;
  readonly largeValues: number;
}

/** Is told the commands of an entry in their order. All arguments are borrowed for the call. */
export interface EntryVisitor {
  open(segment: number, head: Head): void;
  /** `adopted`: the fragments that this record, a head, makes visible. */
  put(to: Location, tag: number, supersedes: RecordRefs, record: Uint8Array, adopted: RecordRefs): void;
  move(to: Location, from: Location, tag: number, record: Uint8Array): void;
  /** `fragmentsOf`: 0, or the version of the fragments that these are and that never got a head. */
  remove(records: RecordRefs, reason: RemoveReason, fragmentsOf: number): void;
  seal(segment: number, length: number, checksum: number, serial: number): void;
  release(segment: number, checksum: number, bytes: Uint8Array): void;
  /** Nobody has the bytes of the segment any more; `records` are all that the index had in it, `liveBytes` what they took. */
  lose(segment: number, checksum: number, liveBytes: number, records: RecordRefs): void;
}

export const EMPTY_HEADER: EntryHeader = { timeMs: 0, keys: 0, expiringBytes: 0, largeValues: 0 };

const OPEN = 1;
const PUT = 2;
const MOVE = 3;
const REMOVE = 4;
const SEAL = 5;
const RELEASE = 6;
const LOSE = 7;
const HEADS: readonly Head[] = ['write', 'move'];
const REASONS: readonly RemoveReason[] = ['delete', 'expire', 'evict'];

/** The header that an entry would have now. */
export function headerOf(store: SegmentStore): EntryHeader {
  const { clockMs, keys, expiringBytes, largeValues } = store.counters;
  return { timeMs: clockMs, keys, expiringBytes, largeValues };
}

export function encodeHeader(header: EntryHeader): Uint8Array {
  const writer = new ByteWriter(32);
  writer.varint(header.timeMs).varint(header.keys).varint(header.expiringBytes).varint(header.largeValues);
  return writer.finish();
}

/** Reads the header of an entry, or a header alone. */
export function decodeHeader(bytes: Uint8Array): EntryHeader {
  return readHeader(new ByteReader(bytes));
}

function readHeader(reader: ByteReader): EntryHeader {
  return {
    timeMs: reader.varint(),
    keys: reader.varint(),
    expiringBytes: reader.varint(),
    largeValues: reader.varint(),
  };
}

/** Collects the commands of one entry. Copies all arguments. */
export class EntryWriter implements EntryVisitor {
  private readonly writer = new ByteWriter(4096);

  /** Bytes of the commands so far. */
  get length(): number {
    return this.writer.length;
  }

  open(segment: number, head: Head): void {
    this.writer.uint8(OPEN).varint(segment).uint8(HEADS.indexOf(head));
  }

  put(to: Location, tag: number, supersedes: RecordRefs, record: Uint8Array, adopted: RecordRefs): void {
    this.writer.uint8(PUT).int32(to).int32(tag);
    this.refs(supersedes);
    this.refs(adopted);
    this.writer.lengthAndBytes(record);
  }

  move(to: Location, from: Location, tag: number, record: Uint8Array): void {
    this.writer.uint8(MOVE).int32(to).int32(from).int32(tag).lengthAndBytes(record);
  }

  remove(records: RecordRefs, reason: RemoveReason, fragmentsOf: number): void {
    this.writer.uint8(REMOVE).uint8(REASONS.indexOf(reason)).varint(fragmentsOf);
    this.refs(records);
  }

  seal(segment: number, length: number, checksum: number, serial: number): void {
    this.writer.uint8(SEAL).varint(segment).varint(length).int32(checksum).varint(serial);
  }

  release(segment: number, checksum: number, bytes: Uint8Array): void {
    this.writer.uint8(RELEASE).varint(segment).int32(checksum).lengthAndBytes(bytes);
  }

  lose(segment: number, checksum: number, liveBytes: number, records: RecordRefs): void {
    this.writer.uint8(LOSE).varint(segment).int32(checksum).varint(liveBytes);
    this.refs(records);
  }

  /** The entry, in memory of its own; the writer is empty afterwards. */
  finish(header: EntryHeader): Uint8Array {
    const entry = concatBytes([encodeHeader(header), this.writer.written()]);
    this.writer.clear();
    return entry;
  }

  private refs(refs: RecordRefs): void {
    this.writer.varint(refs.count);
    for (let i = 0; i < refs.count; i++) {
      this.writer
        .int32(refs.tag(i))
        .int32(refs.location(i))
        .varint(refs.sizeBytes(i) / UNIT_BYTES);
    }
  }
}

/**
 * Calls `visitor` for each command of an entry whose kind it wants to know of. Returns the header.
 * @throws MalformedBytes
 */
export function visitEntry(bytes: Uint8Array, visitor: Partial<EntryVisitor>): EntryHeader {
  const reader = new ByteReader(bytes);
  const header = readHeader(reader);
  const refs = new RecordRefs();
  const adopted = new RecordRefs();
  while (reader.remaining > 0) visitCommand(reader, visitor, refs, adopted);
  return header;
}

function visitCommand(reader: ByteReader, visitor: Partial<EntryVisitor>, refs: RecordRefs, adopted: RecordRefs): void {
  const kind = reader.uint8();
  switch (kind) {
    case OPEN: {
      const segment = reader.varint();
      const head = oneOf(HEADS, reader.uint8());
      visitor.open?.(segment, head);
      return;
    }
    case PUT: {
      const to = reader.int32();
      const tag = reader.int32();
      readRefs(reader, refs);
      readRefs(reader, adopted);
      const record = reader.lengthAndBytes();
      visitor.put?.(to, tag, refs, record, adopted);
      return;
    }
    case MOVE: {
      const [to, from, tag] = [reader.int32(), reader.int32(), reader.int32()];
      const record = reader.lengthAndBytes();
      visitor.move?.(to, from, tag, record);
      return;
    }
    case REMOVE: {
      const reason = oneOf(REASONS, reader.uint8());
      const fragmentsOf = reader.varint();
      readRefs(reader, refs);
      visitor.remove?.(refs, reason, fragmentsOf);
      return;
    }
    case SEAL: {
      const [segment, length, checksum, serial] = [reader.varint(), reader.varint(), reader.int32(), reader.varint()];
      visitor.seal?.(segment, length, checksum, serial);
      return;
    }
    case RELEASE: {
      const [segment, checksum] = [reader.varint(), reader.int32()];
      const bytes = reader.lengthAndBytes();
      visitor.release?.(segment, checksum, bytes);
      return;
    }
    case LOSE: {
      const [segment, checksum, liveBytes] = [reader.varint(), reader.int32(), reader.varint()];
      readRefs(reader, refs);
      visitor.lose?.(segment, checksum, liveBytes, refs);
      return;
    }
    default:
      throw new MalformedBytes(`${kind} is no location command`);
  }
}

function readRefs(reader: ByteReader, refs: RecordRefs): void {
  refs.clear();
  for (let left = reader.varint(); left > 0; left--) {
    const [tag, location] = [reader.int32(), reader.int32()];
    refs.add(tag, location, reader.varint() * UNIT_BYTES);
  }
}

function oneOf<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new MalformedBytes(`${index} is beyond a list of ${list.length}`);
  return found;
}
