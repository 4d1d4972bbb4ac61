/**
 * Snapshots on the control side: says when one is due, names it in the log once its file is durable, forgets the entries that
 * it covers and the files that it replaces (DESIGN.md, I0).
 *
 * The state is cut on the main thread, which applies entries a little later than this side sees them; so what the list of
 * nodes, the cluster map and the configuration were at the cut is looked up in a short history.
 */
import { assert } from '../../base/assert.js';
import { errorFields, type Logger } from '../../base/log.js';
import type { ClusterMap } from '../../cluster/cluster-map.js';
import type { Members } from '../../cluster/members.js';
import { entryBytes } from '../../raft/entry-size.js';
import type { RaftLog } from '../../raft/log-store.js';
import type { ConfState, Entry, Snapshot } from '../../raft/types.js';
import type { SnapshotFile, SnapshotFiles } from '../snapshot-files.js';
import { decodeDescription, encodeDescription } from './snapshot-description.js';

export interface SnapshotPolicy {
  /** A snapshot is due when the log has grown by this many bytes, or by twice the last snapshot if that is more. */
  readonly minLogBytes: number;
  /** Entries kept behind a snapshot, so that a follower that is a little late needs no snapshot. */
  readonly keptEntries: number;
}

/** What holds from entry `index` on. */
export interface Configuration {
  readonly index: number;
  readonly confState: ConfState;
  readonly members: Members;
  readonly map: ClusterMap;
}

/** A cut whose file is durable. */
export interface WrittenSnapshot {
  readonly index: number;
  readonly term: number;
  readonly file: SnapshotFile;
}

export class SnapshotKeeper {
  private readonly log: RaftLog;
  private readonly files: SnapshotFiles;
  private readonly policy: SnapshotPolicy;
  private readonly logger: Logger;
  /** Ascending; the first one holds at the last snapshot or before. */
  private history: Configuration[] = [];
  private bytesSinceSnapshot = 0;
  private lastSnapshotBytes = 0;
  private asked = false;
  /** Files that the data side has been told to restore and may not have read yet. */
  private restoring: readonly { readonly name: string; readonly index: number }[] = [];

  constructor(parts: { log: RaftLog; files: SnapshotFiles; policy: SnapshotPolicy; logger: Logger }) {
    this.log = parts.log;
    this.files = parts.files;
    this.policy = parts.policy;
    this.logger = parts.logger;
  }

  /** The file of the log's snapshot, undefined when there is none. Throws MalformedBytes. */
  currentFile(): SnapshotFile | undefined {
    const snapshot = this.log.snapshot();
    if (snapshot === 'unavailable' || snapshot.metadata.index === 0) return undefined;
    return decodeDescription(snapshot.data).file;
  }

  /** What is in force at its index: at start, after a change, after a received snapshot. */
  onConfiguration(configuration: Configuration): void {
    this.history.push(configuration);
  }

  onRestore(name: string, index: number): void {
    this.restoring = [...this.restoring, { name, index }];
    this.history = this.history.filter((known) => known.index >= index);
    this.bytesSinceSnapshot = 0;
    this.lastSnapshotBytes = this.currentFile()?.bytes ?? 0;
  }

  onApplied(index: number): void {
    const unread = this.restoring.filter((file) => file.index > index);
    if (unread.length === this.restoring.length) return;
    this.restoring = unread;
    this.removeOldFiles();
  }

  /** True when the data side should cut a snapshot now; it is asked once for each. */
  onCommitted(entries: readonly Entry[]): boolean {
    for (const entry of entries) this.bytesSinceSnapshot += entryBytes(entry);
    const limit = Math.max(this.policy.minLogBytes, 2 * this.lastSnapshotBytes);
    if (this.asked || this.bytesSinceSnapshot < limit) return false;
    this.asked = true;
    return true;
  }

  /** The cut could not be written; another one is due when the log has grown again. */
  onNotWritten(): void {
    this.asked = false;
    this.bytesSinceSnapshot = 0;
  }

  /** Names the snapshot in the log. One that came too late, behind a received one, is dropped. */
  onWritten({ index, term, file }: WrittenSnapshot): void {
    this.asked = false;
    this.bytesSinceSnapshot = 0;
    const current = this.log.snapshot();
    if (current !== 'unavailable' && current.metadata.index >= index) {
      this.removeOldFiles();
      return;
    }
    const configuration = this.history.findLast((known) => known.index <= index);
    assert(configuration !== undefined, 'the configuration at a cut is known');
    const { confState, members, map } = configuration;
    const snapshot: Snapshot = {
      metadata: { index, term, confState },
      data: encodeDescription({ file, members, map }),
    };
    this.log.recordSnapshot(snapshot);
    this.log.compact(Math.max(0, index - this.policy.keptEntries));
    this.lastSnapshotBytes = file.bytes;
    this.history = this.history.filter((known) => known.index >= configuration.index);
    this.logger.info({ index, term, bytes: file.bytes }, 'snapshot taken');
    this.removeOldFiles();
  }

  private removeOldFiles(): void {
    const snapshot = this.log.snapshot();
    if (snapshot === 'unavailable') return;
    const named = this.currentFile()?.name;
    const kept = [...(named === undefined ? [] : [named]), ...this.restoring.map(({ name }) => name)];
    this.files.removeUpTo(snapshot.metadata.index, kept).catch((error: unknown) => {
      // Old files only take up room; the next snapshot tries again.
      this.logger.warn(errorFields(error), 'old snapshots could not be removed');
    });
  }
}
