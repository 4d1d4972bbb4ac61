/**
 * Opens the log of a data folder: makes a new one where there is none, takes over what is in order, and refuses the rest with the
 * reason. A log that cannot be read is never replaced by an empty one: that would be a node that has forgotten its vote.
 *
 * A new log is made in a folder beside its place and renamed, so that a crash half-way leaves nothing that looks like a log,
 * and a folder `log` without a whole database in it is always damage.
 */
import { open } from 'lmdb';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EMPTY_BYTES } from '../../base/bytes.js';
import { describeBrokenExtent } from '../../raft/log-rules.js';
import type { RaftLog } from '../../raft/log-store.js';
import { EMPTY_CONF_STATE, EMPTY_HARD_STATE, type Entry } from '../../raft/types.js';
import { checkDatabaseFile, DamagedFile } from './database-file.js';
import { dataCorrupt, diskError } from './disk-errors.js';
import { EntryTail } from './entry-tail.js';
import { holdHere, isOwner, newOwner, type Owner, refuseLiveOwner, releaseHere } from './owner.js';
import { LmdbRaftLog, type LogDatabase, type StoredLog } from './raft-log.js';
import {
  DamagedRecord,
  decodeBase,
  decodeEntry,
  decodeFormat,
  decodeHardState,
  decodeIdentity,
  decodeJson,
  decodeSnapshot,
  encodeBase,
  encodeFormat,
  encodeHardState,
  encodeJson,
  encodeSnapshot,
  FORMAT_VERSION,
  indexOfEntryKey,
  KEYS,
} from './records.js';

const LOG_FOLDER = 'log';
const UNFINISHED_PREFIX = 'log-unfinished-';
const DATABASE_FILE = 'data.mdb';
const LOCK_FILE = 'lock.mdb';
/** At least what lmdb makes it for its default number of readers. */
const LOCK_FILE_BYTES = 16_384;

export interface OpenLogOptions {
  /** The node's data folder, made if need be. The log lies in `log` below it. */
  readonly folder: string;
  /** Bound on the bytes of the newest entries kept in memory; LIMITS.maxLogTailBytes in a node. */
  readonly maxTailBytes: number;
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
    if (!existsSync(place)) await createLog(place);
    checkDatabaseFile(path);
    allocateLockFile(place);
  } catch (error) {
    throw openError(folder, error);
  }
  const database = openDatabase(folder, place);
  const owner = newOwner();
  try {
    const found = database.transactionSync(() => takeOver(database, options, owner));
    holdHere(owner);
    removeUnfinished(folder);
    return { log: new LmdbRaftLog(folder, path, database, found), close: () => closeLog(database, folder, owner) };
  } catch (error) {
    releaseHere(owner);
    await database.close();
    throw openError(folder, error);
  }
}

/** Within a write transaction, so that no other process can own or change the log meanwhile; undone when it throws. */
function takeOver(database: LogDatabase, { folder, maxTailBytes }: OpenLogOptions, owner: Owner): StoredLog {
  checkFormat(database, folder);
  const present = ownerOf(database);
  if (present !== undefined) refuseLiveOwner(folder, present);
  const found = readLog(database, folder, maxTailBytes);
  database.putSync(KEYS.owner, encodeJson(KEYS.owner, owner));
  return found;
}

async function createLog(place: string): Promise<void> {
  const parent = dirname(place);
  mkdirSync(parent, { recursive: true });
  const unfinished = mkdtempSync(join(parent, UNFINISHED_PREFIX));
  allocateLockFile(unfinished);
  const database = openLmdb(unfinished);
  try {
    database.transactionSync(() => {
      database.putSync(KEYS.format, encodeFormat(FORMAT_VERSION));
      database.putSync(KEYS.base, encodeBase({ index: 0, term: 0 }));
      database.putSync(KEYS.hardState, encodeHardState(EMPTY_HARD_STATE));
      const metadata = { index: 0, term: 0, confState: EMPTY_CONF_STATE };
      database.putSync(KEYS.snapshot, encodeSnapshot({ metadata, data: EMPTY_BYTES }));
    });
  } finally {
    await database.close();
  }
  try {
    renameSync(unfinished, place);
  } catch (error) {
    if (!existsSync(place)) throw error; // otherwise another process was faster; whose it is shows when it is opened
  }
  const fd = openSync(parent, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

/** lmdb writes to its lock file through a mapping, which on a full disk kills the process unless the file has its blocks. */
function allocateLockFile(place: string): void {
  const path = join(place, LOCK_FILE);
  if (existsSync(path)) return;
  try {
    writeFileSync(path, new Uint8Array(LOCK_FILE_BYTES), { mode: 0o600 });
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/** What is left of creations that were cut short. Only the owner of the folder may do this. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(UNFINISHED_PREFIX)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function openDatabase(folder: string, place: string): LogDatabase {
  try {
    return openLmdb(place);
  } catch (error) {
    throw diskError(folder, 'opening', error);
  }
}

/** Without `overlappingSync` a synchronous transaction is durable when it returns, as in plain lmdb. */
function openLmdb(place: string): LogDatabase {
  return open<Buffer, Buffer>({
    path: place,
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: false,
    cache: false,
    maxDbs: 1,
  });
}

function checkFormat(database: LogDatabase, folder: string): void {
  const version = decodeFormat(required(database, KEYS.format, 'format version'));
  if (version === FORMAT_VERSION) return;
  const what = `the log has format version ${version}, and this version of dcache reads ${FORMAT_VERSION}`;
  throw dataCorrupt(folder, `${what}: run the version that wrote it`);
}

function ownerOf(database: LogDatabase): Owner | undefined {
  const value = database.get(KEYS.owner);
  if (value === undefined) return undefined;
  const owner = decodeJson(KEYS.owner, value);
  if (!isOwner(owner)) throw new DamagedRecord('of the owner is not one');
  return owner;
}

async function closeLog(database: LogDatabase, folder: string, owner: Owner): Promise<void> {
  releaseHere(owner);
  try {
    database.transactionSync(() => {
      if (ownerOf(database)?.nonce === owner.nonce) database.removeSync(KEYS.owner);
    });
  } catch (error) {
    throw diskError(folder, 'closing', error);
  } finally {
    await database.close();
  }
}

function readLog(database: LogDatabase, folder: string, maxTailBytes: number): StoredLog {
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

function openError(folder: string, error: unknown): Error {
  if (error instanceof DamagedFile) return dataCorrupt(folder, `the database file ${error.message}`, error);
  if (error instanceof DamagedRecord) return dataCorrupt(folder, `the record ${error.message}`, error);
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  if (missing) return dataCorrupt(folder, `the log has no ${DATABASE_FILE}`, error);
  return diskError(folder, 'opening', error);
}
