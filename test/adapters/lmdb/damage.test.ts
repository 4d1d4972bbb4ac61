/** Folders that must be refused with a reason, and never replaced by an empty log. */
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { open, type RootDatabase } from 'lmdb';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openRaftLog } from '../../../src/adapters/lmdb/open-log.js';
import * as records from '../../../src/adapters/lmdb/records.js';
import { batch, entriesOf, entry, snapshotAt } from '../../raft/raft-log-contract.js';
import { requireBuild } from '../../support/dist.js';

const maxTailBytes = 1_000;
const journalBytes = 20_000;
const fuzz = fileURLToPath(new URL('./fixtures/damage-fuzz.mjs', import.meta.url));

let folder: string;
let file: string;

/** Fifty entries, the first ten compacted, on some tens of pages. */
async function writeLog(): Promise<void> {
  const { log, close } = await openRaftLog({ folder, maxTailBytes, journalBytes });
  for (let first = 1; first <= 50; first += 5) {
    log.append(batch({ hardState: { term: 2, vote: 1, commit: 0 }, entries: entriesOf(first, first + 5, 2, 900) }));
  }
  log.append(batch({ hardState: { term: 2, vote: 1, commit: 30 }, entries: [entry(51, 2, 20_000)] }));
  log.recordSnapshot(snapshotAt(20, 2));
  log.compact(10);
  await close();
}

beforeAll(requireBuild);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dcache-log-'));
  file = join(folder, 'log', 'data.mdb');
  await writeLog();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The message of the refusal; the log's file is as it was before. */
async function refusal(code: string): Promise<string> {
  const before = existsSync(file) ? readFileSync(file) : undefined;
  const outcome: unknown = await openRaftLog({ folder, maxTailBytes, journalBytes }).then(
    async ({ close }) => close(),
    (error: unknown) => error,
  );
  expect(outcome).toMatchObject({ code });
  const { message } = outcome as Error;
  expect(message).toContain(folder);
  const after = existsSync(file) ? readFileSync(file) : undefined;
  expect(after?.equals(before ?? Buffer.alloc(0))).toBe(before === undefined ? undefined : true);
  return message;
}

async function edit(change: (database: RootDatabase<Buffer, Buffer>) => void): Promise<void> {
  const database = open<Buffer, Buffer>({
    path: join(folder, 'log'),
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: false,
    maxDbs: 1,
  });
  database.transactionSync(() => change(database));
  await database.close();
}

describe('a database file', () => {
  test.each([
    ['is empty', () => truncateSync(file, 0), /is empty/],
    ['was cut off inside of the first page', () => truncateSync(file, 100), /ends inside of a meta page/],
    ['was cut off inside of the log', () => truncateSync(file, 5 * 4096), /has only 5: it was cut off/],
    ['is missing while its folder is there', () => rmSync(file), /has no data\.mdb/],
    ['is all zeros', () => writeFileSync(file, new Uint8Array(200_000)), /no lmdb meta page at byte 0/],
    ['is something else', () => writeFileSync(file, 'x'.repeat(50_000)), /no lmdb meta page at byte 0/],
  ])('that %s is refused with the way out', async (_what, damage, reason) => {
    damage();
    const message = await refusal('DATA_CORRUPT');
    expect(message).toMatch(reason);
    expect(message).toContain('remove it so that this node joins anew');
  });

  test('with any page or bit damaged is refused or still whole, and never kills the process', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [fuzz, folder, '150', '1']);
    const outcomes = stdout.trim().split('\n');
    expect(outcomes).toHaveLength(150);
    const whole = /: opened 11-51 41 .*"term":2,"vote":1,"commit":30/;
    expect(outcomes.filter((line) => !whole.test(line) && !line.endsWith(': DATA_CORRUPT'))).toEqual([]);
    expect(outcomes.some((line) => whole.test(line))).toBe(true);
  });
});

