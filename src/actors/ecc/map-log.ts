/**
 * How far the map has been applied on this side, and snapshots of it. The map itself is part of what the control side writes about
 * a snapshot, so the file has nothing to say; it is there because every snapshot of a log has one.
 */
import { assert } from '../../base/assert.js';
import type { Logger } from '../../base/log.js';
import type { Entry } from '../../raft/types.js';
import type { WrittenSnapshot } from '../control/snapshot-keeper.js';
import type { SnapshotFiles } from '../snapshot-files.js';
import { writeSnapshot } from '../write-snapshot.js';

const CONTENT = new TextEncoder().encode('dcache ecc mode: the cluster map is in the description of this snapshot\n');

export interface MapLogParts {
  readonly files: SnapshotFiles;
  readonly logger: Logger;
  /** To the control side: the cut is durable, or could not be written. */
  onSnapshotWritten(written: WrittenSnapshot | undefined): void;
}

interface Place {
  readonly index: number;
  readonly term: number;
}

export class MapLog {
  private readonly parts: MapLogParts;
  /** What the log has told; the map at this place comes next. */
  private told: Place = { index: 0, term: 0 };
  private applied: Place = { index: 0, term: 0 };
  private stopped = false;

  constructor(parts: MapLogParts) {
    this.parts = parts;
  }

  get appliedIndex(): number {
    return this.applied.index;
  }

  onCommitted(entries: readonly Entry[]): void {
    const last = entries.at(-1);
    if (last !== undefined) this.told = { index: last.index, term: last.term };
  }

  onRestore(index: number, term: number): void {
    this.told = { index, term };
  }

  onMap(index: number): void {
    assert(index >= this.applied.index, 'the map never goes back');
    if (this.told.index === index) this.applied = this.told;
    else this.applied = { ...this.applied, index };
  }

  stop(): void {
    this.stopped = true;
  }

  /** Never rejects. */
  cut(): Promise<void> {
    const { files, logger } = this.parts;
    return writeSnapshot({
      ...this.applied,
      pieces: [CONTENT],
      files,
      logger,
      isStopped: () => this.stopped,
      onWritten: (written) => this.parts.onSnapshotWritten(written),
    });
  }
}
