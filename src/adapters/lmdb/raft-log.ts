/**
 * The Raft log on lmdb. Reads are synchronous and come from memory for the newest entries (entry-tail.ts); every write is one
 * synchronous lmdb transaction, which returns after fdatasync of the data and a synchronous write of the meta page.
 *
 * Synchronous, because a Ready has to wait for the disk in any case, and handing the transaction to lmdb-js's writer thread
 * costs more than it frees: awaited and flushed, it took 1.1 to 7 times as long (medians, taking turns, 1 to 64 entries of 1 KB;
 * the synchronous one takes 0.3 to 0.5 ms alone on a quiet disk, and 11 us an entry at 64).
 *
 * Entries that are compacted away are removed a slice at a time along with the next writes, since removing all at once
 * would stall the control thread (1.7 us an entry). Until then they lie below the base, where nothing reads them.
 */
import { assert } from '../../base/assert.js';
import { EMPTY_BYTES } from '../../base/bytes.js';
import type { DcacheError } from '../../base/errors.js';
import { entryBytes } from '../../raft/entry-size.js';
import {
  assertSameIdentity,
  extentAfter,
  extentCompacted,
  extentWithSnapshot,
  isFresh,
  type LogExtent,
} from '../../raft/log-rules.js';
import type { LogBatch, LogIdentity, RaftLog } from '../../raft/log-store.js';
import type { ConfState, Entry, HardState, LogGap, Snapshot } from '../../raft/types.js';
import type { LogDatabase } from './database.js';
import { dataCorrupt, diskError, writeError } from './disk-errors.js';
import type { EntryTail } from './entry-tail.js';
import type { StoredLog } from './read-log.js';
import {
  DamagedRecord,
  decodeEntry,
  encodeBase,
  encodeEntry,
  encodeHardState,
  encodeIdentity,
  encodeSnapshot,
  entryKey,
  KEYS,
} from './records.js';

/** Entries below the base that one write removes beside its own work. */
const REMOVED_PER_WRITE = 1_024;

export class LmdbRaftLog implements RaftLog {
  private readonly folder: string;
  private readonly path: string;
  private readonly database: LogDatabase;
  private readonly tail: EntryTail;
  /** As it is on disk, but for a commit index that moved alone. */
  private extent: LogExtent;
  private stored: LogIdentity | undefined;
  /** Entries from here to the base are garbage still to be removed. */
  private firstStored: number;
  /** The error after which no write is taken: what the disk holds is no longer certain. */
  private broken: DcacheError | undefined;

