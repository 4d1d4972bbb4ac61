/**
 * The folder of snapshots on a simulated disk. Every step takes time; a file is there when `finish` has resolved, whole,
 * and what was not finished is gone when the process ends. Both threads of a process work on the same folder.
 */
import { crc32c } from '../../src/base/crc32c.js';
import { DcacheError } from '../../src/base/errors.js';
import { concatBytes } from '../../src/base/bytes.js';
import {
  indexOfSnapshot,
  snapshotName,
  type SnapshotFile,
  type SnapshotFiles,
  type SnapshotWriter,
} from '../../src/actors/snapshot-files.js';
import type { Prng } from '../../src/base/prng.js';
import type { SimThread } from './thread.js';

/** What is durable on one disk. */
export interface SnapshotFolder {
  readonly files: Map<string, Uint8Array>;
  onRemove(name: string): void;
}

const PIECE_BYTES = 8192;

export class SimSnapshotFiles implements SnapshotFiles {
  private readonly folder: SnapshotFolder;
  private readonly thread: SimThread;
  private readonly prng: Prng;
  private readonly maxStepMs: number;

  constructor(folder: SnapshotFolder, thread: SimThread, maxStepMs: number, prng: Prng) {
    this.folder = folder;
    this.thread = thread;
    this.maxStepMs = maxStepMs;
    this.prng = prng;
  }

  async create(index: number, term: number): Promise<SnapshotWriter> {
    await this.step();
    const pieces: Uint8Array[] = [];
    return {
      write: async (piece) => {
        pieces.push(piece.slice());
        await this.step();
      },
      finish: async () => {
        await this.step();
        const bytes = concatBytes(pieces);
        const checksum = crc32c(bytes);
        const name = snapshotName(index, term, checksum);
        this.folder.files.set(name, bytes);
        await this.step();
        return { name, bytes: bytes.length, checksum };
      },
      abort: () => this.step(),
    };
  }

  async *read(file: SnapshotFile): AsyncIterable<Uint8Array> {
    await this.step();
    const bytes = this.folder.files.get(file.name);
    if (bytes === undefined) throw new DcacheError('DATA_CORRUPT', `the snapshot ${file.name} is not there`);
    if (!isWhole(bytes, file)) throw new DcacheError('DATA_CORRUPT', `the snapshot ${file.name} is another one`);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      yield bytes.slice(at, at + PIECE_BYTES);
      await this.step();
    }
  }

  async removeUpTo(index: number, kept: readonly string[]): Promise<void> {
    await this.step();
    const gone = [...this.folder.files.keys()].filter(
      (name) => (indexOfSnapshot(name) ?? Infinity) <= index && !kept.includes(name),
    );
    await this.step();
    for (const name of gone) {
      this.folder.files.delete(name);
      this.folder.onRemove(name);
    }
  }

  private step(): Promise<void> {
    return new Promise((resolve) => {
      this.thread.after((this.maxStepMs * this.prng.between(1, 100)) / 100, resolve);
    });
  }
}

export function isWhole(bytes: Uint8Array | undefined, file: SnapshotFile): boolean {
  return bytes !== undefined && bytes.length === file.bytes && crc32c(bytes) === file.checksum;
}
