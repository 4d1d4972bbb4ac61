/** What a stream asks to be rebuilt, where segments are not at hand, while others are on their way to the learner. */
import { expect, test } from 'vitest';
import { EMPTY_HEADER } from '../../src/replication/entry-codec.js';
import { PartitionLog } from '../../src/replication/partition-log.js';
import { TransferStream, type StreamPace } from '../../src/replication/transfer-stream.js';
import type { PartitionStore } from '../../src/store/partition-store.js';
import { recordedStore } from './entry-fixture.js';

const SEGMENTS = 60;
const NOW_MS = 1_000;

const pace = (rebuildsAhead: boolean): StreamPace => ({ mayCut: () => true, onCut: () => undefined, rebuildsAhead });

/** A stream whose learner has nothing from before, and the numbers of the segments that it is to send. */
function begun(): { readonly store: PartitionStore; readonly stream: TransferStream; readonly sealed: number[] } {
  const { store } = recordedStore();
  const { partition } = store;
  for (let i = 0; partition.sealedListings().length < SEGMENTS; i++) {
    store.set(Buffer.from(`key ${i}`), Buffer.alloc(1_000, i), i + 1, 1);
  }
  const stream = new TransferStream({ group: 0, position: 0 }, 7);
  stream.begin(partition, new PartitionLog(0, 0), 1, EMPTY_HEADER);
  expect(stream.takeReady(0, 1, NOW_MS).map(({ type }) => type)).toEqual(['transfer-begin']);
  stream.onKept({ type: 'transfer-kept', group: 0, position: 0, joinIndex: 7, form: 'raw', numbers: [] }, NOW_MS);
  return { store: partition, stream, sealed: partition.sealedListings().map(({ number }) => number) };
}

/** So many segments are in the window at first. */
function windowOf(): number {
  const { store, stream } = begun();
  expect(stream.cut(store, 0, pace(true), NOW_MS)).toEqual([]);
  return stream.takeReady(0, 1, NOW_MS).length;
}

/** A stream whose window is full, with nothing at hand of what comes next. */
function full(): ReturnType<typeof begun> & { readonly next: readonly number[] } {
  const found = begun();
  const next = found.sealed.slice(windowOf());
  expect(next.length).toBeGreaterThan(8);
  for (const number of next) found.store.dropBytes(number);
  return { ...found, next };
}

test('what comes next is rebuilt while the window is full', () => {
  const { store, stream, sealed, next } = full();
  expect(stream.cut(store, 0, pace(true), NOW_MS)).toEqual(next.slice(0, 8));
  expect(stream.takeReady(0, 1, NOW_MS)).toHaveLength(sealed.length - next.length);
});

test('nothing is rebuilt ahead while memory is short', () => {
  const { store, stream } = full();
  expect(stream.cut(store, 0, pace(false), NOW_MS)).toEqual([]);
});

test('a learner that says nothing is asked, though there is something to rebuild meanwhile', () => {
  const { store, stream } = full();
  stream.cut(store, 0, pace(true), NOW_MS);
  stream.takeReady(0, 1, NOW_MS);
  expect(stream.cut(store, 0, pace(true), NOW_MS + 100)).toHaveLength(8);
  expect(stream.takeReady(0, 1, NOW_MS + 100)).toEqual([]);
  stream.cut(store, 0, pace(true), NOW_MS + 1_000);
  expect(stream.takeReady(0, 1, NOW_MS + 1_000).map(({ type }) => type)).toEqual(['transfer-verify']);
});
