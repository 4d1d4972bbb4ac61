/** Snapshot files in memory, with the same promises: a name is there only when the file is finished. */
import {
  indexOfSnapshot,
  snapshotName,
  type SnapshotFile,
  type SnapshotFiles,
  type SnapshotWriter,
} from '../../src/actors/snapshot-files.js';
import { concatBytes, copyBytes } from '../../src/base/bytes.js';
import { crc32c } from '../../src/base/crc32c.js';
import { DcacheError } from '../../src/base/errors.js';

export class MemorySnapshotFiles implements SnapshotFiles {
  readonly finished = new Map<string, Uint8Array>();
  /** When set, the next write fails with it. */
  failure: DcacheError | undefined;

  create(index: number, term: number): Promise<SnapshotWriter> {
    const pieces: Uint8Array[] = [];
    const failIfTold = (): void => {
      if (this.failure !== undefined) throw this.failure;
    };
    return Promise.resolve({
      write: async (piece) => {
        await Promise.resolve();
        failIfTold();
        pieces.push(copyBytes(piece));
      },
      finish: async () => {
        await Promise.resolve();
        failIfTold();
        const bytes = concatBytes(pieces);
        const checksum = crc32c(bytes);
        const name = snapshotName(index, term, checksum);
        this.finished.set(name, bytes);
        return { name, bytes: bytes.length, checksum };
      },
      abort: () => Promise.resolve(),
    });
  }

  async *read(file: SnapshotFile): AsyncIterable<Uint8Array> {
    await Promise.resolve();
    const bytes = this.finished.get(file.name);
    if (bytes === undefined || bytes.length !== file.bytes || crc32c(bytes) !== file.checksum) {
      throw new DcacheError('DATA_CORRUPT', `the snapshot ${file.name} is not whole`);
    }
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.slice(at, at + 1000);
  }

  removeUpTo(index: number, kept: readonly string[]): Promise<void> {
    for (const name of this.finished.keys()) {
      if ((indexOfSnapshot(name) ?? 0) <= index && !kept.includes(name)) this.finished.delete(name);
    }
    return Promise.resolve();
  }
}
