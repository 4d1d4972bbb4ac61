import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { snapshotName, type SnapshotFile } from '../../src/actors/snapshot-files.js';
import { SnapshotFolder } from '../../src/adapters/snapshot-folder.js';
import { bytesEqual, concatBytes } from '../../src/base/bytes.js';
import { crc32c } from '../../src/base/crc32c.js';

let folder: string;
let files: SnapshotFolder;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'dcache-snapshots-')), 'snapshots');
  files = new SnapshotFolder(folder);
});

afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

const PIECES = [new Uint8Array(300_000).fill(1), new Uint8Array(5).fill(2), new Uint8Array(400_000).fill(3)];
const WHOLE = concatBytes(PIECES);
const NAME = snapshotName(7, 2, crc32c(WHOLE));

async function written(index = 7): Promise<SnapshotFile> {
  const writer = await files.create(index, 2);
  for (const piece of PIECES) await writer.write(piece);
  return writer.finish();
}

async function readAll(file: SnapshotFile): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of files.read(file)) pieces.push(piece);
  return concatBytes(pieces);
}

test('a finished file reads as what was written, and is described by length and checksum', async () => {
  const file = await written();
  expect(file).toEqual({ name: NAME, bytes: WHOLE.length, checksum: crc32c(WHOLE) });
  expect(bytesEqual(await readAll(file), WHOLE)).toBe(true);
});

test('an empty snapshot is a file, too', async () => {
  const writer = await files.create(7, 2);
  const file = await writer.finish();
  expect(await readAll(file)).toEqual(new Uint8Array(0));
});

test('a file has its name only when it is finished', async () => {
  const writer = await files.create(7, 2);
  await writer.write(WHOLE);
  expect(await readdir(folder)).toEqual([expect.stringMatching(/\.unfinished$/)]);
  await writer.finish();
  expect(await readdir(folder)).toEqual([NAME]);
});

test('an aborted file leaves nothing behind', async () => {
  const writer = await files.create(7, 2);
  await writer.write(WHOLE);
  await writer.abort();
  expect(await readdir(folder)).toEqual([]);
});

test('aborting after the end keeps the finished file', async () => {
  const writer = await files.create(7, 2);
  await writer.write(WHOLE);
  const file = await writer.finish();
  await writer.abort();
  expect(bytesEqual(await readAll(file), WHOLE)).toBe(true);
});

test('what a crash left unfinished is removed at start, finished files stay', async () => {
  await written();
  const left = await files.create(9, 2);
  await left.write(WHOLE);
  await files.removeUnfinished();
  expect(await readdir(folder)).toEqual([NAME]);
  await left.abort();
});

test('files of one index that are written at the same time do not mix', async () => {
  const left = await files.create(7, 2);
  await left.write(new Uint8Array(900_000).fill(9));
  expect(bytesEqual(await readAll(await written()), WHOLE)).toBe(true);
  await left.abort();
});

test('older files go, but those named; later ones and unfinished ones are left alone', async () => {
  const kept = await written();
  await written(3);
  const later = await written(8);
  const writer = await files.create(9, 2);
  await writer.write(WHOLE);
  await files.removeUpTo(7, [kept.name]);
  const left = (await readdir(folder)).filter((name) => !name.endsWith('.unfinished'));
  expect(left.sort()).toEqual([NAME, later.name]);
  await writer.finish();
});

test('removing from a folder that is not there yet is no error', async () => {
  await expect(files.removeUpTo(7, [])).resolves.toBeUndefined();
  await expect(files.removeUnfinished()).resolves.toBeUndefined();
});

test('a flipped bit is found when the file is read', async () => {
  const file = await written();
  const bytes = await readFile(join(folder, NAME));
  bytes[123_456] = (bytes[123_456] ?? 0) ^ 4;
  await writeFile(join(folder, NAME), bytes);
  await expect(readAll(file)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
});

test('a file cut short is found, and the way out is named', async () => {
  const file = await written();
  await truncate(join(folder, NAME), 1000);
  await expect(readAll(file)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  await expect(readAll(file)).rejects.toThrow(/remove its data folder/);
});

test('a missing file is told with its path', async () => {
  const file = await written();
  await rm(join(folder, NAME));
  await expect(readAll(file)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  await expect(readAll(file)).rejects.toThrow(join(folder, NAME));
});
