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
  /**
   * Begins a file of the state after entry `index` of `term`. Several may be written at a time, even of one index: both sides
   * of a node may, and state that is equal need not be written down in the same order. Rejects with DISK_FULL or
   * DATA_CORRUPT, as the writer's methods do.
   */
  create(index: number, term: number): Promise<SnapshotWriter>;
  /** Ends with DATA_CORRUPT when the bytes are not those of `file`. Pieces belong to the receiver. */
  read(file: SnapshotFile): AsyncIterable<Uint8Array>;
  /** Removes the finished files of indexes up to `index` but those named; later ones may be about to be named in the log. */
  removeUpTo(index: number, kept: readonly string[]): Promise<void>;
}

/** Equal for equal content only, so that a file once named in the log is never replaced by another one. */
export function snapshotName(index: number, term: number, checksum: number): string {
  return `snapshot-${index}-${term}-${checksum.toString(16).padStart(8, '0')}`;
}

const NAME = /^snapshot-([0-9]{1,16})-[0-9]{1,16}-[0-9a-f]{8}$/;

/** The index in what `snapshotName` has made; undefined for any other name. */
export function indexOfSnapshot(name: string): number | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}
