/** Removing all keys of a store, which may be without the bytes of sealed segments, as at an acting primary. */
import { beforeEach, describe, expect, test } from 'vitest';
import { NO_STRIPE } from '../../src/store/segment.js';
import { seedOfCluster, SipKeyHash } from '../../src/store/key-hash.js';
import { FIRST_TAG } from '../../src/store/hash-index.js';
import { removeKeys } from '../../src/store/remove-keys.js';
import { SegmentStore } from '../../src/store/segment-store.js';

const KEYS = 500;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let store: SegmentStore;
/** What was dropped, to be given back. */
let dropped: Map<number, Uint8Array>;

beforeEach(() => {
  store = new SegmentStore({ hash: new SipKeyHash(seedOfCluster('0'.repeat(32))) });
  for (let i = 0; i < KEYS; i++) store.set(bytes(`key-${i}`), new Uint8Array(100).fill(i), i + 1, 0);
  store.set(bytes('large'), new Uint8Array(200_000).fill(7), KEYS + 1, 0);
  dropped = new Map();
});

function dropSealed(): void {
  const { table } = store.partition;
  for (const segment of [...table.all()]) {
    if (segment.state === 'open') table.seal(segment.number, NO_STRIPE);
    dropped.set(segment.number, segment.bytes.slice(0, segment.length));
    table.dropBytes(segment.number);
  }
}

function giveBack(numbers: readonly number[]): void {
  for (const number of numbers) {
    store.partition.table.restoreBytes(number, dropped.get(number) ?? new Uint8Array(0));
    dropped.delete(number);
  }
}

describe('the removal of all keys', () => {
  test('takes the keys a few at a time', () => {
    let from: number | undefined = FIRST_TAG;
    let removed = 0;
    for (let calls = 0; from !== undefined; calls++) {
      const step = removeKeys(store, from, 64);
      expect(step.removed).toBeLessThanOrEqual(64);
      expect(step.missing).toEqual([]);
      removed += step.removed;
      from = step.nextTag;
      expect(calls).toBeLessThan(20);
    }
    expect(removed).toBe(KEYS + 1);
    expect(store.values.keyCount).toBe(0);
    expect(store.partition.index.size).toBe(0);
  });

  test('names the segments that it needs, and goes on with them', () => {
    dropSealed();
    let from: number | undefined = FIRST_TAG;
    let removed = 0;
    while (from !== undefined) {
      const step = removeKeys(store, from, 64);
      removed += step.removed;
      giveBack(step.missing);
      from = step.nextTag;
    }
    expect(removed).toBe(KEYS + 1);
    expect(store.partition.index.size).toBe(0);
  });
});
