/** Reads a whole log and checks that it is one: every record by its checksum, the entries by their order, the ends by the rules. */
import { describeBrokenExtent, type LogExtent } from '../../raft/log-rules.js';
import type { LogIdentity } from '../../raft/log-store.js';
import type { Entry } from '../../raft/types.js';
import type { LogDatabase } from './database.js';
import { dataCorrupt } from './disk-errors.js';
import { EntryTail } from './entry-tail.js';
import type { JournalFrame } from './journal-frame.js';
import type { Journal } from './journal.js';
import {
  DamagedRecord,
  decodeBase,
  decodeEntry,
  decodeFormat,
  decodeHardState,
  decodeIdentity,
  decodeRound,
  decodeSnapshot,
  entryKey,
  FORMAT_VERSION,
  indexOfEntryKey,
  type JournalRound,
  KEYS,
} from './records.js';

/** What is in the database when it is in order. */
export interface StoredLog {
  readonly extent: LogExtent;
  readonly identity: LogIdentity | undefined;
  /** Index of the first entry that is stored, which may lie below the base; last + 1 when there is none. */
  readonly firstStored: number;
  readonly tail: EntryTail;
}

/** @throws DcacheError DATA_CORRUPT for another version, DamagedRecord for no version at all */
export function checkFormat(database: LogDatabase, folder: string): void {
  const version = decodeFormat(required(database, KEYS.format, 'format version'));
  if (version === FORMAT_VERSION) return;
  const what = `the log has format version ${version}, and this version of dcache reads ${FORMAT_VERSION}`;
  throw dataCorrupt(folder, `${what}: run the version that wrote it`);
}

/**
 * Takes into the database what the journal has more, within a transaction.
 * @throws DcacheError DATA_CORRUPT, or DamagedRecord
 */
export function readJournal(database: LogDatabase, journal: Journal, folder: string): void {
  const round = decodeRound(required(database, KEYS.journal, 'journal'));
  for (const { firstReplaced, records } of framesOf(journal, round, folder)) {
    const replaced = database.getKeys({ start: entryKey(firstReplaced), end: KEYS.entriesEnd });
    for (const key of [...replaced]) database.removeSync(key);
    for (const { key, value } of records) database.putSync(key, value);
  }
}

function framesOf(journal: Journal, round: JournalRound, folder: string): readonly JournalFrame[] {
  try {
    return journal.read(round);
  } catch (error) {
    if (!(error instanceof DamagedRecord)) throw error;
    throw dataCorrupt(folder, `the journal ${error.message}`, error);
  }
}

/** @throws DcacheError DATA_CORRUPT, or DamagedRecord, whose message lacks the folder */
export function readLog(database: LogDatabase, folder: string, maxTailBytes: number): StoredLog {
  const base = decodeBase(required(database, KEYS.base, 'beginning'));
  const hardState = decodeHardState(required(database, KEYS.hardState, 'hard state'));
  const snapshot = decodeSnapshot(required(database, KEYS.snapshot, 'snapshot'));
  const identity = database.get(KEYS.identity);
  const tail = new EntryTail(maxTailBytes);
  let firstStored: number | undefined;
  let last = base;
  for (const { key, value } of database.getRange({ start: KEYS.entriesStart, end: KEYS.entriesEnd })) {
    const index = indexOfEntryKey(key);
    firstStored ??= index;
    if (index <= base.index) continue; // compacted, and not removed yet
    const entry = readEntry(key, value, index);
    if (index !== last.index + 1) {
      throw dataCorrupt(folder, `the log jumps from entry ${last.index} to entry ${index}`);
    }
    if (entry.term < last.term) {
      throw dataCorrupt(folder, `the log goes back from term ${last.term} to ${entry.term} at entry ${index}`);
    }
    tail.push(entry);
    last = entry;
  }
  const extent = { base, last: { index: last.index, term: last.term }, hardState, snapshot };
  const broken = describeBrokenExtent(extent);
  if (broken !== undefined) throw dataCorrupt(folder, `the log ${broken}`);
  return {
    extent,
    identity: identity === undefined ? undefined : decodeIdentity(identity),
    firstStored: firstStored ?? last.index + 1,
    tail,
  };
}

function readEntry(key: Buffer, value: Buffer, index: number): Entry {
  try {
    return decodeEntry(key, value);
  } catch (error) {
    if (!(error instanceof DamagedRecord)) throw error;
    throw new DamagedRecord(`of entry ${index} ${error.message}`, { cause: error });
  }
}

function required(database: LogDatabase, key: Buffer, what: string): Buffer {
  const value = database.get(key);
  if (value === undefined) throw new DamagedRecord(`of its ${what} is missing`);
  return value;
}
