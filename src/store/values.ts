/**
 * Whole values, however many records they take: what to supersede or remove with one, how to read and write a large one.
 * Also the count of bytes that have an expiry, which is what `ttl` eviction may take.
 */
import { assert } from '../base/assert.js';
import { decodeHeadValue, encodeHeadValue } from './fragments.js';
import { type Location, segmentOf } from './layout.js';
import type { LocationCommands, RemoveReason } from './location-commands.js';
import type { PartitionStore } from './partition-store.js';
import type { Placement } from './placement.js';
import { RECORD_FRAGMENT, RECORD_HEAD, type RecordView, copyBytes, largestValueBytes, recordBytes } from './record.js';
import { RecordRefs } from './record-refs.js';

/** A fragment is at least this long, and as its key, unless it is the last: a shorter end of a segment stays empty. */
export const MIN_FRAGMENT_BYTES = 2048;
const NO_REFS = new RecordRefs();

/** The fragments of a large value that is being written: 0..count-1 of `version`. Owned by whoever began it. */
export interface FragmentRun {
  readonly key: Uint8Array;
  /** Of the key. */
  readonly tag: number;
  readonly version: number;
  count: number;
  valueBytes: number;
  /** What the fragments take in the store. */
  fragmentBytes: number;
}

export class Values {
  private readonly store: PartitionStore;
  private readonly commands: LocationCommands;
  private readonly placement: Placement;
  private readonly refs = new RecordRefs();
  private expiringBytesTotal = 0;
  /** Counts large values, each of which is a version of its own for its fragments. Part of the replicated state. */
  private largeCount = 0;
  private keyTotal = 0;

  constructor(store: PartitionStore, commands: LocationCommands, placement: Placement) {
    this.store = store;
    this.commands = commands;
    this.placement = placement;
  }

  /** Bytes of the live values that have an expiry. */
  get expiringBytes(): number {
    return this.expiringBytesTotal;
  }

  get largeValues(): number {
    return this.largeCount;
  }

  /** Keys that have a value, those included whose time is over but that are not removed yet. Too few after a loss (`onLost`). */
  get keyCount(): number {
    return this.keyTotal;
  }

  restore(expiringBytes: number, largeCount: number, keyCount: number): void {
    this.expiringBytesTotal = expiringBytes;
    this.largeCount = largeCount;
    this.keyTotal = keyCount;
  }

  /** So many records have ended without anybody having read them. A fragment among them counts as a key, since nobody can tell. */
  onLost(records: number): void {
    this.keyTotal = Math.max(0, this.keyTotal - records);
    this.expiringBytesTotal = Math.min(this.expiringBytesTotal, this.store.table.liveBytes);
  }

  /**
   * Whether a value, whose first record is `view` under `tag`, has lost a fragment: it does not exist any more, and what is left of it only
   * waits to be ended. Leaves `store.found` elsewhere if the value is large.
   */
  isBroken(tag: number, view: RecordView): boolean {
    if (view.kind !== RECORD_HEAD) return false;
    const key = view.key().slice();
    const { version, count } = decodeHeadValue(view);
    for (let number = 0; number < count; number++) {
      if (this.store.findFragment(key, tag, version, number) === 0 && this.store.unsettled === 0) return true;
    }
    return false;
  }

  /** Lists the records of the value whose first is `view` at `location` under `tag`. Leaves `store.found` elsewhere. */
  collect(tag: number, location: Location, view: RecordView, refs: RecordRefs): void {
    refs.add(tag, location, view.sizeBytes);
    if (view.kind === RECORD_HEAD) this.collectFragments(tag, view, refs);
  }

  /**
   * Makes the record at `to` the value of `tag` in place of the records in `supersedes`. `expiringBytes` is by how much the
   * bytes with an expiry change.
   */
  put(to: Location, tag: number, supersedes: RecordRefs, expiringBytes: number): void {
    this.commands.put(to, tag, supersedes);
    // After the command: at the begin of each one, the counters are those of the commands before.
    if (supersedes.count === 0) this.keyTotal++;
    this.expiringBytesTotal += expiringBytes;
  }

