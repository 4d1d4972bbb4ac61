import { describe, expect, it } from 'vitest';
import { EMPTY_BYTES, bytesEqual } from '../../src/base/bytes.js';
import { SipKeyHash } from '../../src/store/key-hash.js';
import { locationAt, offsetOf, segmentOf } from '../../src/store/layout.js';
import { PartitionStore } from '../../src/store/partition-store.js';
import { RECORD_VALUE, recordBytes } from '../../src/store/record.js';
import { RecordRefs } from '../../src/store/record-refs.js';
import { copyOfSegment } from '../../src/store/segment-image.js';
import { NO_STRIPE } from '../../src/store/segment.js';
import { SlabPool } from '../../src/store/slab-pool.js';
import { hashOfPartition } from '../../src/store/state-hash.js';
import { SEED, SMALL_LAYOUT, bytes } from './store-fixture.js';

const NOTHING = new RecordRefs();

function emptyStore(): PartitionStore {
  return new PartitionStore(new SlabPool(), SMALL_LAYOUT, new SipKeyHash(SEED));
}

function append(store: PartitionStore, segment: number, key: string, value: string, version = 1): number {
  const size = recordBytes(RECORD_VALUE, key.length, value.length, false);
  return store.append(segment, RECORD_VALUE, bytes(key), bytes(value), version, 0, 0, size);
}

function tagOf(store: PartitionStore, key: string): number {
  return store.hash.keyTag(bytes(key), 0, key.length);
}

function put(store: PartitionStore, segment: number, key: string, value: string, version = 1): number {
  const location = append(store, segment, key, value, version);
  store.put(location, tagOf(store, key), NOTHING);
  return location;
}

function read(store: PartitionStore, key: string): string | undefined {
  const location = store.find(tagOf(store, key), bytes(key), 0, key.length);
  return location === 0 ? undefined : new TextDecoder().decode(store.found.value().slice());
}

