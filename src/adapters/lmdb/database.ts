/** How this project uses lmdb: the files and the options. */
import { open, type RootDatabase } from 'lmdb';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type LogDatabase = RootDatabase<Buffer, Buffer>;

export const DATABASE_FILE = 'data.mdb';
const LOCK_FILE = 'lock.mdb';
/** At least what lmdb makes it for its default number of readers. */
const LOCK_FILE_BYTES = 16_384;

/** Without `overlappingSync` a synchronous transaction is durable when it returns, as in plain lmdb. */
export function openLmdb(place: string): LogDatabase {
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

/** lmdb writes to its lock file through a mapping, which on a full disk kills the process unless the file has its blocks. */
export function allocateLockFile(place: string): void {
  const path = join(place, LOCK_FILE);
  if (existsSync(path)) return;
  try {
    writeFileSync(path, new Uint8Array(LOCK_FILE_BYTES), { mode: 0o600 });
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}
