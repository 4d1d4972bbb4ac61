/**
 * The store of one copy of the data: keys and values in, decisions about their place made here. It is a function of
 * the calls that change it, in their order, with the times and versions they carry; so replicas in raft mode that
 * apply one log hold byte-identical stores (`stateHash`), cleaning, expiry and eviction included.
 *
 * The clock is an argument. It never runs backwards in here: an earlier time than the largest seen counts as that.
 * Look-ups change nothing. A change that cannot be made throws a DcacheError and leaves every value as it was.
 */
import { assert } from '../base/assert.js';
import { DcacheError } from '../base/errors.js';
import { LIMITS } from '../base/limits.js';
import { Cleaner } from './cleaner.js';
import { Endings } from './endings.js';
import { Evictor } from './evictor.js';
import { Expirer } from './expirer.js';
import { HEAD_VALUE_BYTES } from './fragments.js';
import { type Location, segmentOf, STANDARD_LAYOUT } from './layout.js';
import type { LocationCommands } from './location-commands.js';
import { type EvictionPolicy, MemoryCap, POLICIES } from './memory-cap.js';
import { PartitionStore } from './partition-store.js';
import { Placement } from './placement.js';
import { MAX_48_BITS, RECORD_HEAD, RECORD_VALUE, RecordView, recordBytes } from './record.js';
import { RecordRefs } from './record-refs.js';
import { Relief, type WantedSegment } from './relief.js';
import { Room } from './room.js';
import { SlabPool } from './slab-pool.js';
import { StoredEntry } from './stored-entry.js';
import type { Condition, LookUp, SegmentStoreOptions, StoreCounters } from './store-options.js';
import { type FragmentRun, Values } from './values.js';

/** Cleaning does up to this many bytes of moves for a byte written: enough for victims that are 7/8 live. */
const CLEANING_PER_BYTE = 8;
const EXPIRY_PER_WRITE_BYTES = 128;
/** Counted for a change beside its record, so that deletes clean as well. */
const CHANGE_BYTES = 32;

export class SegmentStore {
  readonly partition: PartitionStore;
  private readonly commands: LocationCommands;
  readonly cap: MemoryCap;
  readonly placement: Placement;
  readonly cleaner: Cleaner;
  readonly values: Values;
  readonly expirer: Expirer;
  readonly evictor: Evictor;
  private readonly room: Room;
  /** What makes memory free where it is shared with other stores, in ecc mode. */
  private readonly relief: Relief;
  /** What the last look-up that was a hit found; valid until the next look-up or change. */
  readonly entry: StoredEntry;
  readonly pool: SlabPool;
  private readonly maxKeyBytes: number;
  private readonly maxValueBytes: number;
  private readonly refs = new RecordRefs();
  private readonly view = new RecordView();
  private readonly makeSpaceFor = (sizeBytes: number): void => this.room.makeSpace(sizeBytes);
  /** The largest time seen. */
  private clock = 0;

  constructor(options: SegmentStoreOptions) {
    this.maxKeyBytes = options.maxKeyBytes ?? LIMITS.maxKeyBytes;
    this.maxValueBytes = options.maxValueBytes ?? LIMITS.maxValueBytes;
    this.partition =
      options.partition ??
      new PartitionStore(options.pool ?? new SlabPool(), options.layout ?? STANDARD_LAYOUT, options.hash);
    this.pool = this.partition.pool;
    assert(
      this.partition.table.layout.largestBytes >= 2 * this.maxKeyBytes,
      'the largest key fits a segment with a fragment',
    );
    const commands = options.intercept?.(this.partition) ?? this.partition;
    this.commands = commands;
    this.cap = new MemoryCap(this.partition);
    this.cap.restore(options.maxBytes ?? Infinity, options.policy ?? 'noeviction', 0);
    this.placement = new Placement(this.partition, commands, this.cap);
    this.cleaner = new Cleaner(this.partition, commands, this.cap, this.placement);
    this.values = new Values(this.partition, commands, this.placement);
    const endings = new Endings(this.partition, this.values);
    this.expirer = new Expirer(this.partition, endings);
    const { partition, cap, placement, cleaner, values } = this;
    this.evictor = new Evictor({ partition, commands, cap, placement, cleaner, values, endings });
    this.room = new Room(this);
    this.relief = new Relief({ cap, cleaner, expirer: this.expirer, evictor: this.evictor, room: this.room });
    this.entry = new StoredEntry(this.partition, this.values);
    this.adopt(options.state);
  }

