/**
 * Makes an empty log. It is made in a folder beside its place and renamed, so that a crash half-way leaves nothing that looks
 * like a log, and a folder `log` without a whole database in it is always damage.
 */
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
} from 'node:fs';
import { dirname, join } from 'node:path';
import { EMPTY_BYTES } from '../../base/bytes.js';
import { EMPTY_CONF_STATE, EMPTY_HARD_STATE } from '../../raft/types.js';
import { allocateLockFile, openLmdb } from './database.js';
import { createJournal, JOURNAL_FILE } from './journal.js';
import {
  encodeBase,
  encodeFormat,
  encodeHardState,
  encodeRound,
  encodeSnapshot,
  FORMAT_VERSION,
  KEYS,
} from './records.js';

const UNFINISHED_PREFIX = 'log-unfinished-';

/**
 * Makes the log in `place`, whose parent is made if need be, with a journal of this length. Does nothing when another process was
 * faster.
 */
export async function createLog(place: string, journalBytes: number): Promise<void> {
  const parent = dirname(place);
  mkdirSync(parent, { recursive: true });
  const unfinished = mkdtempSync(join(parent, UNFINISHED_PREFIX));
  allocateLockFile(unfinished);
  const round = createJournal(join(unfinished, JOURNAL_FILE), journalBytes);
  const database = openLmdb(unfinished);
  try {
    database.transactionSync(() => {
      database.putSync(KEYS.format, encodeFormat(FORMAT_VERSION));
      database.putSync(KEYS.base, encodeBase({ index: 0, term: 0 }));
      database.putSync(KEYS.hardState, encodeHardState(EMPTY_HARD_STATE));
      const metadata = { index: 0, term: 0, confState: EMPTY_CONF_STATE };
      database.putSync(KEYS.snapshot, encodeSnapshot({ metadata, data: EMPTY_BYTES }));
      database.putSync(KEYS.journal, encodeRound(round));
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

/** What is left of creations that were cut short. Only the owner of the folder may do this. */
export function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(UNFINISHED_PREFIX)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}