describe('a database', () => {
  test.each<[string, (database: RootDatabase<Buffer, Buffer>) => void, RegExp]>([
    [
      'of another format version',
      (it) => it.putSync(records.KEYS.format, records.encodeFormat(records.FORMAT_VERSION + 1)),
      /format version 3, and this version of dcache reads 2/,
    ],
    ['of another program', (it) => it.removeSync(records.KEYS.format), /format version is missing/],
    ['without a hard state', (it) => it.removeSync(records.KEYS.hardState), /hard state is missing/],
    [
      'with a flipped bit in an entry',
      (it) => {
        const value = it.get(records.entryKey(33));
        value?.writeUInt8((value.at(-1) ?? 0) ^ 1, value.length - 1);
        if (value) it.putSync(records.entryKey(33), value);
      },
      /entry 33 has a wrong checksum/,
    ],
    [
      'with an entry in the place of another',
      (it) => {
        const value = it.get(records.entryKey(33));
        if (value) it.putSync(records.entryKey(34), value);
      },
      /entry 34 has a wrong checksum/,
    ],
    ['with a missing entry', (it) => it.removeSync(records.entryKey(33)), /jumps from entry 32 to entry 34/],
    ['that lacks its first entry', (it) => it.removeSync(records.entryKey(11)), /jumps from entry 10 to entry 12/],
    ['that lacks its last committed entries', (it) => cutFrom(it, 25), /ends at entry 24, before its commit index 30/],
    [
      'whose term is behind its entries',
      (it) => it.putSync(records.KEYS.hardState, records.encodeHardState({ term: 1, vote: 0, commit: 30 })),
      /entries of term 2, beyond its own term 1/,
    ],
    [
      'that goes back in term',
      (it) => it.putSync(records.entryKey(52), records.encodeEntry(records.entryKey(52), entry(52, 1))),
      /goes back from term 2 to 1 at entry 52/,
    ],
    [
      'that was compacted beyond its snapshot',
      (it) => it.putSync(records.KEYS.snapshot, records.encodeSnapshot(snapshotAt(5, 2))),
      /begins after entry 10, but its snapshot reaches only to 5/,
    ],
  ])('%s is refused', async (_what, change, reason) => {
    await edit(change);
    expect(await refusal('DATA_CORRUPT')).toMatch(reason);
  });

  test('is left without an owner when it is refused', async () => {
    await edit((it) => it.removeSync(records.entryKey(33)));
    await refusal('DATA_CORRUPT');
    await edit((it) => expect(it.get(records.KEYS.owner)).toBeUndefined());
  });
});

describe('a folder', () => {
  test('that is already open in this process is refused', async () => {
    const { close } = await openRaftLog({ folder, maxTailBytes, journalBytes });
    await expect(openRaftLog({ folder, maxTailBytes, journalBytes })).rejects.toMatchObject({ code: 'NODE_ID_IN_USE' });
    await close();
    const again = await openRaftLog({ folder, maxTailBytes, journalBytes });
    await again.close();
  });

  test('that is a file is refused', async () => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    await expect(openRaftLog({ folder, maxTailBytes, journalBytes })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test('loses what was left of a creation that was cut short', async () => {
    mkdirSync(join(folder, 'log-unfinished-abc'));
    const { close } = await openRaftLog({ folder, maxTailBytes, journalBytes });
    await close();
    expect(readdirSync(folder)).toEqual(['log']);
  });

  test('whose log was removed on purpose begins anew', async () => {
    rmSync(join(folder, 'log'), { recursive: true });
    const { log, close } = await openRaftLog({ folder, maxTailBytes, journalBytes });
    expect([log.lastIndex(), log.identity()]).toEqual([0, undefined]);
    await close();
  });
});

function cutFrom(database: RootDatabase<Buffer, Buffer>, index: number): void {
  for (let i = index; i <= 51; i++) database.removeSync(records.entryKey(i));
}
