/**
 * The state machine of raft mode on a segment store: requests are decided here, by the rules that the Map store shares
 * (write-rules.ts), and carried out there. Places in memory, cleaning, expiry and eviction follow from the order of the
 * log, so that replicas hold byte-identical stores.
 *
 * The log's time is the segment store's clock. A value that is over by it does not exist, whether or not it has been removed;
 * `count` and `flush` still count it until then, which for a few thousand values is within the call that moves the time.
 *
 * The pool of memory outlives the segment stores: flush, founding and restore put another one in the place of the old one, which
 * gives back what no snapshot holds.
 */
import { assert, assertNever } from '../base/assert.js';
import { concatBytes, EMPTY_BYTES } from '../base/bytes.js';
import { DcacheError } from '../base/errors.js';
import { Fnv32 } from '../base/fnv.js';
import { LIMITS } from '../base/limits.js';
import { accountOf } from './accounting.js';
import { encodeInteger } from './integer-value.js';
import { type HashSeed, seedOfCluster, SipKeyHash } from './key-hash.js';
import type { SegmentLayout } from './layout.js';
import { sameRules, type MemoryRules } from './memory-cap.js';
import { MAX_48_BITS } from './record.js';
import type { ReadReply, ReadRequest, Rejection, WriteReply, WriteRequest } from './requests.js';
import { scanPage } from './scan-page.js';
import { type KvState, SegmentKvRestore, SegmentKvSnapshot } from './segment-kv-snapshot.js';
import { SegmentStore } from './segment-store.js';
import { SlabPool } from './slab-pool.js';
import { cutSnapshot } from './snapshot.js';
import { hashOfStore } from './state-hash.js';
import type { KvStore, StoreRestore, StoreSnapshot, StoreStats } from './store.js';
import {
  appendRefusal,
  conditionHolds,
  expiryOf,
  incremented,
  rejected,
  timeLeftMs,
  type Present,
} from './write-rules.js';

