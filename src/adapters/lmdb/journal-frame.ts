/**
 * One batch of the journal (journal.ts) as bytes. All integers are big-endian:
 *
 *   head       CRC-32C:u32 (of all that follows in head and directory) id:u64 sequence:u32 first-replaced:u64 records:u32 bytes:u32
 *   directory  for each record: key-length:u32 value-length:u32
 *   records    key and value, as they go into the database (records.ts), each with its own CRC-32C
 *   padding    zeros, to a multiple of 8 bytes
 *
 * The checksum of the head covers the lengths and each record covers itself, so the bytes of a large entry are summed up once.
 */
import { crc32c } from '../../base/crc32c.js';
import { isSealed } from './records.js';

export interface JournalRecord {
  readonly key: Buffer;
  readonly value: Buffer;
}

export interface JournalFrame {
  /** Of the round of the journal that it is part of, below 2^48. */
  readonly id: number;
  /** Counts the frames of the round, from 0. */
  readonly sequence: number;
  /** Entries from this index on, as far as there were any, are replaced by those in `records`. */
  readonly firstReplaced: number;
  readonly records: readonly JournalRecord[];
}

const ALIGNMENT_BYTES = 8;
const CHECKSUM_BYTES = 4;
const ID = 4;
const SEQUENCE = 12;
const FIRST_REPLACED = 16;
const RECORDS = 24;
const BYTES = 28;
const HEAD_BYTES = 32;
const DIRECTORY_ENTRY_BYTES = 8;
const U32 = 2 ** 32;

/** Length of the frame of these records, padding included. */
export function frameBytes(records: readonly JournalRecord[]): number {
  let bytes = HEAD_BYTES + DIRECTORY_ENTRY_BYTES * records.length;
  for (const { key, value } of records) bytes += key.length + value.length;
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/** A new buffer; the records are copied into it. */
export function encodeFrame({ id, sequence, firstReplaced, records }: JournalFrame): Buffer {
  const bytes = frameBytes(records);
  const frame = Buffer.allocUnsafe(bytes);
  const headEnd = HEAD_BYTES + DIRECTORY_ENTRY_BYTES * records.length;
  writeU64(frame, ID, id);
  frame.writeUInt32BE(sequence, SEQUENCE);
  writeU64(frame, FIRST_REPLACED, firstReplaced);
  frame.writeUInt32BE(records.length, RECORDS);
  frame.writeUInt32BE(bytes, BYTES);
  let directoryAt = HEAD_BYTES;
  let at = headEnd;
  for (const { key, value } of records) {
    frame.writeUInt32BE(key.length, directoryAt);
    frame.writeUInt32BE(value.length, directoryAt + 4);
    directoryAt += DIRECTORY_ENTRY_BYTES;
    frame.set(key, at);
    frame.set(value, at + key.length);
    at += key.length + value.length;
  }
  frame.fill(0, at);
  frame.writeUInt32BE(crc32c(frame.subarray(CHECKSUM_BYTES, headEnd)), 0);
  return frame;
}

/** A frame as it was found, `bytes` long. Its records share the memory that it was read from. */
export interface FoundFrame extends JournalFrame {
  readonly bytes: number;
}

/** The whole frame at offset `at`; undefined where there is none, or a part of one. */
export function decodeFrame(journal: Buffer, at: number): FoundFrame | undefined {
  const head = decodeHead(journal, at);
  if (head === undefined) return undefined;
  const records: JournalRecord[] = [];
  let recordAt = at + head.headEnd;
  for (let i = 0; i < head.recordCount; i++) {
    const lengths = at + HEAD_BYTES + DIRECTORY_ENTRY_BYTES * i;
    const valueAt = recordAt + journal.readUInt32BE(lengths);
    const end = valueAt + journal.readUInt32BE(lengths + 4);
    if (end > at + head.bytes) return undefined;
    const record = { key: journal.subarray(recordAt, valueAt), value: journal.subarray(valueAt, end) };
    if (!isSealed(record.key, record.value)) return undefined;
    records.push(record);
    recordAt = end;
  }
  const { id, sequence, firstReplaced, bytes } = head;
  return { id, sequence, firstReplaced, records, bytes };
}

/**
 * Whether the head of a frame of round `id` with a sequence of at least `sequence` lies anywhere from offset `from` on. `id` is drawn
 * at random, so that no value that a client sets looks like one.
 */
export function hasLaterHead(journal: Buffer, from: number, id: number, sequence: number): boolean {
  const wanted = Buffer.allocUnsafe(8);
  writeU64(wanted, 0, id);
  for (let found = journal.indexOf(wanted, from + ID); found >= 0; found = journal.indexOf(wanted, found + 1)) {
    const head = decodeHead(journal, found - ID);
    if (head !== undefined && head.sequence >= sequence) return true;
  }
  return false;
}

interface Head {
  readonly id: number;
  readonly sequence: number;
  readonly firstReplaced: number;
  readonly recordCount: number;
  readonly bytes: number;
  /** From the beginning of the frame. */
  readonly headEnd: number;
}

function decodeHead(journal: Buffer, at: number): Head | undefined {
  if (at + HEAD_BYTES > journal.length) return undefined;
  const recordCount = journal.readUInt32BE(at + RECORDS);
  const bytes = journal.readUInt32BE(at + BYTES);
  const headEnd = HEAD_BYTES + DIRECTORY_ENTRY_BYTES * recordCount;
  if (headEnd > bytes || at + bytes > journal.length) return undefined;
  const checksum = crc32c(journal.subarray(at + CHECKSUM_BYTES, at + headEnd));
  if (checksum !== journal.readUInt32BE(at)) return undefined;
  return {
    id: readU64(journal, at + ID),
    sequence: journal.readUInt32BE(at + SEQUENCE),
    firstReplaced: readU64(journal, at + FIRST_REPLACED),
    recordCount,
    bytes,
    headEnd,
  };
}

function writeU64(target: Buffer, at: number, integer: number): void {
  target.writeUInt32BE(Math.floor(integer / U32), at);
  target.writeUInt32BE(integer % U32, at + 4);
}

function readU64(source: Buffer, at: number): number {
  return source.readUInt32BE(at) * U32 + source.readUInt32BE(at + 4);
}
