/**
 * The value that a look-up found, read in place. One instance a store, reused by every look-up: nothing is allocated for a
 * hit until somebody asks for bytes.
 */
import type { PartitionStore } from './partition-store.js';
import { RECORD_HEAD, type RecordView } from './record.js';
import { offsetOf, segmentOf } from './layout.js';
import type { PinnedValue } from './requests.js';
import type { Values } from './values.js';

export class StoredEntry {
  /** Index tag of the key. */
  tag = 0;
  location = 0;
  private readonly store: PartitionStore;
  private readonly values: Values;

  constructor(store: PartitionStore, values: Values) {
    this.store = store;
    this.values = values;
  }

  private get record(): RecordView {
    return this.store.found;
  }

  get version(): number {
    return this.record.version;
  }

  /** 0: never. */
  get expiresAtMs(): number {
    return this.record.expiresAtMs;
  }

  /** Whether it is marked as read since it was written or last spared, for `lru`. */
  get isTouched(): boolean {
    return this.store.table.get(segmentOf(this.location)).isTouched(offsetOf(this.location));
  }

  get valueBytes(): number {
    return this.values.valueBytes(this.record);
  }

  /**
   * The value. Of one that lies in one record, a view into the store: borrowed until the next look-up or change. A larger one
   * is joined into memory of its own, which is the caller's.
   */
  value(): Uint8Array {
    const { record } = this;
    if (record.kind !== RECORD_HEAD) return record.value();
    const joined = new Uint8Array(this.valueBytes);
    this.copyValue(joined, 0);
    return joined;
  }

  /** The value in memory of its own, which is the caller's. */
  copyOfValue(): Uint8Array {
    const value = this.value();
    return this.record.kind === RECORD_HEAD ? value : value.slice();
  }

  /** Copies the value to `target`, which has room, from `at` on. */
  copyValue(target: Uint8Array, at: number): void {
    const { record } = this;
    if (record.kind === RECORD_HEAD) this.values.copyFragments(this.tag, record, target, at);
    else target.set(record.value(), at);
    this.reread();
  }

  /** The value's bytes without a copy, kept in place until the caller releases them. */
  pin(): PinnedValue {
    const parts: Uint8Array[] = [];
    const unpins: (() => void)[] = [];
    const keep = (location: number): void => {
      parts.push(this.store.found.value());
      unpins.push(this.store.table.get(segmentOf(location)).pin());
    };
    if (this.record.kind === RECORD_HEAD) this.values.eachFragment(this.tag, this.record, keep);
    else keep(this.location);
    this.reread();
    const { valueBytes: bytes } = this;
    return {
      parts,
      bytes,
      release: () => {
        for (const unpin of unpins.splice(0)) unpin();
      },
    };
  }

  /** Fragments were looked up through the same view: back to the record of the key. */
  private reread(): void {
    this.store.readAt(this.location, this.store.found);
  }
}
