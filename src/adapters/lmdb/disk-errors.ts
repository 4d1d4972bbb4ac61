/** What the errors of lmdb and of the file system mean to the operator of a node. */
import { DcacheError } from '../../base/errors.js';
import { isRecord } from './records.js';

/** lmdb.h, "Return Codes", and errno.h. lmdb-js passes both on as a numeric `code`, the file system as a name. */
const DISK_FULL_CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 28, 122, 27, -30792]);
const CORRUPT_CODES: ReadonlySet<unknown> = new Set(['EIO', 5, -30797, -30796, -30795, -30794, -30793, -30779]);
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