  /** The largest time that a change has carried, in milliseconds. */
  get clockMs(): number {
    return this.clock;
  }

  /** What another store needs beside the partition, in order to go on with it. */
  get counters(): StoreCounters {
    const { keyCount, expiringBytes, largeValues } = this.values;
    return { clockMs: this.clock, keys: keyCount, expiringBytes, largeValues };
  }

  /** Gives all memory back to the pool. The store is not to be used any more. */
  dispose(): void {
    for (const segment of this.partition.table.all()) segment.dropBytes();
  }

  /** Looks a key up at `nowMs`. On a hit `entry` describes the value. Changes nothing. */
  lookUp(key: Uint8Array, nowMs: number): LookUp {
    const { partition } = this;
    const tag = partition.hash.keyTag(key, 0, key.length);
    const location = partition.find(tag, key, 0, key.length);
    if (location === 0) return 'miss';
    if (this.isBroken(tag, location)) return 'miss';
    const { expiresAtMs } = partition.found;
    if (expiresAtMs > 0 && expiresAtMs <= Math.max(nowMs, this.clock)) return 'expired';
    this.entry.tag = tag;
    this.entry.location = location;
    return 'hit';
  }

  /**
   * Gives `key` a value. Copies both, neither of which may be a view into this store. `version` is 0..2^48-1, `expiresAtMs` as
   * well, 0 for never. False, and nothing changed, if `condition` does not hold.
   * @throws DcacheError KEY_TOO_LARGE, VALUE_TOO_LARGE, STORE_FULL
   */
  set(
    key: Uint8Array,
    value: Uint8Array,
    version: number,
    nowMs: number,
    expiresAtMs = 0,
    condition?: Condition,
  ): boolean {
    this.checkSizes(key, value.length);
    assert(version >= 0 && version <= MAX_48_BITS && expiresAtMs <= MAX_48_BITS, 'versions and times have 48 bits');
    const { partition } = this;
    this.advanceClock(nowMs);
    const tag = partition.hash.keyTag(key, 0, key.length);
    if (condition !== undefined && !this.holds(condition, tag, key)) {
      this.tidy(0);
      return false;
    }
    const expires = expiresAtMs > 0;
    const isLarge = value.length > partition.table.layout.fragmentAboveBytes;
    const kind = isLarge ? RECORD_HEAD : RECORD_VALUE;
    const size = recordBytes(kind, key.length, isLarge ? HEAD_VALUE_BYTES : value.length, expires);
    const totalBytes = isLarge ? this.largeBytes(key, value.length) : size;
    this.room.admit(totalBytes, tag, key, this.clock);
    if (isLarge) {
      const run = this.values.beginRun(key, tag);
      try {
        this.values.addToRun(run, value, this.makeSpaceFor);
        this.room.makeSpace(size);
      } catch (error) {
        this.values.dropRun(run);
        throw error;
      }
      this.putRecord(kind, key, this.values.headOf(run), version, expiresAtMs, tag, size, size + run.fragmentBytes);
    } else {
      this.room.makeSpace(size);
      this.putRecord(kind, key, value, version, expiresAtMs, tag, size, size);
    }
    this.tidy(totalBytes);
    return true;
  }

  /**
   * Begins a value of `totalBytes` that comes in pieces: there is room for it now. Copies `key`. The value is visible when `setRun` has
   * been called; a run that is not wanted any more is to be dropped. Several may be under way, for the same key as well.
   * @throws DcacheError KEY_TOO_LARGE, VALUE_TOO_LARGE, STORE_FULL
   */
  beginRun(key: Uint8Array, totalBytes: number, nowMs: number): FragmentRun {
    this.checkSizes(key, totalBytes);
    this.advanceClock(nowMs);
    const tag = this.partition.hash.keyTag(key, 0, key.length);
    this.room.admit(this.largeBytes(key, totalBytes), tag, key, this.clock);
    return this.values.beginRun(key.slice(), tag);
  }

