/**
 * The state machine of raft mode on a segment store: requests are decided (kv-decisions.ts) in the order of the log. Places in
 * memory, cleaning, expiry and eviction follow from that order, so that replicas hold byte-identical stores.
 *
 * The log's time is the segment store's clock. A value that is over by it does not exist, whether or not it has been removed;
 * `count` and `flush` still count it until then, which for a few thousand values is within the call that moves the time.
 *
 * The pool of memory outlives the segment stores: flush, founding and restore put another one in the place of the old one, which
 * gives back what no snapshot holds.
 */
import { assert } from '../base/assert.js';
import { Fnv32 } from '../base/fnv.js';
import { LIMITS } from '../base/limits.js';
import { accountOf } from './accounting.js';
import { type HashSeed, seedOfCluster, SipKeyHash } from './key-hash.js';
import { KvDecisions } from './kv-decisions.js';
import type { SegmentLayout } from './layout.js';
import { sameRules, type MemoryRules } from './memory-cap.js';
import type { LoggedWrite } from './logged-writes.js';
import type { ReadReply, ReadRequest, WriteReply, WriteRequest } from './requests.js';
import { type KvState, SegmentKvRestore, SegmentKvSnapshot } from './segment-kv-snapshot.js';
import { SegmentStore } from './segment-store.js';
import { SlabPool } from './slab-pool.js';
import { cutSnapshot } from './snapshot.js';
import { hashOfStore } from './state-hash.js';
import type { KvStore, StoreRestore, StoreSnapshot, StoreStats } from './store.js';
import { Uploads } from './uploads.js';

/** For tests; a cluster has the standard ones, the same on every node. */
export interface SegmentKvStoreOptions {
  readonly layout?: SegmentLayout;
  readonly maxKeyBytes?: number;
}

/** Work on expired values, cleaning and a lowered cap that each call of `advanceTime` may do: a pause of about a millisecond. */
const UPKEEP_BYTES = 256 * 1024;
const UNFOUNDED: HashSeed = { low: 0, high: 0 };

export class SegmentKvStore implements KvStore {
  private readonly options: SegmentKvStoreOptions;
  private readonly pool = new SlabPool();
  private seed = UNFOUNDED;
  private founded = false;
  private segments: SegmentStore;
  /** Writes that took effect, expiries alone apart; every version is drawn from it, so none comes twice. */
  private lastVersion = 0;
  private readonly decisions = new KvDecisions({
    segments: () => this.segments,
    nextVersion: () => this.lastVersion + 1,
    onWritten: (version) => (this.lastVersion = version),
    onHit: () => this.markAsRead(),
  });
  private readonly uploads = new Uploads();
  /** Tags of values read here that are not marked yet; no part of the state. */
  private readonly readMarks = new Set<number>();

  constructor(options: SegmentKvStoreOptions = {}) {
    this.options = options;
    this.segments = this.newStore(UNFOUNDED);
  }

  get timeMs(): number {
    return this.segments.clockMs;
  }

  get upkeepDueMs(): number {
    return this.segments.hasToEvict ? this.timeMs : this.segments.expirer.dueMs;
  }

  get memoryRules(): MemoryRules {
    const { maxBytes, policy } = this.segments.cap;
    return { maxBytes, policy };
  }

  setMemoryRules(rules: MemoryRules): void {
    if (!sameRules(rules, this.memoryRules)) this.segments.setCap(rules.maxBytes, rules.policy);
  }

  applyReadMarks(marks: readonly number[]): void {
    for (const tag of marks) this.segments.touchTag(tag);
  }

  takeReadMarks(): readonly number[] {
    const marks = [...this.readMarks];
    this.readMarks.clear();
    return marks;
  }

  advanceTime(timeMs: number): void {
    this.segments.tick(timeMs, UPKEEP_BYTES);
  }

  onFounded(clusterId: string): void {
    if (this.founded) return;
    assert(this.lastVersion === 0, 'a cluster is founded before anything is written');
    this.founded = true;
    this.seed = seedOfCluster(clusterId);
    this.startEmpty();
  }

  apply(write: WriteRequest): WriteReply;
  apply(write: LoggedWrite): WriteReply | undefined;
  apply(write: LoggedWrite): WriteReply | undefined {
    switch (write.type) {
      case 'flush': {
        const removed = this.segments.values.keyCount;
        this.startEmpty();
        this.uploads.onEmptied();
        return { type: 'flush', removed };
      }
      case 'piece':
        return this.uploads.add(this.segments, write);
      case 'finish':
        return this.uploads.finish(this.segments, this.decisions, write);
      case 'drop':
        this.uploads.drop(this.segments, write.upload);
        return undefined;
      default:
        return this.decisions.write(write);
    }
  }

  dropUploads(): void {
    this.uploads.dropAll(this.segments);
  }

  read(request: ReadRequest, nowMs: number): ReadReply {
    return this.decisions.read(request, nowMs);
  }

  stats(): StoreStats {
    const { keys, totalBytes, ...account } = accountOf(this.segments);
    const bytesFor = {
      live: account.liveBytes,
      dead: account.deadBytes,
      unused: account.unusedBytes,
      table: account.tableBytes,
      index: account.indexBytes,
      lingering: account.lingeringBytes,
      idle: account.idleBytes,
    };
    return { keys, bytes: totalBytes, bytesFor };
  }

  stateHash(): string {
    const { low, high } = this.seed;
    const own = new Fnv32()
      .number(this.lastVersion)
      .number(low)
      .number(high)
      .number(this.founded ? 1 : 0);
    this.uploads.addTo(own);
    return hashOfStore(this.segments) + own.hex();
  }

  snapshot(): StoreSnapshot {
    const { seed, founded, lastVersion } = this;
    const uploads = this.uploads.list();
    return new SegmentKvSnapshot({ seed, founded, lastVersion, uploads }, cutSnapshot(this.segments));
  }

  startRestore(): StoreRestore {
    return new SegmentKvRestore({
      newStore: (seed) => this.newStore(seed),
      replace: (state, store) => this.replace(state, store),
    });
  }

  private replace(state: KvState, store: SegmentStore): void {
    this.segments.dispose();
    this.segments = store;
    this.seed = state.seed;
    this.founded = state.founded;
    this.lastVersion = state.lastVersion;
    this.uploads.restore(state.uploads);
  }

  private newStore(seed: HashSeed): SegmentStore {
    return new SegmentStore({ ...this.options, hash: new SipKeyHash(seed), pool: this.pool });
  }

  /** Puts an empty store, with the same time and cap, in the place of the old one. */
  private startEmpty(): void {
    const before = this.segments;
    this.segments = this.newStore(this.seed);
    this.segments.setCap(before.cap.maxBytes, before.cap.policy);
    this.segments.tick(before.clockMs, 0);
    before.dispose();
  }

  /** The value that was just found is warm. Which values are is part of the replicated state, so it goes through the log. */
  private markAsRead(): void {
    const { cap, entry } = this.segments;
    if (cap.policy !== 'lru' || this.readMarks.size >= LIMITS.maxReadMarks || entry.isTouched) return;
    this.readMarks.add(entry.tag);
  }
}
