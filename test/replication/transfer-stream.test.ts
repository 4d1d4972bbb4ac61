/** What a stream asks to be rebuilt, where segments are not at hand, while others are on their way to the learner. */
import { expect, test } from 'vitest';
import { EMPTY_HEADER } from '../../src/replication/entry-codec.js';
import type { TransferTaken } from '../../src/replication/messages.js';
import { PartitionLog } from '../../src/replication/partition-log.js';
import type { StreamFlow } from '../../src/replication/transfer-pace.js';
import { TransferStream } from '../../src/replication/transfer-stream.js';
import type { PartitionStore } from '../../src/store/partition-store.js';
import { recordedStore } from './entry-fixture.js';

const SEGMENTS = 60;
const NAME = { group: 0, position: 0 };
const JOIN_INDEX = 7;
const NOW_MS = 1_000;

/** Room for so many segments. */
const WINDOW = 4;

class Flow implements StreamFlow {
  underWay = 0;
  readonly sentAtMs: number[] = [];
  hasEnded = false;

  mayCut(): boolean {
    return this.underWay < WINDOW;
  }

  onCut(): void {
    this.underWay++;
  }

  onTaken(_bytes: number, sentAtMs: number): void {
    this.underWay--;
    this.sentAtMs.push(sentAtMs);
  }

  end(): void {
    this.hasEnded = true;
  }
}

interface Begun {
  readonly store: PartitionStore;
  readonly stream: TransferStream;
  readonly flow: Flow;
  readonly sealed: readonly number[];
}

/** A stream whose learner has nothing from before, and the numbers of the segments that it is to send. */
function begun(): Begun {
  const { store } = recordedStore();
  const { partition } = store;
  for (let i = 0; partition.sealedListings().length < SEGMENTS; i++) {
    store.set(Buffer.from(`key ${i}`), Buffer.alloc(1_000, i), i + 1, 1);
  }
  const flow = new Flow();
  const stream = new TransferStream({ group: 0, position: 0 }, JOIN_INDEX, flow);
  stream.begin(partition, new PartitionLog(0, 0), 1, EMPTY_HEADER);
  expect(types(stream, NOW_MS)).toEqual(['transfer-begin']);
  stream.onKept({ ...NAME, type: 'transfer-kept', joinIndex: JOIN_INDEX, form: 'raw', numbers: [] }, NOW_MS);
  return { store: partition, stream, flow, sealed: partition.sealedListings().map(({ number }) => number) };
}

/** What goes out now. */
function types(stream: TransferStream, nowMs: number): string[] {
  return stream.takeReady(0, 1, nowMs).map(({ type }) => type);
}

function taken(number: number): TransferTaken {
  return { ...NAME, type: 'transfer-taken', joinIndex: JOIN_INDEX, number, index: 0, digest: 0 };
}

/** A stream of whose window nothing is at hand but what fits it. */
function almostNothingHere(): Begun {
  const found = begun();
  for (const number of found.sealed.slice(WINDOW)) found.store.dropBytes(number);
  return found;
}

test('what comes next is rebuilt while the window is full', () => {
  const { store, stream, sealed } = almostNothingHere();
  expect(stream.cut(store, 0, true, NOW_MS)).toEqual(sealed.slice(WINDOW, WINDOW + 8));
  expect(types(stream, NOW_MS)).toHaveLength(WINDOW);
});

test('nothing is rebuilt ahead while memory is short', () => {
  const { store, stream } = almostNothingHere();
  expect(stream.cut(store, 0, false, NOW_MS)).toEqual([]);
});

test('a learner that says nothing is asked, though there is something to rebuild meanwhile', () => {
  const { store, stream } = almostNothingHere();
  stream.cut(store, 0, true, NOW_MS);
  stream.takeReady(0, 1, NOW_MS);
  expect(stream.cut(store, 0, true, NOW_MS + 100)).toHaveLength(8);
  expect(types(stream, NOW_MS + 100)).toEqual([]);
  stream.cut(store, 0, true, NOW_MS + 1_000);
  expect(types(stream, NOW_MS + 1_000)).toEqual(['transfer-verify']);
});

test('a learner that has nothing under way is not asked, however long others have the window', () => {
  const { store, stream, flow } = begun();
  flow.underWay = WINDOW;
  stream.cut(store, 0, true, NOW_MS + 1_000);
  expect(types(stream, NOW_MS + 1_000)).toEqual([]);
  flow.underWay = WINDOW - 1;
  stream.cut(store, 0, true, NOW_MS + 2_000);
  expect(types(stream, NOW_MS + 2_000)).toEqual(['transfer-segment']);
});

test('a question whose answer is lost is asked again, though all that was under way has been taken in', () => {
  const { store, stream, sealed } = begun();
  stream.cut(store, 0, true, NOW_MS);
  stream.takeReady(0, 1, NOW_MS);
  stream.cut(store, 0, true, NOW_MS + 300);
  expect(types(stream, NOW_MS + 300)).toEqual(['transfer-verify']);
  for (const number of sealed.slice(0, WINDOW)) stream.onTaken(taken(number), NOW_MS + 310);
  stream.cut(store, 0, true, NOW_MS + 600);
  expect(types(stream, NOW_MS + 600)).toEqual(['transfer-verify']);
});

test('how long a segment takes counts from when it goes out, not from its cut', () => {
  const { store, stream, flow, sealed } = begun();
  stream.cut(store, 0, true, NOW_MS);
  stream.takeReady(0, 1, NOW_MS + 500);
  stream.onTaken(taken(sealed[0] ?? 0), NOW_MS + 510);
  expect(flow.sentAtMs).toEqual([NOW_MS + 500]);
});

test('a stream that breaks leaves the window to others', () => {
  const { store, stream, flow } = begun();
  stream.cut(store, 0, true, NOW_MS);
  stream.break();
  expect(flow.hasEnded).toBe(true);
});
