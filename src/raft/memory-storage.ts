/**
 * The log in memory: for tests, for the simulator and for nodes without a disk. A shell with a disk has the same writing
 * methods behind one transaction. Writing is not part of RaftStorage because the core never does it.
 */
import { assert } from '../base/assert.js';
import { EMPTY_BYTES } from '../base/bytes.js';
import { limitEntries } from './entry-size.js';
import {
  EMPTY_CONF_STATE,
  EMPTY_HARD_STATE,
  type ConfState,
  type Entry,
  type HardState,
  type LogGap,
  type RaftStorage,
  type Snapshot,
} from './types.js';

export class MemoryStorage implements RaftStorage {
  private hardState: HardState = EMPTY_HARD_STATE;
  private latestSnapshot: Snapshot;
  /** Index and term of the entry before the first one: the last that was compacted away. */
  private baseIndex = 0;
  private baseTerm = 0;
  /** Entry baseIndex + 1 + i is at i. Only copies of it are lent out. */
  private log: Entry[] = [];

  /** @param confState members of the group before the first entry; empty for a node that is yet to hear of them. */
  constructor(confState: ConfState = EMPTY_CONF_STATE) {
    this.latestSnapshot = { metadata: { index: 0, term: 0, confState }, data: EMPTY_BYTES };
  }

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.hardState, confState: this.latestSnapshot.metadata.confState };
  }

  firstIndex(): number {
    return this.baseIndex + 1;
  }

  lastIndex(): number {
    return this.baseIndex + this.log.length;
  }

  term(index: number): number | LogGap {
    if (index < this.baseIndex) return 'compacted';
    if (index === this.baseIndex) return this.baseTerm;
    return this.log[index - this.baseIndex - 1]?.term ?? 'unavailable';
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] | LogGap {
    if (low <= this.baseIndex) return 'compacted';
    if (high > this.lastIndex() + 1) return 'unavailable';
    return limitEntries(this.log.slice(low - this.baseIndex - 1, high - this.baseIndex - 1), maxBytes);
  }

  snapshot(): Snapshot | 'unavailable' {
    return this.latestSnapshot;
  }

  setHardState(hardState: HardState): void {
    this.hardState = hardState;
  }

  /** Appends `entries`, contiguous, replacing what is stored from the first one's index on. */
  append(entries: readonly Entry[]): void {
    const fresh = entries.filter((entry) => entry.index > this.baseIndex);
    const first = fresh[0];
    if (first === undefined) return;
    const kept = first.index - this.baseIndex - 1;
    assert(kept <= this.log.length, 'entries continue the stored log');
    this.log.length = kept;
    for (const entry of fresh) this.log.push(entry);
  }

  /** Replaces log and state by a received snapshot; an older one than the present is ignored. */
  applySnapshot(snapshot: Snapshot): void {
    if (snapshot.metadata.index <= this.latestSnapshot.metadata.index) return;
    this.latestSnapshot = snapshot;
    this.baseIndex = snapshot.metadata.index;
    this.baseTerm = snapshot.metadata.term;
    this.log = [];
  }

  /** Records a snapshot of the state after applying entry `index`, which is in the log. Does not compact. */
  createSnapshot(index: number, confState: ConfState, data: Uint8Array): Snapshot {
    const term = this.term(index);
    assert(typeof term === 'number', 'a snapshot is taken at an index of the log');
    this.latestSnapshot = { metadata: { index, term, confState }, data };
    return this.latestSnapshot;
  }

  /** Drops the entries up to and including `index`. Those that are gone already are no fault. */
  compact(index: number): void {
    if (index <= this.baseIndex) return;
    const term = this.term(index);
    assert(typeof term === 'number', 'compaction stays within the log');
    this.log = this.log.slice(index - this.baseIndex);
    this.baseIndex = index;
    this.baseTerm = term;
  }
}