  /**
   * @param folder the node's data folder, for messages
   * @param path the database file
   */
  constructor(folder: string, path: string, database: LogDatabase, found: StoredLog) {
    this.folder = folder;
    this.path = path;
    this.database = database;
    this.tail = found.tail;
    this.extent = found.extent;
    this.stored = found.identity;
    this.firstStored = found.firstStored;
  }

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.extent.hardState, confState: this.extent.snapshot.metadata.confState };
  }

  firstIndex(): number {
    return this.extent.base.index + 1;
  }

  lastIndex(): number {
    return this.extent.last.index;
  }

  term(index: number): number | LogGap {
    const { base, last } = this.extent;
    if (index < base.index) return 'compacted';
    if (index > last.index) return 'unavailable';
    if (index === base.index) return base.term;
    return this.entryAt(index).term;
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] | LogGap {
    if (low < this.firstIndex()) return 'compacted';
    if (high > this.extent.last.index + 1) return 'unavailable';
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = low; index < high; index++) {
      const entry = this.entryAt(index);
      bytes += entryBytes(entry);
      if (bytes > maxBytes && found.length > 0) break;
      found.push(entry);
    }
    return found;
  }

  snapshot(): Snapshot {
    return this.extent.snapshot;
  }

  identity(): LogIdentity | undefined {
    return this.stored;
  }

  setIdentity(identity: LogIdentity): void {
    assertSameIdentity(this.stored, identity);
    this.write('writing the identity', this.extent, () => this.put(KEYS.identity, encodeIdentity(identity)));
    this.stored = identity;
  }

  bootstrap(confState: ConfState): void {
    assert(isFresh(this.extent, this.stored), 'only an empty log is bootstrapped');
    const snapshot = { metadata: { index: 0, term: 0, confState }, data: EMPTY_BYTES };
    this.write('writing the first membership', { ...this.extent, snapshot }, () => undefined);
  }

  append(batch: LogBatch): void {
    const before = this.extent;
    const after = extentAfter(before, batch);
    if (movesCommitOnly(before, after, batch)) {
      this.extent = after;
      return;
    }
    const firstReplaced = batch.entries[0]?.index ?? before.last.index + 1;
    const firstObsolete = batch.snapshot === undefined ? firstReplaced : this.firstStored;
    this.write('appending', after, () => {
      for (let index = firstObsolete; index <= before.last.index; index++) {
        const isOverwritten = index > after.base.index && index <= after.last.index;
        if (!isOverwritten) this.database.removeSync(entryKey(index));
      }
      for (const entry of batch.entries) {
        const key = entryKey(entry.index);
        this.put(key, encodeEntry(key, entry));
      }
    });
    if (batch.snapshot !== undefined) {
      this.tail.clear();
      this.firstStored = after.base.index + 1;
    }
    for (const entry of batch.entries) this.tail.push(entry);
  }

  recordSnapshot(snapshot: Snapshot): void {
    const after = extentWithSnapshot(this.extent, snapshot, (index) => this.termIfStored(index));
    this.write('naming a snapshot', after, () => undefined);
  }

  compact(throughIndex: number): void {
    const after = extentCompacted(this.extent, throughIndex, (index) => this.termIfStored(index));
    if (after === this.extent) return;
    this.write('compacting', after, () => undefined);
    this.tail.dropThrough(after.base.index);
  }

  private termIfStored(index: number): number | undefined {
    const term = this.term(index);
    return typeof term === 'number' ? term : undefined;
  }

  private entryAt(index: number): Entry {
    return this.tail.get(index) ?? this.readEntry(index);
  }

  private readEntry(index: number): Entry {
    const key = entryKey(index);
    try {
      const value = this.database.get(key);
      if (value === undefined) throw new DamagedRecord('is missing');
      return decodeEntry(key, value);
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw diskError(this.folder, 'reading', error);
      throw dataCorrupt(this.folder, `the record of entry ${index} ${error.message}`, error);
    }
  }

  /** Runs `action` in a transaction that also stores what differs in `after`, and makes `after` the extent. */
  private write(doing: string, after: LogExtent, action: () => void): void {
    if (this.broken !== undefined) throw this.broken;
    const before = this.extent;
    const garbageEnd = Math.min(after.base.index + 1, this.firstStored + REMOVED_PER_WRITE);
    try {
      this.database.transactionSync(() => {
        action();
        if (after.base !== before.base) this.put(KEYS.base, encodeBase(after.base));
        if (after.snapshot !== before.snapshot) this.put(KEYS.snapshot, encodeSnapshot(after.snapshot));
        this.put(KEYS.hardState, encodeHardState(after.hardState));
        for (let index = this.firstStored; index < garbageEnd; index++) this.database.removeSync(entryKey(index));
      });
    } catch (error) {
      this.broken = writeError(this.folder, this.path, doing, error);
      throw this.broken;
    }
    this.firstStored = Math.max(this.firstStored, garbageEnd);
    this.extent = after;
  }

  /** Within a transaction, where putSync neither waits nor commits. */
  private put(key: Buffer, value: Buffer): void {
    this.database.putSync(key, value);
  }
}

function movesCommitOnly(before: LogExtent, after: LogExtent, batch: LogBatch): boolean {
  return (
    batch.entries.length === 0 &&
    batch.snapshot === undefined &&
    before.hardState.term === after.hardState.term &&
    before.hardState.vote === after.hardState.vote
  );
}
