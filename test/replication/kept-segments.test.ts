import { beforeEach, describe, expect, it } from 'vitest';
import { ErasureCodec } from '../../src/erasure/erasure-codec.js';
import { erasureCode } from '../../src/erasure/erasure-code.js';
import { loopKernel } from '../../src/erasure/xor-kernel.js';
import { KeptShards } from '../../src/replication/kept-shards.js';
import type { SegmentListing, TransferFacts } from '../../src/replication/messages.js';
import { ParityShards } from '../../src/replication/parity-shards.js';
import { SegmentCandidates } from '../../src/replication/segment-candidates.js';
import { hashBytes } from '../../src/store/byte-hash.js';
import type { PartitionStore } from '../../src/store/partition-store.js';
import { copyOfSegment, factsOf } from '../../src/store/segment-image.js';
import { SlabPool } from '../../src/store/slab-pool.js';
import { hashOfPartition } from '../../src/store/state-hash.js';
import { SMALL_LAYOUT } from '../store/store-fixture.js';
import { emptyPartition, recordedStore } from './entry-fixture.js';

const KEYS = 250;

/** A store with some sealed segments, in which every third record is dead. */
function filled(): PartitionStore {
  const { store } = recordedStore();
  for (let i = 0; i < KEYS; i++) store.set(new Uint8Array([1, i]), new Uint8Array(100).fill(i), i + 1, 1);
  for (let i = 0; i < KEYS; i += 3) store.delete(new Uint8Array([1, i]), 1);
  return store.partition;
}

/** The facts of a segment as they travel: the store may change, or go, afterwards. */
function factsMessage(store: PartitionStore, number: number, form: 'raw' | 'folded' = 'raw'): TransferFacts {
  const { length } = store.table.get(number);
  const records = form === 'folded' ? store.liveRecords(number) : new Int32Array(0);
  const facts = factsOf(store.table.get(number));
  return { type: 'transfer-facts', group: 0, position: 0, joinIndex: 1, index: 1, facts, length, records };
}

function decidedBy(kept: Pick<SegmentCandidates, 'onList'>, listed: readonly SegmentListing[]): readonly number[] {
  let decided: readonly number[] = [-1];
  kept.onList(listed, (numbers) => (decided = numbers));
  return decided;
}

/** The first sealed segment of each. */
function firstOf(listed: readonly SegmentListing[]): SegmentListing {
  const [first] = listed;
  if (first === undefined) throw new Error('something is sealed');
  return first;
}

describe('raw segments that a data holder has kept', () => {
  let before: PartitionStore;
  let listed: readonly SegmentListing[];
  let candidates: SegmentCandidates;

  beforeEach(() => {
    before = filled();
    listed = before.sealedListings();
    expect(listed.length).toBeGreaterThan(1);
    candidates = new SegmentCandidates();
    candidates.keep(before);
  });

  it('become the segments of another store, with the records that are live by then', () => {
    const messages = listed.map(({ number }) => factsMessage(before, number));
    const sent = emptyPartition();
    for (const { number } of listed) sent.restoreSegment(copyOfSegment(before.table.get(number)));
    before.clear();
    expect(decidedBy(candidates, listed)).toEqual(listed.map(({ number }) => number));
    const store = emptyPartition();
    for (const message of messages) expect(candidates.restore(store, message)).toBe(true);
    expect(hashOfPartition(store)).toBe(hashOfPartition(sent));
    expect(candidates.heldBytes).toBe(0);
    expect(before.pool.blockBytes).toBe(0);
  });

  it('are given up when they are not listed, or listed with another checksum', () => {
    const [first, second] = listed;
    if (first === undefined || second === undefined) throw new Error('two are sealed');
    expect(decidedBy(candidates, [first, { ...second, checksum: second.checksum ^ 1 }])).toEqual([first.number]);
    const held = before.pool.blockBytes;
    before.clear();
    expect(before.pool.blockBytes).toBe(candidates.heldBytes);
    expect(candidates.heldBytes).toBeLessThan(held);
  });

  it('are refused, once and for all, when their bytes have changed', () => {
    const { number } = firstOf(listed);
    const message = factsMessage(before, number);
    before.table.get(number).bytes[40] = 99;
    decidedBy(candidates, listed);
    expect(candidates.restore(emptyPartition(), message)).toBe(false);
    candidates.keep(before);
    expect(decidedBy(candidates, listed)).not.toContain(number);
  });

  it('are refused when the number was used again, though the checksum is the same', () => {
    const { number } = firstOf(listed);
    const message = factsMessage(before, number);
    decidedBy(candidates, listed);
    const again = { ...message, facts: { ...message.facts, serial: message.facts.serial + 1 } };
    expect(candidates.restore(emptyPartition(), again)).toBe(false);
  });

  it('give their memory back when asked to', () => {
    before.clear();
    expect(before.pool.blockBytes).toBe(candidates.heldBytes);
    candidates.giveUp();
    expect(before.pool.blockBytes).toBe(0);
  });
});