describe('the partition store', () => {
  it('shows a record when it is put, not when its bytes are appended', () => {
    const store = emptyStore();
    store.open(1);
    const location = append(store, 1, 'k', 'v');
    expect(read(store, 'k')).toBeUndefined();
    expect(store.table.liveBytes).toBe(0);
    store.put(location, tagOf(store, 'k'), NOTHING);
    expect(read(store, 'k')).toBe('v');
  });

  it('takes an uncommitted suffix back without a trace', () => {
    const store = emptyStore();
    store.open(1);
    put(store, 1, 'a', 'stays');
    const before = hashOfPartition(store);
    const { length } = store.table.get(1);
    append(store, 1, 'b', 'goes');
    append(store, 1, 'c', 'goes as well, and is longer');
    store.rewind(1, length);
    expect(hashOfPartition(store)).toBe(before);
    expect(
      store.table
        .get(1)
        .bytes.subarray(length)
        .every((byte) => byte === 0),
    ).toBe(true);
    put(store, 1, 'd', 'new');
    expect([read(store, 'a'), read(store, 'd')]).toEqual(['stays', 'new']);
  });

  it('moves a record byte for byte, version included', () => {
    const store = emptyStore();
    store.open(1);
    const from = put(store, 1, 'k', 'v', 42);
    const { sizeBytes } = describeAt(store, from);
    store.seal(1, NO_STRIPE);
    store.open(2);
    const to = store.appendMove(2, from, sizeBytes);
    store.move(to, from, tagOf(store, 'k'), sizeBytes);
    expect(read(store, 'k')).toBe('v');
    expect(store.found.version).toBe(42);
    expect(store.table.get(1).liveBytes).toBe(0);
    store.release(1);
    expect(read(store, 'k')).toBe('v');
  });

  it('opens segments under free numbers only, and releases only sealed ones that hold nothing live', () => {
    const store = emptyStore();
    store.open(3);
    expect(() => store.open(3)).toThrow('an opened segment was free');
    expect(() => store.open(0)).toThrow('in range');
    expect(() => store.release(3)).toThrow('a released segment is sealed');
    put(store, 3, 'k', 'v');
    store.seal(3, 9);
    expect(store.table.get(3).stripe).toBe(9);
    expect(() => store.release(3)).toThrow('holds nothing live');
    expect(() => append(store, 3, 'x', 'y')).toThrow('open segments');
    expect(() => store.seal(3, 9)).toThrow('a sealed segment was open');
  });

  it('leaves a look-up unsettled when a record with the tag lies in a segment whose bytes are elsewhere', () => {
    const store = emptyStore();
    store.open(1);
    const location = put(store, 1, 'k', 'v');
    store.seal(1, 0);
    const copy = store.table.get(1).bytes.slice(0, store.table.get(1).length);
    const before = hashOfPartition(store);
    store.table.dropBytes(1);
    expect(hashOfPartition(store)).toBe(before);
    expect(read(store, 'k')).toBeUndefined();
    expect(store.unsettled).toBe(location);
    store.table.restoreBytes(1, copy);
    expect(read(store, 'k')).toBe('v');
    expect(store.unsettled).toBe(0);
  });

  it('removes and supersedes records whose bytes are elsewhere, by tag, location and size', () => {
    const store = emptyStore();
    store.open(1);
    const old = put(store, 1, 'k', 'old');
    const other = put(store, 1, 'other', 'x');
    const sizes = [old, other].map((location) => describeAt(store, location).sizeBytes);
    store.seal(1, 0);
    store.table.dropBytes(1);
    store.open(2);
    const refs = new RecordRefs();
    refs.add(tagOf(store, 'k'), old, sizes[0] ?? 0);
    store.put(append(store, 2, 'k', 'new', 2), tagOf(store, 'k'), refs);
    refs.clear();
    refs.add(tagOf(store, 'other'), other, sizes[1] ?? 0);
    store.remove(refs);
    expect(read(store, 'k')).toBe('new');
    expect(store.table.get(1).liveBytes).toBe(0);
    store.release(1);
    expect(store.index.size).toBe(1);
  });

  it('refuses restored bytes that are not those that were sealed', () => {
    const store = emptyStore();
    store.open(1);
    put(store, 1, 'k', 'v');
    store.seal(1, 0);
    const wrong = store.table.get(1).bytes.slice(0, store.table.get(1).length);
    wrong[12] = (wrong[12] ?? 0) ^ 1;
    store.table.dropBytes(1);
    expect(() => store.table.restoreBytes(1, EMPTY_BYTES)).toThrow('length');
    expect(() => store.table.restoreBytes(1, wrong)).toThrow('checksum');
  });

  it('refuses a segment with a record that would end outside of it, before it looks for the key', () => {
    const store = emptyStore();
    store.open(1);
    put(store, 1, 'k', 'v');
    const image = copyOfSegment(store.table.get(1));
    expect(emptyStore().restoreSegment(image)).toBe(true);
    // The length of the key, as a varint: two billion bytes.
    image.bytes.set([0xff, 0xff, 0xff, 0xff, 0x07], 1);
    expect(emptyStore().restoreSegment(image)).toBe(false);
  });

  it('takes memory for an open segment in doubling steps, zero behind the last record', () => {
    const store = emptyStore();
    store.open(5);
    const segment = store.table.get(5);
    expect([segment.sizeBytes, segment.heldBytes]).toEqual([8192, 0]);
    put(store, 5, 'a', 'x'.repeat(1000));
    expect(segment.heldBytes).toBe(4096);
    put(store, 5, 'b', 'y'.repeat(4000));
    expect(segment.heldBytes).toBe(8192);
    expect(bytesEqual(segment.bytes.subarray(segment.length), new Uint8Array(8192 - segment.length))).toBe(true);
    expect(read(store, 'a')).toBe('x'.repeat(1000));
  });
});

describe('a location', () => {
  it('names segment and offset in 32 bits and is never 0', () => {
    for (const [segment, offset] of [
      [1, 0],
      [1, 262_140],
      [40_000, 4],
      [65_535, 262_140],
    ] as const) {
      const location = locationAt(segment, offset);
      expect([segmentOf(location), offsetOf(location)]).toEqual([segment, offset]);
      expect(location | 0).toBe(location);
      expect(location).not.toBe(0);
    }
  });
});

function describeAt(store: PartitionStore, location: number): { sizeBytes: number } {
  store.readAt(location, store.found);
  return { sizeBytes: store.found.sizeBytes };
}
