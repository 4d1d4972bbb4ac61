/**
 * The Raft log on lmdb, with a journal in front of it. Reads are synchronous and come from memory for the newest entries
 * (entry-tail.ts). What Raft appends goes into the journal, durable after one flush (journal.ts), and from there into the database when
 * the journal is full; everything else is one synchronous lmdb transaction, which takes what the journal has along.
 *
 * Synchronous, because a Ready has to wait for the disk in any case, and handing the transaction to lmdb-js's writer thread
 * costs more than it frees: awaited and flushed, it took 1.1 to 7 times as long (medians, taking turns, 1 to 64 entries of 1 KB).
 *
 * Entries that are compacted away are removed a slice at a time along with the next transactions, since removing all at once
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
import type { JournalRecord } from './journal-frame.js';
import type { Journal } from './journal.js';
import { JournaledEntries } from './journaled-entries.js';
import type { StoredLog } from './read-log.js';
import {
  DamagedRecord,
  decodeEntry,
  encodeBase,
  encodeEntry,
  encodeHardState,
  encodeIdentity,
  encodeRound,
  encodeSnapshot,
  entryKey,
  KEYS,
} from './records.js';

/** Entries below the base that one transaction removes beside its own work, if it does not add more. */
const REMOVED_PER_WRITE = 1_024;

/** Entries on their way into the database without the journal. */
interface StoredBatch {
  /** Nothing that was there before stays: they follow a snapshot. */
  readonly startsAnew: boolean;
  /** Index of the first one; they replace all from there on. */
  readonly first: number;
  readonly values: readonly Buffer[];
}

export class LmdbRaftLog implements RaftLog {
  private readonly folder: string;
  private readonly path: string;
  private readonly database: LogDatabase;
  private readonly journal: Journal;
  private readonly tail: EntryTail;
  /** As it is on disk, database and journal together, but for a commit index that moved alone. */
  private extent: LogExtent;
  private stored: LogIdentity | undefined;
  private readonly journaled = new JournaledEntries();
  /** Whether the journal has a frame that the database lacks. */
  private hasJournaled = false;
  /** In the database, entries from here to the base are garbage still to be removed. */
  private firstStored: number;
  /** Last entry in the database; what is behind the first journaled one is replaced. */
  private lastStored: number;
  /** The error after which no write is taken: what the disk holds is no longer certain. */
  private broken: DcacheError | undefined;

  /**
   * @param folder the node's data folder, for messages
   * @param path the database file
   * @param journal in an empty round
   */
  constructor(folder: string, path: string, database: LogDatabase, journal: Journal, found: StoredLog) {
    this.folder = folder;
    this.path = path;
    this.database = database;
    this.journal = journal;
    this.tail = found.tail;
    this.extent = found.extent;
    this.stored = found.identity;
    this.firstStored = found.firstStored;
    this.lastStored = found.extent.last.index;
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
    this.store('writing the identity', this.extent, undefined, () => this.put(KEYS.identity, encodeIdentity(identity)));
    this.stored = identity;
  }

  bootstrap(confState: ConfState): void {
    assert(isFresh(this.extent, this.stored), 'only an empty log is bootstrapped');
    const snapshot = { metadata: { index: 0, term: 0, confState }, data: EMPTY_BYTES };
    this.store('writing the first membership', { ...this.extent, snapshot });
  }

  append(batch: LogBatch): void {
    const before = this.extent;
    const after = extentAfter(before, batch);
    if (movesCommitOnly(before, after, batch)) {
      this.extent = after;
      return;
    }
    const first = batch.entries[0]?.index ?? before.last.index + 1;
    const values = batch.entries.map((entry) => encodeEntry(entryKey(entry.index), entry));
    if (batch.snapshot !== undefined) {
      this.store('appending', after, { startsAnew: true, first, values });
      this.tail.clear();
    } else if (!this.appendToJournal(after, first, values)) {
      this.store('appending', after, { startsAnew: false, first, values });
    }
    for (const entry of batch.entries) this.tail.push(entry);
  }

  commitDurably(commit: number): void {
    const { hardState, last } = this.extent;
    const raised = { ...hardState, commit: Math.max(commit, hardState.commit) };
    const after = extentAfter(this.extent, { hardState: raised, entries: [], snapshot: undefined });
    if (!this.appendToJournal(after, last.index + 1, [])) this.store('writing the commit index', after);
  }