describe('shards that a parity holder has kept', () => {
  const k = 2;
  let stores: readonly PartitionStore[];
  let shards: ParityShards;
  let kept: KeptShards;

  beforeEach(() => {
    shards = new ParityShards(new ErasureCodec(erasureCode(k, 1), loopKernel), 0, SMALL_LAYOUT, new SlabPool());
    stores = Array.from({ length: k }, filled);
    stores.forEach((store, position) => {
      for (const { number, checksum } of store.sealedListings()) {
        const { bytes, length } = store.table.get(number);
        shards.fold(position, number, bytes.subarray(0, length), checksum);
      }
    });
    kept = new KeptShards(shards, k);
    kept.begin();
  });

  const listOf = (position: number): readonly SegmentListing[] => stores[position]?.sealedListings() ?? [];

  it('are decided on when all lists are here, and not before', () => {
    const decided: string[] = [];
    kept.at(0).onList(listOf(0), (numbers) => decided.push(`0: ${numbers.length}`));
    expect(decided).toEqual([]);
    kept.at(1).onList(listOf(1), (numbers) => decided.push(`1: ${numbers.length}`));
    expect(decided).toEqual([`0: ${listOf(0).length}`, `1: ${listOf(1).length}`]);
  });

  it('are kept whole or not at all', () => {
    const gone = firstOf(listOf(1)).number;
    const decided: (readonly number[])[] = [];
    kept.at(0).onList(listOf(0), (numbers) => decided.push(numbers));
    kept.at(1).onList(
      listOf(1).filter(({ number }) => number !== gone),
      (numbers) => decided.push(numbers),
    );
    expect(decided[0]).not.toContain(gone);
    expect(decided[0]).toHaveLength(listOf(0).length - 1);
    expect(shards.contributions(gone)).toEqual([]);
  });

  it('count for nothing when waiting for the other lists takes too long', () => {
    let decided: readonly number[] | undefined;
    kept.at(0).onList(listOf(0), (numbers) => (decided = numbers));
    kept.at(0).giveUp();
    expect(decided).toEqual([]);
    expect(shards.heldBytes).toBe(0);
    kept.at(1).onList(listOf(1), (numbers) => (decided = [...numbers, -1]));
    expect(decided).toEqual([-1]);
  });

  it('stay when memory gets short after the decision: what has been taken in since is in them as well', () => {
    for (const position of [0, 1]) kept.at(position).onList(listOf(position), () => undefined);
    const taken = new Uint8Array(8);
    const [number, checksum] = [1 + Math.max(...listOf(1).map((listing) => listing.number)), hashBytes(taken, 8, 0)];
    shards.fold(1, number, taken, checksum);
    kept.at(0).giveUp();
    expect(shards.listings(0)).toEqual(listOf(0));
    expect(shards.listings(1)).toEqual([...listOf(1), { number, checksum }]);
  });

  it('need no keys: tags and places of live records make the segment', () => {
    const primary = stores[0] ?? emptyPartition();
    for (const position of [0, 1]) kept.at(position).onList(listOf(position), () => undefined);
    const folded = emptyPartition();
    for (const { number } of listOf(0)) {
      expect(kept.at(0).restore(folded, factsMessage(primary, number, 'folded'))).toBe(true);
    }
    const raw = emptyPartition();
    const { number, checksum } = firstOf(listOf(0));
    expect(hashBytes(primary.table.get(number).bytes, primary.table.get(number).length, 0)).toBe(checksum);
    for (const listing of listOf(0)) {
      const { bytes, length } = primary.table.get(listing.number);
      raw.restoreSegment({ ...factsOf(primary.table.get(listing.number)), bytes: bytes.slice(0, length) });
      raw.dropBytes(listing.number);
    }
    expect(hashOfPartition(folded)).toBe(hashOfPartition(raw));
    expect(folded.table.chargedBytes).toBe(raw.table.chargedBytes);
  });

  it('refuse facts whose records are not those that are live', () => {
    const primary = stores[0] ?? emptyPartition();
    for (const position of [0, 1]) kept.at(position).onList(listOf(position), () => undefined);
    const message = factsMessage(primary, firstOf(listOf(0)).number, 'folded');
    const short = { ...message, records: message.records.slice(2) };
    expect(kept.at(0).restore(emptyPartition(), short)).toBe(false);
  });
});