  /** Writes the next bytes of the value. @throws DcacheError STORE_FULL; the run is then to be dropped. */
  addToRun(run: FragmentRun, bytes: Uint8Array): void {
    this.values.addToRun(run, bytes, this.makeSpaceFor);
    this.tidy(bytes.length);
  }

  /** As `set` with the value of the run. @throws DcacheError STORE_FULL; the run is then to be dropped. */
  setRun(run: FragmentRun, version: number, nowMs: number, expiresAtMs: number): void {
    this.advanceClock(nowMs);
    const { key, tag, fragmentBytes } = run;
    const size = recordBytes(RECORD_HEAD, key.length, HEAD_VALUE_BYTES, expiresAtMs > 0);
    this.room.makeSpace(size);
    this.putRecord(RECORD_HEAD, key, this.values.headOf(run), version, expiresAtMs, tag, size, size + fragmentBytes);
    this.tidy(size);
  }

  /** Gives up what has been written of a run. */
  dropRun(run: FragmentRun): void {
    this.values.dropRun(run);
    this.tidy(0);
  }

  /** Ends the value of `key`. False, and nothing changed, if there is none or `condition` does not hold. */
  delete(key: Uint8Array, nowMs: number, condition?: Condition): boolean {
    this.advanceClock(nowMs);
    const { partition } = this;
    const tag = partition.hash.keyTag(key, 0, key.length);
    const location = partition.find(tag, key, 0, key.length);
    let done = false;
    if (location !== 0) {
      const { expiresAtMs } = partition.found;
      const expired = expiresAtMs > 0 && expiresAtMs <= this.clock;
      if (expired || condition === undefined || this.holds(condition, tag, key)) {
        partition.readAt(location, this.view);
        done = !expired && !this.values.isBroken(tag, this.view);
        this.values.remove(tag, location, this.view, expired ? 'expire' : 'delete');
      }
    }
    this.tidy(0);
    return done;
  }

  /**
   * Changes when the value of `key` expires (0: never); a large value is not written again. `version` may be the one that it
   * has. False if there is none, `condition` does not hold, or the value was itself evicted to make room.
   * @throws DcacheError STORE_FULL
   */
  setExpiry(key: Uint8Array, expiresAtMs: number, version: number, nowMs: number, condition?: Condition): boolean {
    assert(version >= 0 && version <= MAX_48_BITS && expiresAtMs <= MAX_48_BITS, 'versions and times have 48 bits');
    this.advanceClock(nowMs);
    const { partition } = this;
    const tag = partition.hash.keyTag(key, 0, key.length);
    const isThere = this.holds(condition ?? { type: 'present' }, tag, key) && this.holds({ type: 'present' }, tag, key);
    if (!isThere) {
      this.tidy(0);
      return false;
    }
    // Making space may end the very segment that the value lies in.
    const content = partition.found.value().slice();
    const kind = partition.found.kind === RECORD_HEAD ? RECORD_HEAD : RECORD_VALUE;
    const size = recordBytes(kind, key.length, content.length, expiresAtMs > 0);
    this.room.makeSpace(size);
    const old = partition.find(tag, key, 0, key.length);
    if (old === 0) return false;
    const oldSize = partition.found.sizeBytes;
    const oldExpires = partition.found.expiresAtMs > 0;
    this.refs.clear();
    this.values.collect(tag, old, partition.found, this.refs);
    const valueBytes = this.refs.totalBytes();
    this.refs.clear();
    this.refs.add(tag, old, oldSize);
    const expiringBytes = (expiresAtMs > 0 ? valueBytes - oldSize + size : 0) - (oldExpires ? valueBytes : 0);
    this.write(kind, key, content, version, expiresAtMs, tag, size, expiringBytes);
    this.tidy(size);
    return true;
  }

