import { beforeEach, expect, test } from 'vitest';
import { SnapshotKeeper } from '../../../src/actors/control/snapshot-keeper.js';
import { decodeDescription, encodeDescription } from '../../../src/actors/control/snapshot-description.js';
import type { SnapshotFile } from '../../../src/actors/snapshot-files.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import { EMPTY_MAP } from '../../../src/cluster/cluster-map.js';
import { NO_MEMBERS, type Members } from '../../../src/cluster/members.js';
import { EMPTY_CONF_STATE, type ConfState, type Entry } from '../../../src/raft/types.js';
import { newMap } from '../../cluster/some-maps.js';
import { MemoryRaftLog } from '../../raft/memory-raft-log.js';
import { MemorySnapshotFiles } from '../../support/memory-snapshot-files.js';

const MIN_LOG_BYTES = 1000;
const KEPT = 3;

let log: MemoryRaftLog;
let files: MemorySnapshotFiles;
let keeper: SnapshotKeeper;

const voters = (...ids: number[]): ConfState => ({ ...EMPTY_CONF_STATE, voters: ids });
const membersUpTo = (nextRaftId: number): Members => ({ ...NO_MEMBERS, nextRaftId });

beforeEach(() => {
  log = new MemoryRaftLog();
  log.bootstrap(voters(1));
  files = new MemorySnapshotFiles();
  keeper = new SnapshotKeeper({
    log,
    files,
    policy: { minLogBytes: MIN_LOG_BYTES, keptEntries: KEPT },
    logger: NULL_LOGGER,
  });
  configure(0, voters(1), membersUpTo(2));
});

function configure(index: number, confState: ConfState, members: Members, map = EMPTY_MAP): void {
  keeper.onConfiguration({ index, confState, members, map });
}

function entry(index: number, bytes = 100): Entry {
  return { term: 1, index, type: 'normal', data: new Uint8Array(bytes) };
}

/** Entries first..last, appended and committed; whether one of them made a snapshot due. */
function commit(first: number, last: number): boolean {
  const entries = Array.from({ length: last - first + 1 }, (_, i) => entry(first + i));
  log.append({ hardState: { term: 1, vote: 1, commit: last }, entries, snapshot: undefined });
  return entries.map((one) => keeper.onCommitted([one])).includes(true);
}

async function cut(index: number, bytes = 50): Promise<SnapshotFile> {
  const writer = await files.create(index, 1);
  await writer.write(new Uint8Array(bytes));
  return writer.finish();
}

function snapshotIndex(): number {
  return log.snapshot().metadata.index;
}

test('a snapshot is due when the log has grown by the configured bytes, and asked for once', () => {
  expect(commit(1, 5)).toBe(false);
  expect(commit(6, 10)).toBe(true);
  expect(commit(11, 30)).toBe(false);
});

test('a large state is cut less often: twice its size has to be logged first', async () => {
  commit(1, 10);
  keeper.onWritten({ index: 10, term: 1, file: await cut(10, 5000) });
  expect(commit(11, 80)).toBe(false);
  expect(commit(81, 110)).toBe(true);
});

test('nothing is forgotten before the file of the snapshot is durable', () => {
  commit(1, 20);
  expect(snapshotIndex()).toBe(0);
  expect(log.firstIndex()).toBe(1);
});

test('a durable cut is named in the log, and all but the kept entries behind it are forgotten', async () => {
  commit(1, 20);
  const file = await cut(15);
  keeper.onWritten({ index: 15, term: 1, file });
  expect(snapshotIndex()).toBe(15);
  expect(log.firstIndex()).toBe(15 - KEPT + 1);
  expect(keeper.currentFile()).toEqual(file);
});

test('the configuration of a snapshot is that of its index, whatever has changed since', async () => {
  commit(1, 20);
  configure(8, voters(1, 2), membersUpTo(3), newMap(2, 1));
  configure(16, voters(1, 2, 3), membersUpTo(4));
  keeper.onWritten({ index: 15, term: 1, file: await cut(15) });
  const snapshot = log.snapshot();
  expect(snapshot.metadata.confState.voters).toEqual([1, 2]);
  expect(decodeDescription(snapshot.data)).toMatchObject({ members: membersUpTo(3), map: newMap(2, 1) });

  commit(21, 30);
  keeper.onWritten({ index: 25, term: 1, file: await cut(25) });
  const later = log.snapshot();
  expect(later.metadata.confState.voters).toEqual([1, 2, 3]);
});

test('a cut that comes behind a received snapshot is dropped', async () => {
  commit(1, 20);
  const received = await cut(40);
  log.append({
    hardState: { term: 1, vote: 1, commit: 40 },
    entries: [],
    snapshot: {
      metadata: { index: 40, term: 1, confState: voters(1) },
      data: encodeDescription({ file: received, members: NO_MEMBERS, map: EMPTY_MAP }),
    },
  });
  keeper.onRestore(received.name, 40);
  keeper.onWritten({ index: 15, term: 1, file: await cut(15) });
  expect(snapshotIndex()).toBe(40);
  expect([...files.finished.keys()]).toEqual([received.name]);
});

test('older files are removed once the newer one is named', async () => {
  commit(1, 40);
  keeper.onWritten({ index: 15, term: 1, file: await cut(15) });
  const newer = await cut(30);
  keeper.onWritten({ index: 30, term: 1, file: newer });
  expect([...files.finished.keys()]).toEqual([newer.name]);
});

test('a later file, which may be about to be named, is left alone', async () => {
  commit(1, 40);
  const later = await cut(30);
  const named = await cut(15);
  keeper.onWritten({ index: 15, term: 1, file: named });
  expect([...files.finished.keys()]).toEqual([later.name, named.name]);
});

test('a file that the data side has still to read is kept until it has been applied', async () => {
  commit(1, 40);
  const [older, newer] = [await cut(15), await cut(30)];
  keeper.onWritten({ index: 15, term: 1, file: older });
  configure(15, voters(1), NO_MEMBERS);
  keeper.onRestore(older.name, 15);
  keeper.onWritten({ index: 30, term: 1, file: newer });
  expect([...files.finished.keys()]).toContain(older.name);
  keeper.onApplied(15);
  expect([...files.finished.keys()]).toEqual([newer.name]);
});

test('of two snapshots to restore, the file of the first is kept until the data side has read it, too', async () => {
  commit(1, 20);
  const [first, second, newest] = [await cut(15), await cut(18), await cut(20)];
  for (const { name, index } of [
    { name: first.name, index: 15 },
    { name: second.name, index: 18 },
  ]) {
    configure(index, voters(1), NO_MEMBERS);
    keeper.onRestore(name, index);
  }
  keeper.onWritten({ index: 20, term: 1, file: newest });
  expect([...files.finished.keys()]).toEqual([first.name, second.name, newest.name]);
  keeper.onApplied(18);
  expect([...files.finished.keys()]).toEqual([newest.name]);
});

test('after a cut that could not be written, the next one is due when the log has grown again', () => {
  commit(1, 10);
  keeper.onNotWritten();
  expect(commit(11, 15)).toBe(false);
  expect(commit(16, 25)).toBe(true);
});