type Write<Type extends WriteRequest['type']> = Extract<WriteRequest, { type: Type }>;

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

  apply(write: WriteRequest): WriteReply {
    try {
      return this.decide(write);
    } catch (error) {
      if (error instanceof DcacheError && isRejection(error.code)) return rejected(error.code, error.message);
      throw error;
    }
  }

  read(request: ReadRequest, nowMs: number): ReadReply {
    switch (request.type) {
      case 'get': {
        if (this.find(request.key) === undefined) return { type: 'get', value: null, version: 0 };
        const { entry } = this.segments;
        this.markAsRead();
        return { type: 'get', value: entry.copyOfValue(), version: entry.version };
      }
      case 'inspect': {
        const present = this.find(request.key);
        if (present === undefined) return { type: 'inspect', found: false, version: 0, valueBytes: 0, ttlMs: null };
        const ttlMs = timeLeftMs(present.expiresAtMs, nowMs);
        const { valueBytes } = this.segments.entry;
        return { type: 'inspect', found: true, version: present.version, valueBytes, ttlMs };
      }
      case 'scan':
        return scanPage(this.segments, request, nowMs);
      case 'count':
        return { type: 'count', keys: this.segments.values.keyCount };
      default:
        return assertNever(request, 'read');
    }
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
    return hashOfStore(this.segments) + own.hex();
  }

  snapshot(): StoreSnapshot {
    const { seed, founded, lastVersion } = this;
    return new SegmentKvSnapshot({ seed, founded, lastVersion }, cutSnapshot(this.segments));
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

  private decide(write: WriteRequest): WriteReply {
    switch (write.type) {
      case 'set':
        return this.set(write);
      case 'delete':
        return this.delete(write);
      case 'expire':
        return this.expire(write);
      case 'increment':
        return this.increment(write);
      case 'append':
        return this.append(write);
      case 'flush': {
        const removed = this.segments.values.keyCount;
        this.startEmpty();
        return { type: 'flush', removed };
      }
      default:
        return assertNever(write, 'write');
    }
  }

  private set(write: Write<'set'>): WriteReply {
    const { key, value, condition, lifetime, returnOld } = write;
    const needsBefore = returnOld || condition.type !== 'always' || lifetime.type === 'keep';
    const before = needsBefore ? this.find(key) : undefined;
    const old = returnOld && before !== undefined ? this.segments.entry.copyOfValue() : null;
    if (!conditionHolds(condition, before)) return { type: 'set', applied: false, version: before?.version ?? 0, old };
    const version = this.put(key, value, expiryOf(lifetime, before, this.timeMs));
    return { type: 'set', applied: true, version, old };
  }

  private delete({ key, condition }: Write<'delete'>): WriteReply {
    if (condition.type !== 'always' && !conditionHolds(condition, this.find(key))) {
      return { type: 'delete', deleted: false };
    }
    return { type: 'delete', deleted: this.segments.delete(key, this.timeMs) };
  }

  /** A change of the lifetime alone keeps the version: the value has not changed. */
  private expire({ key, lifetime }: Write<'expire'>): WriteReply {
    const before = this.find(key);
    if (before === undefined) return { type: 'expire', changed: false };
    const expiresAtMs = expiryOf(lifetime, before, this.timeMs);
    if (expiresAtMs === before.expiresAtMs) return { type: 'expire', changed: false };
    const changed = this.segments.setExpiry(key, storedExpiry(expiresAtMs), before.version, this.timeMs);
    return { type: 'expire', changed };
  }

  private increment({ key, delta }: Write<'increment'>): WriteReply {
    const before = this.find(key);
    const value = incremented(before === undefined ? undefined : this.segments.entry.value(), delta);
    if (typeof value !== 'bigint') return value;
    const version = this.put(key, encodeInteger(value), before?.expiresAtMs ?? Infinity);
    return { type: 'increment', value, version };
  }

  private append({ key, value: addition }: Write<'append'>): WriteReply {
    const before = this.find(key);
    const { entry } = this.segments;
    const valueBytes = (before === undefined ? 0 : entry.valueBytes) + addition.length;
    const refusal = appendRefusal(valueBytes);
    if (refusal !== undefined) return refusal;
    const value = concatBytes([before === undefined ? EMPTY_BYTES : entry.value(), addition]);
    return { type: 'append', valueBytes, version: this.put(key, value, before?.expiresAtMs ?? Infinity) };
  }

  /** What the key has now; `segments.entry` then describes it. */
  private find(key: Uint8Array): Present | undefined {
    const { segments } = this;
    if (segments.lookUp(key, segments.clockMs) !== 'hit') return undefined;
    const { version, expiresAtMs } = segments.entry;
    return { version, expiresAtMs: expiresAtMs === 0 ? Infinity : expiresAtMs };
  }

  /** The value that was just found is warm. Which values are is part of the replicated state, so it goes through the log. */
  private markAsRead(): void {
    const { cap, entry } = this.segments;
    if (cap.policy !== 'lru' || this.readMarks.size >= LIMITS.maxReadMarks || entry.isTouched) return;
    this.readMarks.add(entry.tag);
  }

  /** Returns the version of the new value. */
  private put(key: Uint8Array, value: Uint8Array, expiresAtMs: number): number {
    const version = this.lastVersion + 1;
    this.segments.set(key, value, version, this.timeMs, storedExpiry(expiresAtMs));
    this.lastVersion = version;
    return version;
  }
}

/** As records have it: 0 for ever, else at most what their 48 bits hold. */
function storedExpiry(expiresAtMs: number): number {
  return expiresAtMs === Infinity ? 0 : Math.min(expiresAtMs, MAX_48_BITS);
}

function isRejection(code: string): code is Rejection['code'] {
  return code === 'STORE_FULL' || code === 'KEY_TOO_LARGE' || code === 'VALUE_TOO_LARGE';
}
