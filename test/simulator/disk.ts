/**
 * A node's disk: the log in memory behind the timing and the mishaps of a real one. A write is one transaction, so a crash
 * leaves all of it or nothing; a commit index that moves alone is not flushed and may be lost. What was written stays when
 * the process ends; `SimDisk` itself is replaced when the disk is lost.
 */
import { decodeDescription } from '../../src/actors/control/snapshot-description.js';
import { assert } from '../../src/base/assert.js';
import type { LogBatch, LogIdentity, RaftLog } from '../../src/raft/log-store.js';
import type { ConfState, Entry, HardState, LogGap, Snapshot, SnapshotMetadata } from '../../src/raft/types.js';
import { MemoryRaftLog, type StoredState } from '../raft/memory-raft-log.js';
import type { FaultCounts } from './fault-counts.js';
import { isWhole, type SnapshotFolder } from './snapshot-files.js';

/** Thrown through the node's code when its process ends in the middle of a write. Nothing of that life goes on. */
export class CrashedInWrite extends Error {
  override readonly name = 'CrashedInWrite';
}

/** What a disk is told about the process that uses it. */
export interface DiskUser {
  /** A write has taken this long; the process stood still. */
  onWritten(durationMs: number): void;
  /** The process ends here. */
  crash(): void;
}

export interface DiskObserver {
  onAppend(disk: SimDisk, before: HardState, batch: LogBatch): void;
  onCommitDurable(disk: SimDisk, before: HardState, after: HardState): void;
  onIdentity(disk: SimDisk, identity: LogIdentity): void;
  onSnapshot(disk: SimDisk, metadata: SnapshotMetadata): void;
  /** I0: the log names a snapshot whose file is not there. */
  onSnapshotMissing(disk: SimDisk, name: string): void;
}

export class SimDisk implements RaftLog {
  /** Unique in a run. */
  readonly serial: number;
  /** Files that hold the state of snapshots. */
  readonly folder: SnapshotFolder = { files: new Map(), onRemove: () => this.checkSnapshot() };
  private readonly observer: DiskObserver;
  private readonly faults: FaultCounts;
  private log = new MemoryRaftLog();
  private durable: StoredState = this.log.stored();
  private user: DiskUser | undefined;
  private plannedCrash: { readonly moment: 'before' | 'after'; readonly onCrashed: () => void } | undefined;
  private readonly writeMs: () => number;
  /** Added to every write. */
  private extraWriteMs = 0;

  constructor(serial: number, writeMs: () => number, observer: DiskObserver, faults: FaultCounts) {
    this.serial = serial;
    this.writeMs = writeMs;
    this.observer = observer;
    this.faults = faults;
  }

  /** A process begins to use the disk. It finds what was durable. */
  mount(user: DiskUser): void {
    this.log = new MemoryRaftLog(this.durable);
    this.user = user;
  }

  unmount(): void {
    this.user = undefined;
    this.plannedCrash = undefined;
  }

  /** The process will end just before, or just after, its next write becomes durable. */
  crashInNextWrite(moment: 'before' | 'after', onCrashed: () => void): void {
    this.plannedCrash = { moment, onCrashed };
  }

  /** Every write takes longer by `byMs`. */
  slowDown(byMs: number): void {
    this.extraWriteMs = byMs;
  }

  /** Writes take their usual time, and no crash is planned. */
  recover(): void {
    this.extraWriteMs = 0;
    this.plannedCrash = undefined;
  }

  /** Whether the entry is durable here. */
  holds(index: number, term: number): boolean {
    const { base, last } = this.durable.extent;
    if (index <= base.index) return true;
    return index <= last.index && this.durable.entries[index - base.index - 1]?.term === term;
  }

  /** Durable entries behind `index`. */
  entriesAbove(index: number): readonly Entry[] {
    return this.durable.entries.filter((entry) => entry.index > index);
  }

  get durableLastIndex(): number {
    return this.durable.extent.last.index;
  }

  get durableHardState(): HardState {
    return this.durable.extent.hardState;
  }

  append(batch: LogBatch): void {
    const before = this.log.initialState().hardState;
    const flushed = batch.entries.length > 0 || batch.snapshot !== undefined || !sameBallot(before, batch.hardState);
    this.write(flushed, () => {
      this.log.append(batch);
      this.observer.onAppend(this, before, batch);
      if (batch.snapshot !== undefined) this.observer.onSnapshot(this, batch.snapshot.metadata);
    });
  }

  commitDurably(commit: number): void {
    const before = this.log.initialState().hardState;
    this.write(true, () => {
      this.log.commitDurably(commit);
      this.observer.onCommitDurable(this, before, this.log.initialState().hardState);
    });
  }

  setIdentity(identity: LogIdentity): void {
    this.write(true, () => {
      this.log.setIdentity(identity);
      this.observer.onIdentity(this, identity);
    });
  }

  bootstrap(confState: ConfState): void {
    this.write(true, () => this.log.bootstrap(confState));
  }

  recordSnapshot(snapshot: Snapshot): void {
    this.write(true, () => {
      this.log.recordSnapshot(snapshot);
      this.observer.onSnapshot(this, snapshot.metadata);
    });
  }

  compact(throughIndex: number): void {
    this.write(true, () => this.log.compact(throughIndex));
  }

  identity(): LogIdentity | undefined {
    return this.log.identity();
  }

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return this.log.initialState();
  }

  firstIndex(): number {
    return this.log.firstIndex();
  }

  lastIndex(): number {
    return this.log.lastIndex();
  }

  term(index: number): number | LogGap {
    return this.log.term(index);
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] | LogGap {
    return this.log.entries(low, high, maxBytes);
  }

  snapshot(): Snapshot {
    return this.log.snapshot();
  }

  private write(flushed: boolean, change: () => void): void {
    const { user } = this;
    assert(user !== undefined, 'only a living process writes');
    if (!flushed) {
      change();
      return;
    }
    const crash = this.plannedCrash;
    this.plannedCrash = undefined;
    if (crash?.moment === 'before') this.crash(user, 'crashed before a write', crash.onCrashed);
    change();
    this.durable = this.log.stored();
    this.checkSnapshot();
    if (crash?.moment === 'after') this.crash(user, 'crashed after a write', crash.onCrashed);
    user.onWritten(this.writeMs() + this.extraWriteMs);
  }

  private checkSnapshot(): void {
    const { metadata, data } = this.durable.extent.snapshot;
    if (metadata.index === 0) return;
    const { file } = decodeDescription(data);
    if (!isWhole(this.folder.files.get(file.name), file)) this.observer.onSnapshotMissing(this, file.name);
  }

  private crash(
    user: DiskUser,
    kind: 'crashed before a write' | 'crashed after a write',
    onCrashed: () => void,
  ): never {
    this.faults.add(kind);
    user.crash();
    onCrashed();
    throw new CrashedInWrite('the process ended in a write');
  }
}

/** Whether a write changes nothing that Raft has to remember at once. */
function sameBallot(before: HardState, after: HardState | undefined): boolean {
  return after === undefined || (after.term === before.term && after.vote === before.vote);
}
