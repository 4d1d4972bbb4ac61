/**
 * Files that hold the state of a snapshot, as both sides of a node need them: the data side writes what it cuts and reads what
 * it restores, the control side writes what it receives and reads what it sends.
 *
 * Invariant: a file that `finish` has described is durable and never changes; reading it gives exactly its bytes or an error.
 */

/** What has to be remembered to find the file and to know that it is whole. */
export interface SnapshotFile {
  readonly name: string;
  readonly bytes: number;
  /** CRC-32C of the whole. */
  readonly checksum: number;
}

export interface SnapshotWriter {
  /** Resolves when another piece is welcome. The piece is copied or written by then. */
  write(piece: Uint8Array): Promise<void>;
  /** Resolves when the file is durable under its name. */
  finish(): Promise<SnapshotFile>;
  /** Throws the file away. */
  abort(): Promise<void>;
}

export interface SnapshotFiles {
  /** Replaces an unfinished or older file of that name. Rejects with DISK_FULL or DATA_CORRUPT, as the writer's methods do. */
  create(name: string): Promise<SnapshotWriter>;
  /** Ends with DATA_CORRUPT when the bytes are not those of `file`. Pieces belong to the receiver. */
  read(file: SnapshotFile): AsyncIterable<Uint8Array>;
  /** Removes all other files. */
  retain(names: readonly string[]): Promise<void>;
}

export function snapshotName(index: number, term: number): string {
  return `snapshot-${index}-${term}`;
}
