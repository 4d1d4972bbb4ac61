/**
 * Stands between a primary's decisions and its store (`SegmentStoreOptions.intercept`): carries every location command out at once
 * and writes it down, for the log entry that the other members will apply.
 *
 * A release begins here only: the number comes free when every member has applied it (I9, `PartitionStore.finishRelease`).
 * A segment is sealed into the stripe of its own number.
 */
import { assert } from '../base/assert.js';
import { LIMITS } from '../base/limits.js';
import { type Location, offsetOf, segmentOf, STANDARD_LAYOUT } from '../store/layout.js';
import type { LocationCommands, RemoveReason } from '../store/location-commands.js';
import type { PartitionStore } from '../store/partition-store.js';
import { RECORD_FRAGMENT, RECORD_HEAD, RecordView } from '../store/record.js';
import { RecordRefs } from '../store/record-refs.js';
import type { Head } from '../store/segment.js';
import { type EntryHeader, EntryWriter } from './entry-codec.js';

assert(LIMITS.maxEntryBytes >= 2 * STANDARD_LAYOUT.largestBytes, 'a whole segment fits an entry beside other commands');

/** Of a record in a `lose`: tag, location, and a size of 0. */
const LOST_RECORD_BYTES = 9;

export class EntryRecorder implements LocationCommands {
  private readonly store: PartitionStore;
  private readonly headerNow: () => EntryHeader;
  private readonly maxBytes: number;
  private readonly writer = new EntryWriter();
  private readonly adopted = new RecordRefs();
  private readonly record = new RecordView();
  private pieces: Uint8Array[] = [];
  private readonly tagSet = new Set<number>();
  private releasedNumbers: number[] = [];
  /** No cut between the opening of a segment and its first record: an empty one would stay behind if the rest were lost. */
  private justOpened = false;

  /**
   * @param headerNow the counters of the store that decides; asked for at each cut, so that each entry's are exact.
   * @param maxBytes for tests.
   */
  constructor(store: PartitionStore, headerNow: () => EntryHeader, maxBytes: number = LIMITS.maxEntryBytes) {
    this.store = store;
    this.headerNow = headerNow;
    this.maxBytes = maxBytes;
  }

  /** Tags of the keys whose values have changed since the last `takeEntry`. A moved record has the value that it had. */
  get tags(): ReadonlySet<number> {
    return this.tagSet;
  }

  /** Numbers of the segments whose release has begun since the last `takeEntry`. */
  get released(): readonly number[] {
    return this.releasedNumbers;
  }

  /**
   * What has been done since the last call, as one entry's bytes, or those of several where there is much; none if nothing was
   * done. The caller's.
   */
  takeEntry(): Uint8Array[] {
    if (this.writer.length > 0) this.cut();
    const { pieces } = this;
    this.pieces = [];
    this.tagSet.clear();
    this.releasedNumbers = [];
    return pieces;
  }

  open(segment: number, head: Head): void {
    this.makeRoom(0);
    this.store.open(segment, head);
    this.writer.open(segment, head);
    this.justOpened = true;
  }

  put(to: Location, tag: number, supersedes: RecordRefs): void {
    const { record } = this;
    this.store.readAt(to, record);
    this.makeRoom(record.sizeBytes);
    const headless = record.kind === RECORD_HEAD ? this.store.headless.list() : [];
    this.store.put(to, tag, supersedes);
    this.adopted.clear();
    for (const fragment of headless) {
      if (this.store.headless.has(fragment.location)) continue;
      this.adopted.add(fragment.tag, fragment.location, fragment.sizeBytes);
    }
    this.writer.put(to, tag, supersedes, this.bytesAt(to, record.sizeBytes), this.adopted);
    if (record.kind !== RECORD_FRAGMENT) this.tagSet.add(tag);
  }

  move(to: Location, from: Location, tag: number, sizeBytes: number): void {
    this.makeRoom(sizeBytes);
    this.store.move(to, from, tag, sizeBytes);
    this.writer.move(to, from, tag, this.bytesAt(to, sizeBytes));
  }

  remove(records: RecordRefs, reason: RemoveReason): void {
    if (records.count === 0) return;
    this.makeRoom(0);
    const fragmentsOf = this.store.headless.get(records.location(0))?.version ?? 0;
    if (fragmentsOf === 0) this.tagSet.add(this.keyTagOf(records));
    this.store.remove(records);
    this.writer.remove(records, reason, fragmentsOf);
  }

  seal(number: number): void {
    this.makeRoom(0);
    this.store.seal(number, number);
    const { length, checksum, serial } = this.store.table.get(number);
    this.writer.seal(number, length, checksum, serial);
  }

  release(number: number): void {
    const segment = this.store.table.get(number);
    this.makeRoom(segment.length);
    this.store.beginRelease(number);
    this.releasedNumbers.push(number);
    this.writer.release(number, segment.checksum, segment.bytes.subarray(0, segment.length));
  }

  lose(number: number, records: RecordRefs): void {
    const { checksum } = this.store.table.get(number);
    this.makeRoom(records.count * LOST_RECORD_BYTES);
    const liveBytes = this.store.beginLoss(number, records);
    this.releasedNumbers.push(number);
    this.writer.lose(number, checksum, liveBytes, records);
    for (let i = 0; i < records.count; i++) this.tagSet.add(records.tag(i));
  }

  /** Of the value that ends with these records: the first is its own, or a fragment that goes before it. */
  private keyTagOf(records: RecordRefs): number {
    const { record } = this;
    this.store.readAt(records.location(0), record);
    if (record.kind !== RECORD_FRAGMENT) return records.tag(0);
    return this.store.hash.keyTag(record.bytes, record.keyStart, record.keyEnd);
  }

  private bytesAt(location: Location, sizeBytes: number): Uint8Array {
    const at = offsetOf(location);
    return this.store.table.get(segmentOf(location)).bytes.subarray(at, at + sizeBytes);
  }

  /** Called before each command: the header of a cut is that of the commands before it. */
  private makeRoom(recordBytes: number): void {
    const mayCut = this.writer.length > 0 && !this.justOpened;
    if (mayCut && this.writer.length + recordBytes > this.maxBytes) this.cut();
    this.justOpened = false;
  }

  private cut(): void {
    this.pieces.push(this.writer.finish(this.headerNow()));
  }
}