  recordSnapshot(snapshot: Snapshot): void {
    const after = extentWithSnapshot(this.extent, snapshot, (index) => this.termIfStored(index));
    this.store('naming a snapshot', after);
  }

  compact(throughIndex: number): void {
    const after = extentCompacted(this.extent, throughIndex, (index) => this.termIfStored(index));
    if (after === this.extent) return;
    this.store('compacting', after);
    this.tail.dropThrough(after.base.index);
  }

  /** Takes what the journal has into the database, unless writing has failed before. */
  emptyJournal(): void {
    if (this.hasJournaled && this.broken === undefined) this.store('emptying the journal', this.extent);
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
      const value = this.journaled.valueOf(index) ?? this.database.get(key);
      if (value === undefined) throw new DamagedRecord('is missing');
      return decodeEntry(key, value);
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw diskError(this.folder, 'reading', error);
      throw dataCorrupt(this.folder, `the record of entry ${index} ${error.message}`, error);
    }
  }

  /** @returns false when the batch is too large for the journal: nothing has been written. */
  private appendToJournal(after: LogExtent, first: number, values: readonly Buffer[]): boolean {
    if (this.broken !== undefined) throw this.broken;
    const records: JournalRecord[] = values.map((value, i) => ({ key: entryKey(first + i), value }));
    records.push({ key: KEYS.hardState, value: encodeHardState(after.hardState) });
    if (!this.journal.fitsRound(records)) return false;
    if (!this.journal.hasRoom(records)) this.emptyJournal();
    try {
      this.journal.append(first, records);
    } catch (error) {
      this.broken = diskError(this.folder, 'appending', error);
      throw this.broken;
    }
    this.hasJournaled = true;
    this.journaled.replaceFrom(first, values);
    this.extent = after;
    return true;
  }

  /**
   * One transaction: what the journal has, then the batch, if there is one, then what differs in `after`, which becomes the extent,
   * then `action`. Ends the round of the journal.
   */
  private store(doing: string, after: LogExtent, batch?: StoredBatch, action: () => void = () => undefined): void {
    if (this.broken !== undefined) throw this.broken;
    const before = this.extent;
    const round = this.journal.nextRound();
    const added = batch?.values.length ?? 0;
    const removable = Math.max(REMOVED_PER_WRITE, 2 * (this.journaled.count + added));
    const firstStored = batch?.startsAnew === true ? after.base.index + 1 : this.firstStored;
    const garbageEnd = Math.min(after.base.index + 1, firstStored + removable);
    try {
      this.database.transactionSync(() => {
        this.putEntries(after, batch);
        if (after.base !== before.base) this.put(KEYS.base, encodeBase(after.base));
        if (after.snapshot !== before.snapshot) this.put(KEYS.snapshot, encodeSnapshot(after.snapshot));
        this.put(KEYS.hardState, encodeHardState(after.hardState));
        this.put(KEYS.journal, encodeRound(round));
        action();
        for (let index = firstStored; index < garbageEnd; index++) this.database.removeSync(entryKey(index));
      });
    } catch (error) {
      this.broken = writeError(this.folder, this.path, doing, error);
      throw this.broken;
    }
    this.journal.begin(round);
    this.journaled.clear();
    this.hasJournaled = false;
    this.firstStored = Math.max(firstStored, garbageEnd);
    this.lastStored = after.last.index;
    this.extent = after;
  }

  /** Within a transaction: puts the entries that the database lacks, and removes those that are not part of the log after it. */
  private putEntries(after: LogExtent, batch: StoredBatch | undefined): void {
    const obsolete = batch?.startsAnew === true ? this.firstStored : after.last.index + 1;
    for (let index = obsolete; index <= this.lastStored; index++) {
      const isOverwritten = index > after.base.index && index <= after.last.index;
      if (!isOverwritten) this.database.removeSync(entryKey(index));
    }
    if (batch?.startsAnew !== true) {
      const end = batch === undefined || batch.values.length === 0 ? Infinity : batch.first;
      for (const { index, value } of this.journaled.between(after.base.index + 1, end))
        this.put(entryKey(index), value);
    }
    batch?.values.forEach((value, i) => this.put(entryKey(batch.first + i), value));
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