  /** Removes the fragments whose head was never written: what a primary that goes on for another does first, in its own epoch. */
  dropHeadless(): void {
    for (const { tag, location, sizeBytes } of this.partition.headless.list()) {
      this.values.removeFragment(tag, location, sizeBytes, 'delete');
    }
  }

  /**
   * Ends everything in sealed segments whose bytes nobody has any more. `count` of keys is exact where no value has ever been written in
   * fragments; else a fragment that is lost counts as a key.
   */
  lose(numbers: readonly number[]): void {
    const byNumber = new Map(numbers.map((number) => [number, new RecordRefs()]));
    for (const { tag, location } of this.partition.recordsIn(new Set(numbers))) {
      byNumber.get(segmentOf(location))?.add(tag, location, 0);
    }
    for (const [number, records] of byNumber) {
      this.commands.lose(number, records);
      this.values.onLost(records.count);
    }
  }

  /** Marks the value of a key that was read, for `lru`. A change like any other: replicas must be told alike. */
  touch(key: Uint8Array): void {
    this.touchTag(this.partition.hash.keyTag(key, 0, key.length));
  }

  /** Marks all that has this tag as read: four bytes name a key in a log, and a mark too many does no harm. */
  touchTag(tag: number): void {
    if (this.cap.policy !== 'lru') return;
    const { index } = this.partition;
    for (let location = index.first(tag); location !== 0; location = index.next(tag))
      this.partition.table.touch(location);
  }

  /** Whether values have to go, and some may, to bring the store below a cap that was lowered. */
  get hasToEvict(): boolean {
    const { cap, values } = this;
    if (!cap.isLimited || cap.policy === 'noeviction') return false;
    return this.partition.table.liveBytes > cap.liveLimitBytes && (cap.policy === 'lru' || values.expiringBytes > 0);
  }

  /** Time goes on without a write: expiry, cleaning and a lowered cap get about `budgetBytes` of work. */
  tick(nowMs: number, budgetBytes: number): void {
    this.advanceClock(nowMs);
    this.expirer.step(this.clock, budgetBytes);
    if (this.hasToEvict) this.room.evictTo(this.cap.liveLimitBytes, budgetBytes);
    this.cleaner.step(budgetBytes);
    this.cap.settle();
  }

  /** As `Relief.step`. A change. */
  relieve(nowMs: number, budgetBytes: number, isLastResort = false): boolean {
    this.advanceClock(nowMs);
    return this.relief.step(this.clock, budgetBytes, isLastResort);
  }

  /** As `Relief.wantedElsewhere`. Changes nothing. */
  reliefElsewhere(nowMs: number, isLastResort: boolean, mayEmpty = true): WantedSegment | undefined {
    return this.relief.wantedElsewhere(Math.max(nowMs, this.clock), isLastResort, mayEmpty);
  }

  /** As `Relief.stepIn`. A change. */
  relieveIn(wanted: WantedSegment, nowMs: number): void {
    this.advanceClock(nowMs);
    this.relief.stepIn(wanted, this.clock);
  }

  /**
   * Changes the memory cap; Infinity for none. A cap below what is held is kept: until deletes, expiry or eviction have
   * brought the store below it, in steps with the calls that follow, writes that need more are refused.
   */
  setCap(maxBytes: number, policy: EvictionPolicy): void {
    this.cap.policy = policy;
    this.cap.setMaxBytes(maxBytes);
  }

  /** Everything beside the partition that later decisions depend on, as numbers; the policy by its place in the list. */
  decisionState(): readonly number[] {
    return [
      this.clock,
      this.cap.maxBytes,
      POLICIES.indexOf(this.cap.policy),
      this.cap.descentBytes,
      this.placement.headOf('write'),
      this.placement.headOf('move'),
      this.values.expiringBytes,
      this.values.largeValues,
      this.values.keyCount,
      ...this.cleaner.position,
      ...this.expirer.position,
      ...this.evictor.position,
    ];
  }

