/**
 * Opens the log of a data folder: makes a new one where there is none, takes over what is in order, and refuses the rest with the
 * reason. A log that cannot be read is never replaced by an empty one: that would be a node that has forgotten its vote.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RaftLog } from '../../raft/log-store.js';
import { createLog, removeUnfinished } from './create-log.js';
import { allocateLockFile, DATABASE_FILE, type LogDatabase, openLmdb } from './database.js';
import { checkDatabaseFile, DamagedFile } from './check-file.js';
import { dataCorrupt, diskError } from './disk-errors.js';
import { holdHere, isOwner, newOwner, type Owner, refuseLiveOwner, releaseHere } from './owner.js';
import { LmdbRaftLog } from './raft-log.js';
import { Journal, JOURNAL_FILE } from './journal.js';
import { checkFormat, readJournal, readLog, type StoredLog } from './read-log.js';
import { DamagedRecord, decodeJson, encodeJson, encodeRound, type JournalRound, KEYS } from './records.js';

const LOG_FOLDER = 'log';

export interface OpenLogOptions {
  /** The node's data folder, made if need be. The log lies in `log` below it. */
  readonly folder: string;
  /** Bound on the bytes of the newest entries kept in memory; LIMITS.maxLogTailBytes in a node. */
  readonly maxTailBytes: number;
  /** Length of the journal that a new log gets; LIMITS.journalBytes in a node. */
  readonly journalBytes: number;
}

export interface OpenLog {
  readonly log: RaftLog;
  /** Releases the folder. The log must not be used any more. */
  readonly close: () => Promise<void>;
}

/**
 * Reads and checks the whole log, so it takes time in proportion to it (about 1 s per GB).
 * @throws DcacheError DATA_CORRUPT when the folder holds something else than an intact log of this format version;
 * NODE_ID_IN_USE when a live process has it open; DISK_FULL or CONFIG_INVALID when it cannot be written
 */
export async function openRaftLog(options: OpenLogOptions): Promise<OpenLog> {
  const { folder } = options;
  const place = resolve(folder, LOG_FOLDER);
  const path = join(place, DATABASE_FILE);
  try {
    if (!existsSync(place)) await createLog(place, options.journalBytes);
    checkDatabaseFile(path);
    allocateLockFile(place);
  } catch (error) {
    throw openError(folder, error);
  }
  const database = openDatabase(folder, place);
  const owner = newOwner();
  let journal: Journal | undefined;
  try {
    const opened = openJournal(folder, join(place, JOURNAL_FILE));
    journal = opened;
    const round = opened.nextRound();
    const found = database.transactionSync(() => takeOver(database, opened, options, owner, round));
    opened.begin(round);
    holdHere(owner);
    removeUnfinished(folder);
    const log = new LmdbRaftLog(folder, path, database, opened, found);
    return { log, close: () => closeLog(log, database, opened, folder, owner) };
  } catch (error) {
    releaseHere(owner);
    journal?.close();
    await database.close();
    throw openError(folder, error);
  }
}

/** Within a write transaction, so that no other process can own or change the log meanwhile; undone when it throws. */
function takeOver(
  database: LogDatabase,
  journal: Journal,
  { folder, maxTailBytes }: OpenLogOptions,
  owner: Owner,
  round: JournalRound,
): StoredLog {
  checkFormat(database, folder);
  const present = ownerOf(database);
  if (present !== undefined) refuseLiveOwner(folder, present);
  readJournal(database, journal, folder);
  database.putSync(KEYS.journal, encodeRound(round));
  const found = readLog(database, folder, maxTailBytes);
  database.putSync(KEYS.owner, encodeJson(KEYS.owner, owner));
  return found;
}

function openDatabase(folder: string, place: string): LogDatabase {
  try {
    return openLmdb(place);
  } catch (error) {
    throw diskError(folder, 'opening', error);
  }
}

function openJournal(folder: string, path: string): Journal {
  try {
    return new Journal(path);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing) throw dataCorrupt(folder, `the log has no ${JOURNAL_FILE}`, error);
    throw diskError(folder, 'opening', error);
  }
}

function ownerOf(database: LogDatabase): Owner | undefined {
  const value = database.get(KEYS.owner);
  if (value === undefined) return undefined;
  const owner = decodeJson(KEYS.owner, value);
  if (!isOwner(owner)) throw new DamagedRecord('of the owner is not one');
  return owner;
}

/** A folder that was closed has everything in its database. */
async function closeLog(
  log: LmdbRaftLog,
  database: LogDatabase,
  journal: Journal,
  folder: string,
  owner: Owner,
): Promise<void> {
  releaseHere(owner);
  try {
    log.emptyJournal();
    database.transactionSync(() => {
      if (ownerOf(database)?.nonce === owner.nonce) database.removeSync(KEYS.owner);
    });
  } catch (error) {
    throw diskError(folder, 'closing', error);
  } finally {
    journal.close();
    await database.close();
  }
}

function openError(folder: string, error: unknown): Error {
  if (error instanceof DamagedFile) return dataCorrupt(folder, `the database file ${error.message}`, error);
  if (error instanceof DamagedRecord) return dataCorrupt(folder, `the record ${error.message}`, error);
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  if (missing) return dataCorrupt(folder, `the log has no ${DATABASE_FILE}`, error);
  return diskError(folder, 'opening', error);
}
