/** What the errors of lmdb and of the file system mean to the operator of a node. */
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { DcacheError } from '../../base/errors.js';
import { isRecord } from './records.js';

/** lmdb.h, "Return Codes", and errno.h. lmdb-js passes both on as a numeric `code`, the file system as a name. */
const DISK_FULL_CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 28, 122, 27, -30792]);
const IO_ERROR_CODE = 5;
const CORRUPT_CODES: ReadonlySet<unknown> = new Set([
  'EIO',
  IO_ERROR_CODE,
  -30797,
  -30796,
  -30795,
  -30794,
  -30793,
  -30779,
]);
const PROBE_BYTES = 4_096;
const FORBIDDEN_CODES: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 13, 1, 30, 20]);

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
  const cutShort = isRecord(error) && error['code'] === IO_ERROR_CODE;
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
