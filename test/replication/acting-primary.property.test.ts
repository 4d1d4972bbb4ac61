/** A primary that leads in place of the data holder, without the bytes of what it has folded. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesEqual, EMPTY_BYTES, toHex } from '../../src/base/bytes.js';
import { KvDecisions } from '../../src/store/kv-decisions.js';
import type { PartitionStore } from '../../src/store/partition-store.js';
import type { KvRequest } from '../../src/store/requests.js';
import type { SegmentStore } from '../../src/store/segment-store.js';
import { segmentsNeeded } from '../../src/store/segments-needed.js';
import { hashOfPartition } from '../../src/store/state-hash.js';
import { collidingHash } from '../store/store-fixture.js';
import { DecidingPrimary, requestOf, steps } from './deciding-primary.js';
import { apply, emptyPartition, HASH, recordedStore } from './entry-fixture.js';

describe('a primary that has folded and dropped its segments', () => {
  it('decides as one that has them all, given what each request needs', () => {
    let fetched = 0;
    const property = (hash: typeof HASH): void => {
      fc.assert(
        fc.property(steps, steps, (before, after) => {
          const options = { hash, maxEntryBytes: 20_000 };
          const first = new DecidingPrimary(recordedStore(options));
          const [member, witness, whole] = [emptyPartition(hash), emptyPartition(hash), emptyPartition(hash)];
          for (const step of before) {
            for (const entry of first.play(step)) for (const each of [member, witness, whole]) apply(each, entry);
          }
          for (const { number } of member.sealedListings()) member.dropBytes(number);
          const { timeMs: clockMs, ...counters } = first.lastHeader;
          const state = { clockMs, ...counters };
          const acting = new DecidingPrimary(recordedStore({ ...options, partition: member, state }));
          const other = new DecidingPrimary(recordedStore({ ...options, partition: whole, state }));
          acting.follow(first);
          other.follow(first);
          for (const step of after) {
            if (step.type === 'write') fetched += fetchFor(acting.store, requestOf(step), witness);
            for (const entry of acting.play(step)) apply(witness, entry);
            other.play(step);
            const isSame = isDeepStrictEqual(acting.lastReply, other.lastReply);
            if (!isSame) expect(acting.lastReply).toEqual(other.lastReply);
          }
          expect(hashOfPartition(witness)).toBe(hashOfPartition(member));
          expect(scanAll(acting, witness)).toEqual(scanAll(other, witness));
        }),
        { numRuns: 30 },
      );
    };
    property(HASH);
    property(collidingHash(3));
    expect(fetched).toBeGreaterThan(0);
  });
});

it.each(['lru', 'ttl'] as const)('makes room by policy %s with what is in memory, and its members follow', (policy) => {
  let dropped = 0;
  fc.assert(
    fc.property(steps, fc.integer({ min: 2, max: 4 }), (list, every) => {
      const primary = new DecidingPrimary(recordedStore({ maxBytes: 110_000, policy }));
      const { partition } = primary.store;
      const witness = emptyPartition();
      for (const [i, step] of [...list, ...list].entries()) {
        if (step.type === 'write') fetchFor(primary.store, requestOf(step), witness);
        for (const entry of primary.play(step)) apply(witness, entry);
        primary.finishReleases(0);
        for (const { number } of partition.sealedListings()) {
          if (!partition.table.get(number).isRaw || (i + number) % every === 0) continue;
          partition.dropBytes(number);
          dropped++;
        }
        // What is dropped takes no memory, so that the cap alone does not bound what is fetched again.
        expect(primary.store.cap.chargedBytes).toBeLessThan(200_000);
      }
      expect(hashOfPartition(witness)).toBe(hashOfPartition(partition));
    }),
    { numRuns: 40, endOnFailure: true },
  );
  expect(dropped).toBeGreaterThan(0);
});

/** Gives back the segments that a request needs, as degraded reads do, until it needs no more; returns how many. */
function fetchFor(store: SegmentStore, request: KvRequest, from: PartitionStore): number {
  let fetched = 0;
  for (;;) {
    const needed = segmentsNeeded(store, request);
    if (needed.length === 0) return fetched;
    for (const number of needed) {
      const { bytes, length } = from.table.get(number);
      store.partition.restoreBytes(number, bytes.subarray(0, length));
    }
    fetched += needed.length;
  }
}

/** All keys with their values, page by page, with what each page needs; each is there once. */
function scanAll(primary: DecidingPrimary, from: PartitionStore): Map<string, string> {
  const { store } = primary;
  const decisions = new KvDecisions({ segments: () => store, nextVersion: () => 0 });
  const found = new Map<string, string>();
  let cursor = EMPTY_BYTES;
  do {
    const request = { type: 'scan' as const, prefix: EMPTY_BYTES, cursor, limit: 3, withValues: true };
    fetchFor(store, request, from);
    const page = decisions.read(request, store.clockMs);
    if (page.type !== 'scan') throw new Error('a scan is answered by a page');
    for (const { key, value } of page.entries) {
      expect(found.has(toHex(key))).toBe(false);
      found.set(toHex(key), toHex(value));
    }
    expect(page.cursor.length === 0 || !bytesEqual(page.cursor, cursor)).toBe(true);
    cursor = page.cursor;
  } while (cursor.length > 0);
  return found;
}