  /** Takes over what `decisionState` gave. */
  restoreDecisionState(state: readonly number[]): void {
    const [clock = 0, maxBytes = Infinity, policy = 0, descent = 0, write = 0, move = 0] = state;
    const [expiringBytes = 0, largeValues = 0, keyCount = 0] = state.slice(6);
    this.clock = clock;
    this.cap.restore(maxBytes, POLICIES[policy] ?? 'noeviction', descent);
    this.placement.restore(write, move);
    this.values.restore(expiringBytes, largeValues, keyCount);
    this.cleaner.restore(state.slice(9, 13));
    this.expirer.restore(state.slice(13, 17));
    this.evictor.restore(state.slice(17, 21));
  }

  /** Everything that the commands of `partition` have left, and may be decided upon. */
  private adopt(state: StoreCounters | undefined): void {
    this.placement.adopt();
    this.partition.nothingDueBeforeMs = 0;
    if (state === undefined) return;
    this.clock = state.clockMs;
    this.values.restore(state.expiringBytes, state.largeValues, state.keys);
  }

  private largeBytes(key: Uint8Array, valueBytes: number): number {
    return Values.largeBytes(key.length, valueBytes, this.partition.table.layout.largestBytes - key.length);
  }

  private checkSizes(key: Uint8Array, valueBytes: number): void {
    if (key.length === 0 || key.length > this.maxKeyBytes) {
      throw new DcacheError('KEY_TOO_LARGE', `the key has ${key.length} bytes; 1 to ${this.maxKeyBytes} are allowed`);
    }
    if (valueBytes > this.maxValueBytes) {
      throw new DcacheError('VALUE_TOO_LARGE', `the value has ${valueBytes} bytes; the limit is ${this.maxValueBytes}`);
    }
  }

  private advanceClock(nowMs: number): void {
    if (nowMs > this.clock) this.clock = nowMs;
  }

  private holds(condition: Condition, tag: number, key: Uint8Array): boolean {
    const { found } = this.partition;
    const location = this.partition.find(tag, key, 0, key.length);
    const isThere =
      location !== 0 && !this.isBroken(tag, location) && (found.expiresAtMs === 0 || found.expiresAtMs > this.clock);
    switch (condition.type) {
      case 'absent':
        return !isThere;
      case 'present':
        return isThere;
      case 'version':
        return isThere && found.version === condition.version;
    }
  }

  /** Whether the value in `found` at `location` has lost a fragment, so that it counts for nothing. `found` stays as it is. */
  private isBroken(tag: number, location: Location): boolean {
    const { found } = this.partition;
    if (found.kind !== RECORD_HEAD) return false;
    this.partition.readAt(location, this.view);
    const isBroken = this.values.isBroken(tag, this.view);
    this.partition.readAt(location, found);
    return isBroken;
  }

  private putRecord(
    kind: typeof RECORD_VALUE | typeof RECORD_HEAD,
    key: Uint8Array,
    content: Uint8Array,
    version: number,
    expiresAtMs: number,
    tag: number,
    size: number,
    totalBytes: number,
  ): void {
    const { partition, refs } = this;
    const old = partition.find(tag, key, 0, key.length);
    let expiringBytes = expiresAtMs > 0 ? totalBytes : 0;
    refs.clear();
    if (old !== 0) {
      const oldExpires = partition.found.expiresAtMs > 0;
      this.values.collect(tag, old, partition.found, refs);
      if (oldExpires) expiringBytes -= refs.totalBytes();
    }
    this.write(kind, key, content, version, expiresAtMs, tag, size, expiringBytes);
  }

  /** Writes the record for which there is room, in place of those in `refs`. */
  private write(
    kind: typeof RECORD_VALUE | typeof RECORD_HEAD,
    key: Uint8Array,
    content: Uint8Array,
    version: number,
    expiresAtMs: number,
    tag: number,
    size: number,
    expiringBytes: number,
  ): void {
    const segment = this.placement.place('write', size);
    const to = this.partition.append(segment, kind, key, content, version, expiresAtMs, 0, size);
    this.values.put(to, tag, this.refs, expiringBytes);
  }

  private tidy(writtenBytes: number): void {
    this.cleaner.step((writtenBytes + CHANGE_BYTES) * CLEANING_PER_BYTE);
    this.expirer.step(this.clock, EXPIRY_PER_WRITE_BYTES);
    this.cap.settle();
  }
}
