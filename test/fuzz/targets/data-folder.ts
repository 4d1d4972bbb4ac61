/**
 * The data folder of a node whose process died: the journal holds what has not reached lmdb. Whatever becomes of the journal's bytes,
 * the folder is refused, or opens with a beginning of the log that was written.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { open } from 'lmdb';
import { openRaftLog } from '../../../src/adapters/lmdb/open-log.js';
import { KEYS } from '../../../src/adapters/lmdb/records.js';
import { batch, entriesOf } from '../../raft/raft-log-contract.js';
import type { Target } from '../target.js';
import { isError } from './formats.js';

const OPTIONS = { maxTailBytes: 0, journalBytes: 4_096 };
const TERM = 2;
const ENTRIES = entriesOf(1, 13, TERM, 100);
const BATCH = 3;

interface DeadFolder {
  readonly root: string;
  readonly journal: Uint8Array;
}

let dead: DeadFolder | undefined;

const journalOf = (folder: string): string => join(folder, 'log', 'journal');

/** Writes a log and copies its folder while it is open, as a process that is killed leaves it. */
async function writeDeadFolder(): Promise<DeadFolder> {
  const root = mkdtempSync(join(tmpdir(), 'dcache-fuzz-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  const running = join(root, 'running');
  const { log, close } = await openRaftLog({ folder: running, ...OPTIONS });
  for (let at = 0; at < ENTRIES.length; at += BATCH) {
    const entries = ENTRIES.slice(at, at + BATCH);
    log.append(batch({ hardState: { term: TERM, vote: 1, commit: 0 }, entries }));
  }
  const folder = join(root, 'dead');
  cpSync(running, folder, { recursive: true });
  await close();
  // The owner that the copy names is this process, which lives.
  const database = open<Buffer, Buffer>({ path: join(folder, 'log'), noSubdir: false, encoding: 'binary', keyEncoding: 'binary', overlappingSync: false, maxDbs: 1 }); // prettier-ignore
  database.transactionSync(() => database.removeSync(KEYS.owner));
  await database.close();
  return { root, journal: readFileSync(journalOf(folder)) };
}

async function openWith({ root }: DeadFolder, journal: Uint8Array): Promise<void> {
  const folder = mkdtempSync(join(root, 'copy-'));
  try {
    cpSync(join(root, 'dead'), folder, { recursive: true });
    writeFileSync(journalOf(folder), journal);
    const { log, close } = await openRaftLog({ folder, ...OPTIONS });
    const last = log.lastIndex();
    const found = log.entries(1, last + 1, Infinity);
    await close();
    assert(typeof found === 'object', 'nothing has been compacted');
    const copies = found.map((entry) => ({ ...entry, data: Uint8Array.from(entry.data) }));
    assert.deepEqual(copies, ENTRIES.slice(0, last));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const FOLDER_TARGETS: readonly Target[] = [
  {
    name: 'journal of a data folder',
    group: 'folder',
    prepare: async () => {
      dead ??= await writeDeadFolder();
    },
    get specimens() {
      assert(dead !== undefined, 'prepared first');
      return fc.constant(dead.journal);
    },
    read: async (journal) => {
      assert(dead !== undefined, 'prepared first');
      await openWith(dead, journal);
    },
    isRefusal: isError('DATA_CORRUPT'),
  },
];
