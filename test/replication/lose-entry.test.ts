/** A segment whose bytes nobody has: its records end at the primary and at every member alike, and come back if that is taken back. */
import { expect, test } from 'vitest';
import { EntryRecorder } from '../../src/replication/entry-recorder.js';
import { headerOf } from '../../src/replication/entry-codec.js';
import { undoEntry } from '../../src/replication/undo-entry.js';
import type { PartitionStore } from '../../src/store/partition-store.js';
import { segmentOf } from '../../src/store/layout.js';
import { SegmentStore } from '../../src/store/segment-store.js';
import { apply, emptyPartition } from './entry-fixture.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A primary with so many keys in sealed segments without bytes, and a member that has applied the same. */
function scene(keys = 400): {
  segments: SegmentStore;
  recorder: EntryRecorder;
  primary: PartitionStore;
  member: PartitionStore;
} {
  const [primary, member] = [emptyPartition(), emptyPartition()];
  const recorder = new EntryRecorder(primary, () => headerOf(segments));
  const segments: SegmentStore = new SegmentStore({
    hash: primary.hash,
    partition: primary,
    maxKeyBytes: 64,
    intercept: () => recorder,
  });
  for (let i = 0; i < keys; i++) segments.set(bytes(`key ${i}`), bytes('v'.repeat(40)), i + 1, 1_000);
  for (const entry of recorder.takeEntry()) apply(member, entry);
  for (const store of [primary, member]) for (const { number } of store.sealedListings()) store.dropBytes(number);
  return { segments, recorder, primary, member };
}

/** What the index names, and what the segments count. */
function describe(store: PartitionStore): unknown {
  const { table, index } = store;
  const all = [...table.all()].filter(({ state }) => state !== 'releasing');
  const records = [...store.recordsIn(new Set(all.map(({ number }) => number)))].map(({ tag, location }) => [
    tag,
    location,
  ]);
  const segments = all.map(({ number, state, length, liveBytes }) => [number, state, length, liveBytes]);
  return {
    records,
    segments,
    size: index.size,
    live: table.liveBytes,
    written: table.writtenBytes,
    dropped: table.droppedCount,
  };
}

test('its keys end everywhere, and its number is free at the primary once all members have applied it', () => {
  const { segments, recorder, primary, member } = scene();
  const [first, second] = primary.sealedListings().map(({ number }) => number);
  if (first === undefined || second === undefined) throw new Error('two segments are sealed');
  const held = [...primary.recordsIn(new Set([first, second]))].length;
  const keys = segments.values.keyCount;
  segments.lose([first, second]);
  expect(segments.values.keyCount).toBe(keys - held);
  expect(recorder.released).toEqual([first, second]);
  const lost: [number, number][] = [];
  const checksums = new Map(member.sealedListings().map(({ number, checksum }) => [number, checksum]));
  for (const entry of recorder.takeEntry()) {
    apply(member, entry, { onLost: (number, checksum) => lost.push([number, checksum]) });
  }
  expect(lost).toEqual([first, second].map((number) => [number, checksums.get(number)]));
  expect(describe(member)).toEqual(describe(primary));
  expect(primary.table.maybe(first)?.state).toBe('releasing');
  primary.finishRelease(first);
  expect([primary.table.maybe(first), member.table.maybe(first)]).toEqual([undefined, undefined]);
});

test('a member that awaits it in a stream awaits it no more', () => {
  const { segments, recorder, primary } = scene();
  const [first = 0] = primary.sealedListings().map(({ number }) => number);
  segments.lose([first]);
  const gone: number[] = [];
  for (const entry of recorder.takeEntry()) {
    apply(emptyPartition(), entry, { awaited: new Set([first]), onLost: (number) => gone.push(number) });
  }
  expect(gone).toEqual([first]);
});

test('taken back, everything is as it was', () => {
  const { segments, recorder, primary } = scene();
  const before = describe(primary);
  segments.lose(
    primary
      .sealedListings()
      .slice(0, 2)
      .map(({ number }) => number),
  );
  const entries = recorder.takeEntry();
  for (const entry of entries.reverse()) undoEntry(primary, entry);
  expect(describe(primary)).toEqual(before);
});

test('a large value that has lost a fragment is a miss, and can be written again and deleted', () => {
  const { segments, primary } = scene();
  const key = bytes('large');
  const { largestBytes } = primary.table.layout;
  segments.set(key, new Uint8Array(6 * largestBytes), 500, 1_000);
  const fragments: number[] = [];
  expect(segments.lookUp(key, 1_000)).toBe('hit');
  segments.values.eachFragment(segments.entry.tag, primary.found, (location) => fragments.push(segmentOf(location)));
  const [first = 0] = fragments;
  primary.dropBytes(first);
  segments.lose([first]);
  expect(segments.lookUp(key, 1_000)).toBe('miss');
  expect(segments.set(key, bytes('v'), 501, 1_000, 0, { type: 'present' })).toBe(false);
  segments.set(key, bytes('small'), 502, 1_000);
  expect(segments.lookUp(key, 1_000)).toBe('hit');
  expect(segments.delete(key, 1_000)).toBe(true);
});

test('keys are never fewer than none, though each fragment that is lost counts as one', () => {
  const { segments, recorder, primary } = scene(0);
  const key = bytes('large');
  segments.set(key, new Uint8Array(6 * primary.table.layout.largestBytes), 1, 1_000);
  expect(segments.values.keyCount).toBe(1);
  const numbers = primary.sealedListings().map(({ number }) => number);
  for (const number of numbers) primary.dropBytes(number);
  segments.lose(numbers);
  segments.set(key, bytes('small'), 2, 1_000);
  segments.delete(key, 1_000);
  expect(segments.values.keyCount).toBe(0);
  expect(recorder.takeEntry().length).toBeGreaterThan(0);
});
