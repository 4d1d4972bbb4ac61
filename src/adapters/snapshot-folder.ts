/**
 * Snapshot files in a folder. A file is written under an unfinished name, flushed, renamed, and the folder flushed: so a
 * name without that suffix is always a whole file, and a crash leaves at most unfinished ones, which are removed at start.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import {
  indexOfSnapshot,
  snapshotName,
  type SnapshotFile,
  type SnapshotFiles,
  type SnapshotWriter,
} from '../actors/snapshot-files.js';
import { crc32c } from '../base/crc32c.js';
import { DcacheError } from '../base/errors.js';

const UNFINISHED = '.unfinished';
const READ_BYTES = 256 * 1024;

/** Where the snapshots of a node are. */
export function snapshotFolder(dataFolder: string): string {
  return join(dataFolder, 'snapshots');
}

export class SnapshotFolder implements SnapshotFiles {
  private readonly folder: string;

  /** @param folder made when it is first needed. */
  constructor(folder: string) {
    this.folder = folder;
  }

  async create(index: number, term: number): Promise<SnapshotWriter> {
    const unfinished = join(this.folder, `${randomUUID()}${UNFINISHED}`);
    const nameOf = (checksum: number): string => snapshotName(index, term, checksum);
    try {
      await mkdir(this.folder, { recursive: true });
      return new FileWriter(this.folder, nameOf, unfinished, await open(unfinished, 'wx', 0o600));
    } catch (error) {
      throw diskError(this.folder, error);
    }
  }

  async *read(file: SnapshotFile): AsyncIterable<Uint8Array> {
    const path = join(this.folder, file.name);
    let bytes = 0;
    let checksum = 0;
    try {
      for await (const piece of createReadStream(path, { highWaterMark: READ_BYTES })) {
        const part = piece as Buffer;
        bytes += part.length;
        checksum = crc32c(part, checksum);
        yield new Uint8Array(part);
      }
    } catch (error) {
      throw new DcacheError('DATA_CORRUPT', `the snapshot ${path} cannot be read: ${reasonOf(error)}; ${WAY_OUT}`, {
        cause: error,
      });
    }
    if (bytes !== file.bytes || checksum !== file.checksum) {
      throw new DcacheError(
        'DATA_CORRUPT',
        `the snapshot ${path} is damaged (${bytes} of ${file.bytes} bytes, checksum ${checksum === file.checksum ? 'right' : 'wrong'}); ${WAY_OUT}`,
      );
    }
  }

  async removeUpTo(index: number, kept: readonly string[]): Promise<void> {
    const present = await readdir(this.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const gone = present.filter((name) => (indexOfSnapshot(name) ?? Infinity) <= index && !kept.includes(name));
    await Promise.all(gone.map((name) => rm(join(this.folder, name), { force: true })));
  }

  /** Removes what a crash left behind. Before anything else is done with the folder. */
  async removeUnfinished(): Promise<void> {
    const present = await readdir(this.folder).catch(() => []);
    const left = present.filter((name) => name.endsWith(UNFINISHED));
    await Promise.all(left.map((name) => rm(join(this.folder, name), { force: true })));
  }
}

const WAY_OUT = 'stop the node, remove its data folder and start it again: it joins anew and is sent everything';

class FileWriter implements SnapshotWriter {
  private readonly folder: string;
  private readonly nameOf: (checksum: number) => string;
  private readonly unfinished: string;
  private readonly handle: FileHandle;
  private bytes = 0;
  private checksum = 0;

  constructor(folder: string, nameOf: (checksum: number) => string, unfinished: string, handle: FileHandle) {
    this.folder = folder;
    this.nameOf = nameOf;
    this.unfinished = unfinished;
    this.handle = handle;
  }

  async write(piece: Uint8Array): Promise<void> {
    this.bytes += piece.length;
    this.checksum = crc32c(piece, this.checksum);
    try {
      await this.handle.writeFile(piece);
    } catch (error) {
      throw diskError(this.folder, error);
    }
  }

  async finish(): Promise<SnapshotFile> {
    const name = this.nameOf(this.checksum);
    try {
      await this.handle.sync();
      await this.handle.close();
      await rename(this.unfinished, join(this.folder, name));
      await syncFolder(this.folder);
    } catch (error) {
      throw diskError(this.folder, error);
    }
    return { name, bytes: this.bytes, checksum: this.checksum };
  }

  async abort(): Promise<void> {
    await this.handle.close().catch(() => undefined); // it may be closed already
    await rm(this.unfinished, { force: true });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function diskError(folder: string, error: unknown): DcacheError {
  return new DcacheError(
    'DISK_FULL',
    `a snapshot cannot be written to ${folder}: ${reasonOf(error)}; make room or mend the permissions`,
    { cause: error },
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
