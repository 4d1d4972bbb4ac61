/** A whole group: k primaries, and m parity holders that apply what they log, fold what they seal and drop its bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesEqual } from '../../src/base/bytes.js';
import { setOf } from '../../src/erasure/position-set.js';
import { ErasureCodec } from '../../src/erasure/erasure-codec.js';
import { erasureCode } from '../../src/erasure/erasure-code.js';
import { loopKernel } from '../../src/erasure/xor-kernel.js';
import { ParityShards } from '../../src/replication/parity-shards.js';
import type { PartitionStore } from '../../src/store/partition-store.js';
import { SlabPool } from '../../src/store/slab-pool.js';
import { hashOfPartition } from '../../src/store/state-hash.js';
import { SMALL_LAYOUT } from '../store/store-fixture.js';
import { DecidingPrimary, steps } from './deciding-primary.js';
import { apply, emptyPartition, recordedStore } from './entry-fixture.js';

class ParityHolder {
  readonly shards: ParityShards;
  readonly stores: PartitionStore[];

  constructor(codec: ErasureCodec, parityIndex: number) {
    this.shards = new ParityShards(codec, parityIndex, SMALL_LAYOUT, new SlabPool());
    this.stores = Array.from({ length: codec.code.k }, () => emptyPartition());
  }

  apply(position: number, entry: Uint8Array): void {
    const store = this.stores[position];
    if (store === undefined) throw new RangeError(`no position ${position}`);
    apply(store, entry, {
      onSealed: (number) => {
        const { bytes, length, checksum } = store.table.get(number);
        this.shards.fold(position, number, bytes.subarray(0, length), checksum);
        store.dropBytes(number);
      },
      onReleased: (number, bytes, checksum) => this.shards.unfold(position, number, bytes, checksum),
    });
  }
}

class ParityGroup {
  readonly codec: ErasureCodec;
  readonly primaries: DecidingPrimary[];
  readonly holders: ParityHolder[];

  constructor(k: number, m: number) {
    this.codec = new ErasureCodec(erasureCode(k, m), loopKernel);
    this.primaries = Array.from({ length: k }, () => new DecidingPrimary(recordedStore({ maxEntryBytes: 20_000 })));
    this.holders = Array.from({ length: m }, (_, index) => new ParityHolder(this.codec, index));
  }

  /** The segment of a position, as large as its shard; null where none is sealed. */
  shard(position: number, number: number): Uint8Array | null {
    const segment = this.primaries[position]?.store.partition.table.maybe(number);
    if (segment?.state !== 'sealed') return null;
    const shard = new Uint8Array(SMALL_LAYOUT.sizeBytes(number));
    shard.set(segment.bytes.subarray(0, segment.length));
    return shard;
  }

  /** Rebuilds what `lost` positions have in a stripe from the other positions and all parity shards. */
  rebuild(number: number, lost: readonly number[]): Uint8Array[] {
    const sizeBytes = SMALL_LAYOUT.sizeBytes(number);
    const data = this.primaries.map((_, position) => (lost.includes(position) ? null : this.shard(position, number)));
    const parities = this.holders.flatMap(({ shards }, index) => {
      const bytes = shards.shard(number);
      const contributions = setOf(shards.contributions(number).map(({ position }) => position));
      return bytes === undefined ? [] : [{ index, contributions, bytes }];
    });
    const wanted = lost.map((position) => ({
      shard: { type: 'data' as const, position },
      target: new Uint8Array(sizeBytes),
    }));
    this.codec.rebuild({ data, parities, wanted });
    return wanted.map(({ target }) => target);
  }
}

/** Every set of at most m positions that have a sealed segment in the stripe. */
function lossesOf(group: ParityGroup, number: number): number[][] {
  const there = group.primaries.flatMap((_, position) => (group.shard(position, number) === null ? [] : [position]));
  const one = there.map((position) => [position]);
  if (group.codec.code.m < 2) return one;
  return [...one, ...there.flatMap((a) => there.filter((b) => b > a).map((b) => [a, b]))];
}

describe.each([
  [1, 1],
  [3, 2],
])('a group of %i data and %i parity positions', (k, m) => {
  it('holds the same at every member, and rebuilds every sealed segment after any loss that it tolerates', () => {
    let rebuilt = 0;
    fc.assert(
      fc.property(fc.tuple(steps, steps, steps), (lists) => {
        const group = new ParityGroup(k, m);
        const rounds = Math.max(...lists.map((list) => list.length));
        for (let i = 0; i < rounds; i++) {
          group.primaries.forEach((primary, position) => {
            const step = lists[position]?.[i];
            if (step === undefined) return;
            for (const entry of primary.play(step)) for (const holder of group.holders) holder.apply(position, entry);
            primary.finishReleases(2);
          });
        }
        group.primaries.forEach(({ store }, position) => {
          for (const { stores, shards } of group.holders) {
            const member = stores[position];
            expect(member && hashOfPartition(member)).toBe(hashOfPartition(store.partition));
            expect(shards.listings(position)).toEqual(store.partition.sealedListings());
          }
        });
        const stripes = new Set(group.primaries.flatMap(({ store }) => store.partition.sealedListings()));
        for (const number of new Set([...stripes].map((listing) => listing.number))) {
          for (const lost of lossesOf(group, number)) {
            group.rebuild(number, lost).forEach((bytes, i) => {
              const there = group.shard(lost[i] ?? 0, number);
              if (there === null || !bytesEqual(bytes, there)) expect(bytes).toEqual(there);
              rebuilt++;
            });
          }
        }
      }),
      { numRuns: 30 },
    );
    expect(rebuilt).toBeGreaterThan(100);
  });
});
