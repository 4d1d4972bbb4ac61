/**
 * The journal in front of the log's database: what Raft appends is first written here, one frame a batch, with a single flush, and
 * goes into lmdb later, many batches in one transaction. A commit of lmdb flushes twice, the pages and then the meta page; a frame
 * is one write into blocks that the file has already, and one fdatasync.
 *
 * The file has a fixed length and is used in rounds. A round has an id, which the database names; frames begin at offset 0 and count
 * from sequence 0, and each is durable before the next is written. The transaction that takes a round's frames into the database names
 * the next id in it; that ends the round. So, whenever the process or the machine dies:
 *
 * - the frames of the round that the database names, in sequence from offset 0, are what the database lacks;
 * - whatever else is in the file is of an ended round, or a frame that was being written and that nobody relies on;
 * - a frame behind a damaged one shows that the damaged one had been durable: the log is refused. Damage to the last frame cannot be
 *   told from a write that was cut short.
 */
import { randomInt } from 'node:crypto';
import { closeSync, fdatasyncSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { decodeFrame, encodeFrame, frameBytes, hasLaterHead } from './journal-frame.js';
import type { FoundFrame, JournalRecord } from './journal-frame.js';
import { DamagedRecord, type JournalRound } from './records.js';

export const JOURNAL_FILE = 'journal';

const MAX_ID = 2 ** 48 - 1;

/** Makes the file, zeroed and durable but for its name in the folder. Returns what the database has to say of it. */
export function createJournal(path: string, fileBytes: number): JournalRound {
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeAll(fd, Buffer.alloc(fileBytes), 0);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return newRound(fileBytes);
}

/** With an id that no earlier round has had, and that nobody can guess. */
function newRound(fileBytes: number): JournalRound {
  return { id: randomInt(1, MAX_ID), fileBytes };
}

export class Journal {
  private readonly fd: number;
  private readonly lengthBytes: number;
  private id = 0;
  private sequence = 0;
  private position = 0;

  /** @throws the error of the file system when there is none */
  constructor(path: string) {
    this.fd = openSync(path, 'r+');
    this.lengthBytes = fstatSync(this.fd).size;
  }

  /** The round that the next transaction of the database begins by naming it. */
  nextRound(): JournalRound {
    return newRound(this.lengthBytes);
  }

  /** The frames of a round, in order. @throws DamagedRecord */
  read({ id, fileBytes }: JournalRound): readonly FoundFrame[] {
    if (this.lengthBytes !== fileBytes) throw new DamagedRecord(`has ${this.lengthBytes} of its ${fileBytes} bytes`);
    const journal = Buffer.allocUnsafe(this.lengthBytes);
    if (readSync(this.fd, journal, 0, journal.length, 0) !== journal.length) throw new DamagedRecord('is cut off');
    const frames: FoundFrame[] = [];
    let at = 0;
    for (;;) {
      const frame = decodeFrame(journal, at);
      if (frame?.id !== id || frame.sequence !== frames.length) break;
      frames.push(frame);
      at += frame.bytes;
    }
    if (hasLaterHead(journal, at, id, frames.length + 1)) {
      throw new DamagedRecord(`is damaged at byte ${at}, before batches that were written later`);
    }
    return frames;
  }

  /** Begins a round: the database names it, and holds all that was in the round before. */
  begin({ id }: JournalRound): void {
    this.id = id;
    this.sequence = 0;
    this.position = 0;
  }

  /** Whether a frame of these records can still be written in this round. */
  hasRoom(records: readonly JournalRecord[]): boolean {
    return this.position + frameBytes(records) <= this.lengthBytes;
  }

  /** Whether it could in an empty one. */
  fitsRound(records: readonly JournalRecord[]): boolean {
    return frameBytes(records) <= this.lengthBytes;
  }

  /** Writes the next frame, for which there is room. It is durable when this returns; after an error nothing more may be written. */
  append(firstReplaced: number, records: readonly JournalRecord[]): void {
    const frame = encodeFrame({ id: this.id, sequence: this.sequence, firstReplaced, records });
    writeAll(this.fd, frame, this.position);
    fdatasyncSync(this.fd);
    this.position += frame.length;
    this.sequence += 1;
  }

  close(): void {
    closeSync(this.fd);
  }
}

function writeAll(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}