  /** Whether all records of the value whose first is `view` under `tag` can be read, so that it can be ended. */
  isWhole(tag: number, view: RecordView): boolean {
    return this.missingSegment(tag, view) === 0;
  }

  /** Number of a segment without its bytes in which a fragment of that value may be; 0: all that there is of it is here. */
  missingSegment(tag: number, view: RecordView): number {
    if (view.kind !== RECORD_HEAD || this.store.table.droppedCount === 0) return 0;
    const key = view.key();
    const { version, count } = decodeHeadValue(view);
    for (let number = 0; number < count; number++) {
      // What was lost with its segment, or ended before, is in nobody's way.
      if (this.store.findFragment(key, tag, version, number) !== 0) continue;
      if (this.store.unsettled !== 0) return segmentOf(this.store.unsettled);
    }
    return 0;
  }

  /** Ends the value whose first record is `view` at `location`; returns the bytes that are dead now. */
  remove(tag: number, location: Location, view: RecordView, reason: RemoveReason): number {
    const expires = view.expiresAtMs > 0;
    this.refs.clear();
    this.collect(tag, location, view, this.refs);
    const bytes = this.refs.totalBytes();
    this.commands.remove(this.refs, reason);
    this.keyTotal = Math.max(0, this.keyTotal - 1);
    if (expires) this.expiringBytesTotal -= bytes;
    return bytes;
  }

  /**
   * Ends those fragments of the large value whose head is `view` that are here; without them it does not exist, and the head only waits
   * for the others. Returns the bytes that are dead now.
   */
  removeFragments(tag: number, view: RecordView, reason: RemoveReason): number {
    const key = view.key();
    const { version, count } = decodeHeadValue(view);
    this.refs.clear();
    for (let number = 0; number < count; number++) {
      const location = this.store.findFragment(key, tag, version, number);
      if (location === 0) continue;
      this.refs.add(this.store.hash.fragmentTag(tag, version, number), location, this.store.found.sizeBytes);
    }
    if (this.refs.count === 0) return 0;
    const bytes = this.refs.totalBytes();
    this.commands.remove(this.refs, reason);
    if (view.expiresAtMs > 0) this.expiringBytesTotal -= bytes;
    return bytes;
  }

  /** Bytes that a large value takes in fragments and head, at least: gaps at ends of segments come on top. */
  static largeBytes(keyBytes: number, valueBytes: number, fragmentBytes: number): number {
    const count = Math.ceil(valueBytes / fragmentBytes);
    return valueBytes + (count + 1) * (keyBytes + 24) + 32;
  }

  /** Begins a large value, whose fragments nothing names until the head that `headOf` describes is put. */
  beginRun(key: Uint8Array, tag: number): FragmentRun {
    return { key, tag, version: ++this.largeCount, count: 0, valueBytes: 0, fragmentBytes: 0 };
  }

  /**
   * Writes the next bytes of a value as fragments. `makeSpace` sees to room for a record of so many bytes, or throws; what has been
   * written then stays until `dropRun`.
   */
  addToRun(run: FragmentRun, bytes: Uint8Array, makeSpace: (bytes: number) => void): void {
    const { key, tag, version } = run;
    for (let at = 0; at < bytes.length;) {
      const length = this.roomForFragment(key.length, bytes.length - at, makeSpace);
      const size = recordBytes(RECORD_FRAGMENT, key.length, length, false);
      const segment = this.placement.place('write', size);
      const piece = bytes.subarray(at, at + length);
      const to = this.store.append(segment, RECORD_FRAGMENT, key, piece, version, 0, run.count, size);
      this.commands.put(to, this.store.hash.fragmentTag(tag, version, run.count), NO_REFS);
      at += length;
      run.count++;
      run.valueBytes += length;
      run.fragmentBytes += size;
    }
  }

