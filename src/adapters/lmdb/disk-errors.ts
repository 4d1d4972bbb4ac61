/** What the errors of lmdb and of the file system mean to the operator of a node. */
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { DcacheError } from '../../base/errors.js';
import { isRecord } from './records.js';

/** lmdb.h, "Return Codes". lmdb-js passes these and the system's error numbers on as a numeric `code`. */
const MDB = {
  pageNotFound: -30797,
  corrupted: -30796,
  panic: -30795,
  versionMismatch: -30794,
  invalid: -30793,
  mapFull: -30792,
  problem: -30779,
} as const;

/** An error of the system under both of its codes: Node's name, and the number that comes through lmdb. */
const system = (...names: (keyof typeof constants.errno)[]): unknown[] =>
  names.flatMap((name) => [name, constants.errno[name]]);

const DISK_FULL_CODES: ReadonlySet<unknown> = new Set([...system('ENOSPC', 'EDQUOT', 'EFBIG'), MDB.mapFull]);
const FORBIDDEN_CODES: ReadonlySet<unknown> = new Set(system('EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'));
const CORRUPT_CODES: ReadonlySet<unknown> = new Set([
  ...system('EIO'),
  MDB.pageNotFound,
  MDB.corrupted,
  MDB.panic,
  MDB.versionMismatch,
  MDB.invalid,
  MDB.problem,
]);
const PROBE_BYTES = 4_096;

/** The data in `folder` cannot be used. `what` is a sentence; the way out is added. */
export function dataCorrupt(folder: string, what: string, cause?: unknown): DcacheError {
  const wayOut = 'restore the folder from a copy, or remove it so that this node joins anew and refills from its peers';
  return new DcacheError('DATA_CORRUPT', `data folder ${folder}: ${what}; ${wayOut}`, { cause });
}

/** `error`, which came up while the log in `folder` was being `doing`, as what it means. A DcacheError stays itself. */
export function diskError(folder: string, doing: string, error: unknown): DcacheError {
  if (error instanceof DcacheError) return error;
  const code = isRecord(error) ? error['code'] : undefined;
  const reason = error instanceof Error ? error.message : String(error);
  if (DISK_FULL_CODES.has(code)) {
    const message = `data folder ${folder}: no space left while ${doing}; free some and start the node again`;
    return new DcacheError('DISK_FULL', message, { cause: error });
  }
  if (CORRUPT_CODES.has(code)) return dataCorrupt(folder, `the log failed while ${doing} (${reason})`, error);
  if (FORBIDDEN_CODES.has(code)) {
    const message = `data folder ${folder} cannot be used: ${reason}; choose another one or change its permissions`;
    return new DcacheError('CONFIG_INVALID', message, { cause: error });
  }
  return new DcacheError('INTERNAL', `data folder ${folder}: ${doing} failed: ${reason}`, { cause: error });
}

/**
 * As `diskError`, for a failed write to the database at `path`. lmdb calls a write that was cut short EIO, full disk or not; so the
 * disk is asked again, with a page after the end of the file, which belongs to no state of the database. There must be no
 * write to the database afterwards.
 */
export function writeError(folder: string, path: string, doing: string, error: unknown): DcacheError {
  const cutShort = isRecord(error) && error['code'] === constants.errno.EIO;
  return diskError(folder, doing, (cutShort ? writeProbe(path) : undefined) ?? error);
}

/** The error of writing a page at the end of the file; undefined when that succeeds. */
function writeProbe(path: string): unknown {
  try {
    const fd = openSync(path, 'r+');
    try {
      const { size } = fstatSync(fd);
      const written = writeSync(fd, new Uint8Array(PROBE_BYTES), 0, PROBE_BYTES, size);
      if (written < PROBE_BYTES) writeSync(fd, new Uint8Array(PROBE_BYTES), 0, PROBE_BYTES, size + written);
      return undefined;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return error;
  }
}
