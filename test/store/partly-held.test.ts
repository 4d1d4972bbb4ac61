/** Scanning and removing keys of a store that is without the bytes of some sealed segments, as at an acting primary. */
import { beforeEach, describe, expect, test } from 'vitest';
import { NO_STRIPE } from '../../src/store/segment.js';
import { seedOfCluster, SipKeyHash } from '../../src/store/key-hash.js';
import { FIRST_TAG, removeKeys } from '../../src/store/remove-keys.js';
import { scanHeld, scanPage, type ScanRequest } from '../../src/store/scan-page.js';
import { SegmentStore } from '../../src/store/segment-store.js';

const KEYS = 500;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);

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

const request = (changed: Partial<ScanRequest> = {}): ScanRequest => ({
  type: 'scan',
  prefix: new Uint8Array(0),
  cursor: new Uint8Array(0),
  limit: 10_000,
  withValues: true,
  ...changed,
});

describe('a scan', () => {
  test('names what it needs when it cannot begin', () => {
    dropSealed();
    const { reply, missing } = scanHeld(store, request(), 0);
    expect(reply.entries).toEqual([]);
    expect(missing.length).toBeGreaterThan(0);
    expect(missing.every((number) => dropped.has(number))).toBe(true);
  });

  test('that is given what it names walks every key once, with its value', () => {
    const whole = scanPage(store, request(), 0).entries;
    dropSealed();
    const seen: string[] = [];
    let cursor = new Uint8Array(0);
    do {
      const { reply, missing } = scanHeld(store, request({ cursor }), 0);
      for (const { key, value } of reply.entries) seen.push(`${text(key)} ${value.length} ${value[0] ?? ''}`);
      expect(missing.length > 0 || reply.cursor.length === 0).toBe(true);
      giveBack(missing);
      cursor = reply.cursor.slice();
    } while (cursor.length > 0);
    expect(seen).toEqual(whole.map(({ key, value }) => `${text(key)} ${value.length} ${value[0] ?? ''}`));
    expect(seen).toHaveLength(KEYS + 1);
  });
});

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
