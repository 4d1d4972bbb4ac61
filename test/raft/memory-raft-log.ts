/**
 * The durable log kept in plain lists: the model that the lmdb log is compared with, and the simulator's disk. Everything is
 * durable at once here; the simulator puts losses on top by keeping the state of the last sync.
 */
import { assert } from '../../src/base/assert.js';
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import { limitEntries } from '../../src/raft/entry-size.js';
import {
  assertSameIdentity,
  extentAfter,
  extentCompacted,
  extentWithSnapshot,
  isFresh,
  type LogExtent,
} from '../../src/raft/log-rules.js';
import type { LogBatch, LogIdentity, RaftLog } from '../../src/raft/log-store.js';
import {
  EMPTY_CONF_STATE,
  EMPTY_HARD_STATE,
  type ConfState,
  type Entry,
  type HardState,
  type LogGap,
  type Snapshot,
} from '../../src/raft/types.js';

/** Everything that is stored. Immutable, so that a copy of the reference is a copy of the disk. */
export interface StoredState {
  readonly extent: LogExtent;
  /** All entries of the extent, by ascending index. */
  readonly entries: readonly Entry[];
  readonly identity: LogIdentity | undefined;
}

const EMPTY_STATE: StoredState = {
  extent: {
    base: { index: 0, term: 0 },
    last: { index: 0, term: 0 },
    hardState: EMPTY_HARD_STATE,
    snapshot: { metadata: { index: 0, term: 0, confState: EMPTY_CONF_STATE }, data: EMPTY_BYTES },
  },
  entries: [],
  identity: undefined,
};

export class MemoryRaftLog implements RaftLog {
  private state: StoredState;

  /** @param state what `stored` of an earlier life returned; empty for a fresh log */
  constructor(state: StoredState = EMPTY_STATE) {
    this.state = state;
  }

  stored(): StoredState {
    return this.state;
  }

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    const { hardState, snapshot } = this.state.extent;
    return { hardState, confState: snapshot.metadata.confState };
  }

  firstIndex(): number {
    return this.state.extent.base.index + 1;
  }

  lastIndex(): number {
    return this.state.extent.last.index;
  }

  term(index: number): number | LogGap {
    const { base } = this.state.extent;
    if (index < base.index) return 'compacted';
    if (index === base.index) return base.term;
    return this.state.entries.find((entry) => entry.index === index)?.term ?? 'unavailable';
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] | LogGap {
    if (low < this.firstIndex()) return 'compacted';
    if (high > this.lastIndex() + 1) return 'unavailable';
    return limitEntries(
      this.state.entries.filter((entry) => entry.index >= low && entry.index < high),
      maxBytes,
    );
  }

  snapshot(): Snapshot {
    return this.state.extent.snapshot;
  }

  identity(): LogIdentity | undefined {
    return this.state.identity;
  }

  setIdentity(identity: LogIdentity): void {
    assertSameIdentity(this.state.identity, identity);
    this.state = { ...this.state, identity };
  }

  bootstrap(confState: ConfState): void {
    assert(isFresh(this.state.extent, this.state.identity), 'only an empty log is bootstrapped');
    const snapshot = { metadata: { index: 0, term: 0, confState }, data: EMPTY_BYTES };
    this.state = { ...this.state, extent: { ...this.state.extent, snapshot } };
  }

  append(batch: LogBatch): void {
    const extent = extentAfter(this.state.extent, batch);
    const firstNew = batch.entries[0]?.index ?? Infinity;
    const kept = batch.snapshot === undefined ? this.state.entries.filter((entry) => entry.index < firstNew) : [];
    this.state = { ...this.state, extent, entries: [...kept, ...batch.entries] };
  }

  commitDurably(commit: number): void {
    const { hardState } = this.state.extent;
    this.append({
      hardState: { ...hardState, commit: Math.max(commit, hardState.commit) },
      entries: [],
      snapshot: undefined,
    });
  }

  recordSnapshot(snapshot: Snapshot): void {
    const extent = extentWithSnapshot(this.state.extent, snapshot, (index) => this.termIfStored(index));
    this.state = { ...this.state, extent };
  }

  compact(throughIndex: number): void {
    const extent = extentCompacted(this.state.extent, throughIndex, (index) => this.termIfStored(index));
    const entries = this.state.entries.filter((entry) => entry.index > extent.base.index);
    this.state = { ...this.state, extent, entries };
  }

  private termIfStored(index: number): number | undefined {
    const term = this.term(index);
    return typeof term === 'number' ? term : undefined;
  }
}
