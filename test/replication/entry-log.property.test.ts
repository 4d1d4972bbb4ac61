/** Random requests at a primary, whose entries others apply, fold, take back: all hold the same at equal index. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { undoEntry } from '../../src/replication/undo-entry.js';
import { hashOfPartition } from '../../src/store/state-hash.js';
import { apply, emptyPartition, HASH, recordedStore, type RecordedStore } from './entry-fixture.js';
import type { EntryHeader } from '../../src/replication/entry-codec.js';
import { bytes, collidingHash, patterned } from '../store/store-fixture.js';
import { DecidingPrimary, steps } from './deciding-primary.js';

const RUNS = 120;
const PIECES = [700, 20_000, 1 << 20];

describe('a member that applies the entries of a primary', () => {
  it.each([
    ['', HASH],
    [' when all keys have one tag', collidingHash(1)],
    [' when keys and fragments share three tags', collidingHash(3)],
  ] as const)('holds the same, byte for byte, though it drops what is sealed%s', (_, hash) => {
    fc.assert(
      fc.property(
        steps,
        fc.constantFrom(...PIECES),
        fc.constantFrom(90_000, Infinity),
        (list, maxEntryBytes, maxBytes) => {
          const primary = new DecidingPrimary(recordedStore({ hash, maxEntryBytes, maxBytes, policy: 'lru' }));
          const member = emptyPartition(hash);
          for (const step of list) {
            for (const entry of primary.play(step)) {
              apply(member, entry, { onSealed: (number) => member.dropBytes(number) });
            }
            primary.finishReleases(2);
          }
          expect(hashOfPartition(member)).toBe(hashOfPartition(primary.store.partition));
          expectSameCounters(primary.recorded, primary.lastHeader);
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describe('taking entries back', () => {
  it('in reverse order gives every state before them again', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(...PIECES), fc.constantFrom('lru', 'ttl'), (list, maxEntryBytes, policy) => {
        const primary = new DecidingPrimary(recordedStore({ maxEntryBytes, maxBytes: 120_000, policy }));
        const { partition } = primary.store;
        const member = emptyPartition();
        const undone: { readonly entry: Uint8Array; readonly before: string }[] = [];
        const committed = Math.floor(list.length / 2);
        list.forEach((step, i) => {
          for (const entry of primary.play(step)) {
            if (i >= committed) undone.push({ entry, before: hashOfPartition(member) });
            apply(member, entry);
          }
          if (i < committed) primary.finishReleases(1);
        });
        for (const { entry, before } of undone.reverse()) {
          undoEntry(partition, entry);
          expect(hashOfPartition(partition)).toBe(before);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe('a store that goes on with the partition of another', () => {
  it('removes the fragments of a value that was never finished, and counts as if it had not begun', () => {
    const { store, recorder } = recordedStore({ maxEntryBytes: 5_000 });
    store.set(bytes('a'), bytes('before'), 1, 1);
    store.set(bytes('a'), patterned(40_000, 1), 2, 1, 500);
    const entries = recorder.takeEntry();
    expect(entries.length).toBeGreaterThan(4);
    const member = emptyPartition();
    let header: EntryHeader | undefined;
    for (const entry of entries.slice(0, -1)) header = apply(member, entry);
    expect(header).toEqual({ timeMs: 1, keys: 1, expiringBytes: 0, largeValues: 1 });
    expect(member.headless.count).toBeGreaterThan(4);
    const next = recordedStore({ partition: member, state: { clockMs: 1, keys: 1, expiringBytes: 0, largeValues: 1 } });
    next.store.dropHeadless();
    expect(member.headless.count).toBe(0);
    expect(member.index.size).toBe(1);
    expect(next.recorder.tags.size).toBe(0);
    const before = hashOfPartition(member);
    for (const entry of next.recorder.takeEntry().reverse()) undoEntry(member, entry);
    expect(member.headless.count).toBeGreaterThan(4);
    expect(hashOfPartition(member)).not.toBe(before);
    expect(next.store.lookUp(bytes('a'), 1)).toBe('hit');
    expect(next.store.entry.value()).toEqual(bytes('before'));
  });

  it('decides from there, and its members follow', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const first = new DecidingPrimary(recordedStore());
        const [member, other] = [emptyPartition(), emptyPartition()];
        for (const step of before) {
          for (const entry of first.play(step)) {
            apply(member, entry);
            apply(other, entry);
          }
        }
        const { timeMs: clockMs, ...counters } = first.lastHeader;
        const next = new DecidingPrimary(recordedStore({ partition: member, state: { clockMs, ...counters } }));
        next.follow(first);
        for (const step of after) for (const entry of next.play(step)) apply(other, entry);
        expect(hashOfPartition(other)).toBe(hashOfPartition(member));
        expectSameCounters(next.recorded, next.lastHeader);
        expect([...member.table.all()].filter(({ state }) => state === 'open').length).toBeLessThanOrEqual(2);
      }),
      { numRuns: RUNS },
    );
  });
});

/** Counters against a count: of keys, and of bytes with an expiry. */
function expectSameCounters({ store }: RecordedStore, header: { keys: number; expiringBytes: number }): void {
  expect(store.values.keyCount).toBe(header.keys);
  expect(store.values.expiringBytes).toBe(header.expiringBytes);
}
