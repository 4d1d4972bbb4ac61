/**
 * Takes an entry back: the store is, to the byte, what it was before. For an acting primary that becomes a backup, which has carried
 * out what was never committed; entries are taken back in reverse order.
 *
 * Nothing that an uncommitted entry has sealed is folded, nothing that it has released is freed; so all bytes that are needed
 * are here, or in the entry.
 */
import { assert } from '../base/assert.js';
import { type Location, offsetOf, segmentOf } from '../store/layout.js';
import type { PartitionStore } from '../store/partition-store.js';
import { RECORD_FRAGMENT, RECORD_HEAD, RecordView } from '../store/record.js';
import type { RecordRefs } from '../store/record-refs.js';
import { decodeHeadValue } from '../store/fragments.js';
import { type EntryVisitor, visitEntry } from './entry-codec.js';

interface Ref {
  readonly tag: number;
  readonly location: Location;
  readonly sizeBytes: number;
}

/** @throws MalformedBytes, before anything has changed */
export function undoEntry(store: PartitionStore, bytes: Uint8Array): void {
  const inverses: (() => void)[] = [];
  visitEntry(bytes, new Inverter(store, inverses));
  for (const inverse of inverses.reverse()) inverse();
  store.nothingDueBeforeMs = 0;
}

/** Lists for each command what takes it back. */
class Inverter implements EntryVisitor {
  private readonly store: PartitionStore;
  private readonly inverses: (() => void)[];

  constructor(store: PartitionStore, inverses: (() => void)[]) {
    this.store = store;
    this.inverses = inverses;
  }

  open(segment: number): void {
    this.inverses.push(() => this.store.table.undoOpen(segment));
  }

  put(to: Location, tag: number, supersedes: RecordRefs, record: Uint8Array, adopted: RecordRefs): void {
    const ended = listOf(supersedes);
    const fragments = listOf(adopted);
    const view = new RecordView();
    view.read(record, 0);
    const version = view.kind === RECORD_HEAD ? decodeHeadValue(view).version : 0;
    this.inverses.push(() => {
      this.store.index.remove(tag, to);
      for (const ref of ended) this.revive(ref);
      for (const fragment of fragments) this.store.headless.add({ ...fragment, version });
      if (view.kind === RECORD_FRAGMENT) this.store.headless.forget(to);
      this.takeBack(to, view.sizeBytes);
    });
  }

  move(to: Location, from: Location, tag: number, record: Uint8Array): void {
    const sizeBytes = record.length;
    this.inverses.push(() => {
      this.store.index.replace(tag, to, from);
      this.store.table.setLive(from, sizeBytes);
      this.mayBeDue(from);
      this.store.headless.moved(to, from);
      this.takeBack(to, sizeBytes);
    });
  }

  remove(records: RecordRefs, _reason: string, fragmentsOf: number): void {
    const ended = listOf(records);
    this.inverses.push(() => {
      for (const ref of ended) {
        this.revive(ref);
        if (fragmentsOf > 0) this.store.headless.add({ ...ref, version: fragmentsOf });
      }
    });
  }

  seal(segment: number): void {
    this.inverses.push(() => this.store.table.undoSeal(segment));
  }

  release(segment: number): void {
    this.inverses.push(() => this.store.table.undoRelease(segment));
  }

  lose(segment: number, _checksum: number, liveBytes: number, records: RecordRefs): void {
    const lost = listOf(records);
    this.inverses.push(() => {
      this.store.table.undoLoss(segment, liveBytes);
      for (const { tag, location } of lost) this.store.index.insert(tag, location);
    });
  }

  /** The record at `to`, the last of its segment, was never written. */
  private takeBack(to: Location, sizeBytes: number): void {
    const { table } = this.store;
    table.setDead(to, sizeBytes);
    assert(table.get(segmentOf(to)).length === offsetOf(to) + sizeBytes, 'records are taken back in reverse order');
    this.store.rewind(segmentOf(to), offsetOf(to));
  }

  private revive({ tag, location, sizeBytes }: Ref): void {
    this.store.index.insert(tag, location);
    this.store.table.setLive(location, sizeBytes);
    this.mayBeDue(location);
  }

  /** When the record expires is not known here; a soonest expiry may be too early. */
  private mayBeDue(location: Location): void {
    this.store.table.get(segmentOf(location)).soonestExpiryMs = 0;
  }
}

function listOf(refs: RecordRefs): Ref[] {
  return Array.from({ length: refs.count }, (_, i) => ({
    tag: refs.tag(i),
    location: refs.location(i),
    sizeBytes: refs.sizeBytes(i),
  }));
}