  /** The value of the head that belongs to the fragments of a run. */
  headOf({ version, count, valueBytes }: FragmentRun): Uint8Array {
    return encodeHeadValue({ version, count, valueBytes });
  }

  /** Removes the fragments of a run that never got its head. Their bytes may be elsewhere. */
  dropRun({ version }: FragmentRun): void {
    this.refs.clear();
    for (const fragment of this.store.headless.list()) {
      if (fragment.version === version) this.refs.add(fragment.tag, fragment.location, fragment.sizeBytes);
    }
    if (this.refs.count > 0) this.commands.remove(this.refs, 'delete');
  }

  /** The value of a run that never got its head, in memory of its own. All its bytes are here. */
  joinRun({ key, tag, version, count, valueBytes }: FragmentRun): Uint8Array {
    const joined = new Uint8Array(valueBytes);
    let at = 0;
    for (let number = 0; number < count; number++) {
      this.fragmentAt(key, tag, version, number);
      const piece = this.store.found.value();
      copyBytes(piece, joined, at);
      at += piece.length;
    }
    return joined;
  }

  /** Removes one fragment: one that never got a head, or whose value is to end and has its head elsewhere. */
  removeFragment(tag: number, location: Location, sizeBytes: number, reason: RemoveReason): void {
    this.refs.clear();
    this.refs.add(tag, location, sizeBytes);
    this.commands.remove(this.refs, reason);
  }

  /** Length of the value in `view`. */
  valueBytes(view: RecordView): number {
    return view.kind === RECORD_HEAD ? decodeHeadValue(view).valueBytes : view.valueBytes;
  }

  /** Copies a large value, whose head is `view` under `tag`, to `target` from `at` on. */
  copyFragments(tag: number, view: RecordView, target: Uint8Array, at: number): void {
    let cursor = at;
    this.eachFragment(tag, view, () => {
      const piece = this.store.found.value();
      copyBytes(piece, target, cursor);
      cursor += piece.length;
    });
  }

  /** Calls `visit` with the location of each fragment in order, with the fragment in `store.found`. */
  eachFragment(tag: number, head: RecordView, visit: (location: Location) => void): void {
    const key = head.key();
    const { version, count } = decodeHeadValue(head);
    for (let number = 0; number < count; number++) visit(this.fragmentAt(key, tag, version, number));
  }

  private collectFragments(tag: number, head: RecordView, refs: RecordRefs): void {
    const key = head.key();
    const { version, count } = decodeHeadValue(head);
    for (let number = 0; number < count; number++) this.collectFragment(key, tag, version, number, refs);
  }

  private collectFragment(key: Uint8Array, tag: number, version: number, number: number, refs: RecordRefs): void {
    const location = this.store.findFragment(key, tag, version, number);
    if (location === 0) {
      assert(this.store.unsettled === 0, 'every fragment of a value that is ended is here, or was lost');
      return;
    }
    refs.add(this.store.hash.fragmentTag(tag, version, number), location, this.store.found.sizeBytes);
  }

  private fragmentAt(key: Uint8Array, tag: number, version: number, number: number): Location {
    const location = this.store.findFragment(key, tag, version, number);
    assert(location !== 0, 'every fragment of a value is in the index');
    return location;
  }

  /** How much of a value's remaining bytes the next fragment takes. */
  private roomForFragment(keyBytes: number, remaining: number, makeSpace: (bytes: number) => void): number {
    const enough = Math.min(remaining, Math.max(MIN_FRAGMENT_BYTES, keyBytes));
    let fits = largestValueBytes(RECORD_FRAGMENT, keyBytes, this.placement.roomBytes('write'), false);
    if (fits < enough) {
      const wanted = recordBytes(RECORD_FRAGMENT, keyBytes, remaining, false);
      const size = Math.min(wanted, this.store.table.layout.largestBytes);
      makeSpace(size);
      this.placement.place('write', size);
      fits = largestValueBytes(RECORD_FRAGMENT, keyBytes, this.placement.roomBytes('write'), false);
    }
    return Math.min(remaining, fits);
  }
}
