/**
 * The main thread's side of a node: takes the control side's events in order to the router and the store, cuts snapshots and
 * restores them. While a snapshot is being restored, later events wait.
 */
import { InvariantViolation } from '../../base/assert.js';
import type { Logger } from '../../base/log.js';
import type { WrittenSnapshot } from '../control/snapshot-keeper.js';
import type { ControlEvent } from '../control/events.js';
import type { SnapshotFile, SnapshotFiles } from '../snapshot-files.js';
import { writeSnapshot } from '../write-snapshot.js';
import type { Router } from './router.js';
import type { StateMachine } from './state-machine.js';

export interface DataSideParts {
  readonly router: Router;
  readonly stateMachine: StateMachine;
  readonly files: SnapshotFiles;
  readonly logger: Logger;
  /** To the control side: the cut is durable, or could not be written. */
  onSnapshotWritten(written: WrittenSnapshot | undefined): void;
  /** The state cannot be what it should be: the node must not go on. */
  onFailure(error: unknown): void;
}

export class DataSide {
  private readonly parts: DataSideParts;
  private readonly waiting: ControlEvent[] = [];
  private restoring = false;
  private stopped = false;

  constructor(parts: DataSideParts) {
    this.parts = parts;
  }

  onEvents(events: readonly ControlEvent[]): void {
    this.waiting.push(...events);
    if (!this.restoring) this.work();
  }

  stop(): void {
    this.stopped = true;
  }

  private work(): void {
    try {
      while (!this.restoring && !this.stopped) {
        const event = this.waiting.shift();
        if (event === undefined) return;
        this.onEvent(event);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private onEvent(event: ControlEvent): void {
    switch (event.type) {
      case 'restore':
        void this.restore(event.file, event.index, event.term);
        return;
      case 'snapshot-due':
        void this.cut();
        return;
      case 'map':
      case 'let-go':
      case 'hand-over':
      case 'leave-refused':
      case 'troubles':
        throw new InvariantViolation('the cluster map and leases are of ecc mode');
      default:
        this.parts.router.onEvent(event);
    }
  }

  /** Never rejects. */
  private async restore(file: SnapshotFile, index: number, term: number): Promise<void> {
    const { stateMachine, files, router, logger } = this.parts;
    this.restoring = true;
    try {
      const restore = stateMachine.store.startRestore();
      for await (const piece of files.read(file)) restore.write(piece);
      if (this.stopped) return;
      restore.finish();
      stateMachine.onRestored(index, term);
      router.onRestored();
      logger.info({ index, term, bytes: file.bytes }, 'state restored from a snapshot');
    } catch (error) {
      this.fail(error);
      return;
    }
    this.restoring = false;
    this.work();
  }

  /** Never rejects. */
  private async cut(): Promise<void> {
    const { stateMachine, files, logger } = this.parts;
    const snapshot = stateMachine.store.snapshot();
    try {
      await writeSnapshot({
        index: stateMachine.appliedIndex,
        term: stateMachine.appliedTerm,
        pieces: snapshot.pieces(),
        files,
        logger,
        isStopped: () => this.stopped,
        onWritten: (written) => this.parts.onSnapshotWritten(written),
      });
    } finally {
      snapshot.release();
    }
  }

  private fail(error: unknown): void {
    if (this.stopped) return;
    this.stopped = true;
    this.parts.onFailure(error);
  }
}
