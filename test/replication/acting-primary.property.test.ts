/** A primary that leads in place of the data holder, without the bytes of what it has folded. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesEqual, EMPTY_BYTES, toHex } from '../../src/base/bytes.js';
import { KvDecisions } from '../../src/store/kv-decisions.js';
import type { SharedMemory } from '../../src/store/memory-cap.js';
import type { PartitionStore } from '../../src/store/partition-store.js';
import type { KvRequest } from '../../src/store/requests.js';
import type { SegmentStore } from '../../src/store/segment-store.js';
import { segmentsNeeded } from '../../src/store/segments-needed.js';
import { hashOfPartition } from '../../src/store/state-hash.js';
import { collidingHash } from '../store/store-fixture.js';
import { DecidingPrimary, KEYS, requestOf, steps } from './deciding-primary.js';
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

/** Memory shared with other partitions, of which there is none left: as at a full node. */
const SHORT: SharedMemory = {
  isTight: true,
  mayClean: true,
  mayOpenForMoves: () => true,
  frees: (number) => number % 3 !== 0,
  isShared: (number) => number % 3 === 0,
};

it.each(['noeviction', 'lru', 'ttl'] as const)(
  'makes room by policy %s where its segments are elsewhere, and all members answer alike',
  (policy) => {
    const done = { expiry: 0, eviction: 0, emptying: 0 };
    let [evicted, broken] = [0, 0];
    fc.assert(
      fc.property(steps, fc.array(fc.nat({ max: 3 }), { minLength: 40, maxLength: 40 }), (list, reliefs) => {
        const primary = new DecidingPrimary(recordedStore());
        const { store } = primary;
        store.cap.share(SHORT);
        store.cap.policy = policy;
        const witness = emptyPartition();
        const changed = (): void => {
          for (const entry of primary.takeEntries()) apply(witness, entry);
          primary.finishReleases(0);
        };
        for (const [i, step] of [...list, ...list].entries()) {
          if (step.type === 'write') fetchFor(store, requestOf(step), witness);
          for (const entry of primary.play(step)) apply(witness, entry);
          primary.finishReleases(0);
          for (const { number } of store.partition.sealedListings()) {
            if (store.partition.table.get(number).isRaw) store.partition.dropBytes(number);
          }
          for (let relief = reliefs[i % reliefs.length] ?? 0; relief > 0; relief--) {
            const wanted = store.reliefElsewhere(store.clockMs, relief === 1);
            if (wanted === undefined) break;
            done[wanted.for]++;
            giveBack(store, wanted.number, witness);
            store.relieveIn(wanted, store.clockMs);
            changed();
          }
        }
        evicted += store.evictor.evicted;
        expect(hashOfPartition(witness)).toBe(hashOfPartition(store.partition));
        const { timeMs: clockMs, ...counters } = primary.lastHeader;
        const other = new DecidingPrimary(recordedStore({ partition: witness, state: { clockMs, ...counters } }));
        for (const key of KEYS) {
          const request = { type: 'get' as const, key };
          fetchFor(store, request, witness);
          const found = store.lookUp(key, store.clockMs);
          expect(other.store.lookUp(key, store.clockMs)).toBe(found);
          if (found === 'hit') expect(toHex(other.store.entry.value())).toBe(toHex(store.entry.value()));
          const isThere = witness.find(witness.hash.keyTag(key, 0, key.length), key, 0, key.length) !== 0;
          if (found !== 'miss' || !isThere) continue;
          broken++;
          // A value of which a part has been ended is none, and nobody can delete it.
          expect(other.store.delete(key, other.store.clockMs)).toBe(false);
        }
      }),
      { numRuns: 25, endOnFailure: true },
    );
    expect(done.expiry).toBeGreaterThan(0);
    expect(done.emptying).toBeGreaterThan(0);
    expect(done.eviction > 0 && evicted > 0).toBe(policy !== 'noeviction');
    if (policy === 'lru') expect(broken).toBeGreaterThan(0);
  },
);

function giveBack(store: SegmentStore, number: number, from: PartitionStore): void {
  if (store.partition.table.get(number).isRaw) return;
  const { bytes, length } = from.table.get(number);
  store.partition.restoreBytes(number, bytes.subarray(0, length));
}

/** Gives back the segments that a request needs, as degraded reads do, until it needs no more; returns how many. */
function fetchFor(store: SegmentStore, request: KvRequest, from: PartitionStore): number {
  let fetched = 0;
  for (;;) {
    const needed = segmentsNeeded(store, request);
    if (needed.length === 0) return fetched;
    for (const number of needed) giveBack(store, number, from);
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
