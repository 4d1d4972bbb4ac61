/** What a folder is worth whose process, or machine, died between any two writes: the journal beside the database as it was then. */
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRaftLog, type OpenLog } from '../../../src/adapters/lmdb/open-log.js';
import type { RaftLog } from '../../../src/raft/log-store.js';
import { batch, entriesOf } from '../../raft/raft-log-contract.js';

const maxTailBytes = 0;
const journalBytes = 4_096;

let root: string;
let running: OpenLog;

const place = (name: string): string => join(root, name);
const journalOf = (folder: string): string => join(folder, 'log', 'journal');
const databaseOf = (folder: string): string => join(folder, 'log', 'data.mdb');

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'dcache-journal-'));
  running = await openRaftLog({ folder: place('running'), maxTailBytes, journalBytes });
});

afterEach(async () => {
  await running.close();
  rmSync(root, { recursive: true, force: true });
});

function append(log: RaftLog, first: number, end: number, commit = 0, dataBytes = 100): void {
  log.append(batch({ hardState: { term: 2, vote: 1, commit }, entries: entriesOf(first, end, 2, dataBytes) }));
}

/** The folder as it is now, as if the process had died; `change` does what else happened to the journal. */
async function reopen(name: string, change: (journal: Buffer) => void = () => undefined): Promise<OpenLog> {
  const folder = place(name);
  cpSync(place('running'), folder, { recursive: true });
  const journal = readFileSync(journalOf(folder));
  change(journal);
  writeFileSync(journalOf(folder), journal);
  // The copy has the owner's record; its owner is this process, which does not hold the copy.
  return openRaftLog({ folder: await disowned(folder), maxTailBytes, journalBytes });
}

/** Opening is refused while the owner in the database lives, and here it does: this process, with the folder it was copied from. */
async function disowned(folder: string): Promise<string> {
  const { open } = await import('lmdb');
  const { KEYS } = await import('../../../src/adapters/lmdb/records.js');
  const database = open<Buffer, Buffer>({
    path: join(folder, 'log'),
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: false,
    maxDbs: 1,
  });
  database.transactionSync(() => database.removeSync(KEYS.owner));
  await database.close();
  return folder;
}

const lastAfter = async (name: string, change?: (journal: Buffer) => void): Promise<number> => {
  const { log, close } = await reopen(name, change);
  const last = log.lastIndex();
  expect(log.entries(log.firstIndex(), last + 1, Infinity)).toHaveLength(last);
  await close();
  return last;
};

test('what was appended is there though it never reached the database', async () => {
  const before = readFileSync(databaseOf(place('running')));
  append(running.log, 1, 4);
  append(running.log, 4, 6, 5);
  expect(readFileSync(databaseOf(place('running'))).equals(before)).toBe(true);
  const { log, close } = await reopen('died');
  expect(log.lastIndex()).toBe(5);
  expect(log.initialState().hardState).toEqual({ term: 2, vote: 1, commit: 5 });
  append(log, 6, 7, 6);
  await close();
});

test('entries that were replaced do not come back', async () => {
  append(running.log, 1, 9);
  running.log.append(batch({ hardState: { term: 3, vote: 0, commit: 0 }, entries: entriesOf(3, 5, 3, 10) }));
  const { log, close } = await reopen('died');
  expect(log.lastIndex()).toBe(4);
  expect([log.term(2), log.term(3), log.term(4)]).toEqual([2, 3, 3]);
  await close();
});

test('entries of the database that the journal replaces do not come back', async () => {
  append(running.log, 1, 9);
  running.log.compact(0);
  append(running.log, 9, 12);
  await running.close();
  running = await openRaftLog({ folder: place('running'), maxTailBytes, journalBytes });
  running.log.append(batch({ hardState: { term: 3, vote: 0, commit: 0 }, entries: entriesOf(6, 8, 3, 10) }));
  expect(running.log.lastIndex()).toBe(7);
  const { log, close } = await reopen('died');
  expect(log.lastIndex()).toBe(7);
  expect([log.term(5), log.term(6), log.term(7)]).toEqual([2, 3, 3]);
  await close();
});

test('a full journal goes into the database, and a batch too large for it goes there at once', async () => {
  for (let index = 1; index < 100; index++) append(running.log, index, index + 1);
  append(running.log, 100, 101, 0, 50_000);
  append(running.log, 101, 103);
  expect(await lastAfter('died')).toBe(102);
});

describe('a frame that was being written when the machine died', () => {
  test('is dropped, whatever part of it had reached the disk; those before it stay', async () => {
    append(running.log, 1, 3);
    const first = readFileSync(journalOf(place('running')));
    append(running.log, 3, 4);
    const second = readFileSync(journalOf(place('running')));
    const from = first.findIndex((byte, i) => byte !== second[i]);
    const to = second.findLastIndex((byte, i) => byte !== first[i]) + 1;
    expect(to - from).toBeGreaterThan(100);
    for (let cut = from; cut < to; cut += 29) {
      const last = await lastAfter(`beginning-${cut}`, (journal) => journal.set(first.subarray(cut, to), cut));
      expect(last, `the first ${cut - from} bytes`).toBe(2);
      const end = await lastAfter(`end-${cut}`, (journal) => journal.set(first.subarray(from, cut + 1), from));
      expect(end, `all but the first ${cut + 1 - from} bytes`).toBe(2);
    }
  });

  test('leaves nothing behind for the frames of the next process', async () => {
    append(running.log, 1, 8);
    const { log, close } = await reopen('died', (journal) => journal.fill(0, 40, 60));
    expect(log.lastIndex()).toBe(0);
    append(log, 1, 2);
    await close();
    const again = await openRaftLog({ folder: place('died'), maxTailBytes, journalBytes });
    expect(again.log.lastIndex()).toBe(1);
    await again.close();
  });
});

test('frames of an ended round count for nothing', async () => {
  append(running.log, 1, 8);
  copyFileSync(journalOf(place('running')), place('old-journal'));
  running.log.append(batch({ hardState: { term: 5, vote: 0, commit: 0 }, entries: entriesOf(2, 3, 5, 50_000) }));
  const old = readFileSync(place('old-journal'));
  expect(await lastAfter('died', (journal) => journal.set(old))).toBe(2);
});

describe('a folder is refused', () => {
  const refusal = async (name: string, change?: (journal: Buffer) => void): Promise<unknown> =>
    reopen(name, change).then(
      ({ close }) => close(),
      (error: unknown) => error,
    );

  test('when a frame is damaged before one that was written later', async () => {
    append(running.log, 1, 3);
    append(running.log, 3, 5);
    append(running.log, 5, 6);
    for (let at = 4; at < 500; at += 37) {
      const outcome = await refusal(`damaged-${at}`, (journal) => journal.writeUInt8((journal[at] ?? 0) ^ 16, at));
      expect(outcome, `byte ${at}`).toMatchObject({ code: 'DATA_CORRUPT' });
    }
  });

  test('when it has no journal, or only a part of it', async () => {
    await running.close();
    const folder = place('running');
    const refused = async (why: string): Promise<void> =>
      expect(openRaftLog({ folder, maxTailBytes, journalBytes })).rejects.toMatchObject({
        code: 'DATA_CORRUPT',
        message: expect.stringContaining(why) as string,
      });
    truncateSync(journalOf(folder), 100);
    await refused('the journal has 100 of its 4096 bytes');
    rmSync(journalOf(folder));
    await refused('the log has no journal');
    writeFileSync(journalOf(folder), Buffer.alloc(journalBytes));
    running = await openRaftLog({ folder, maxTailBytes, journalBytes });
  });
});
