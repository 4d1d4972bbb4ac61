/** A learner's store, filled segment by segment while its primary goes on. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEntry, type ApplyHooks } from '../../src/replication/apply-entry.js';
import type { PartitionStore } from '../../src/store/partition-store.js';
import { copyOfSegment } from '../../src/store/segment-image.js';
import type { SegmentImage } from '../../src/store/segment-table.js';
import { hashOfPartition } from '../../src/store/state-hash.js';
import { collidingHash } from '../store/store-fixture.js';
import { DecidingPrimary, steps } from './deciding-primary.js';
import { emptyPartition, HASH, recordedStore } from './entry-fixture.js';

/** Is sent the sealed segments of a primary one after the other, and all entries meanwhile. */
class Learner {
  readonly store: PartitionStore;
  readonly awaited: Set<number>;
  private readonly hooks: ApplyHooks;

  constructor(primary: PartitionStore) {
    this.store = emptyPartition(primary.hash);
    const open = [...primary.table.all()].filter(({ state }) => state === 'open').map(copyOfSegment);
    this.awaited = new Set(primary.sealedListings().map(({ number }) => number));
    expect(this.store.beginTransfer({ opened: primary.table.opened, open, headless: primary.headless.list() })).toBe(
      true,
    );
    this.hooks = {
      awaited: this.awaited,
      onSealed: () => undefined,
      onSealedDamaged: (number) => {
        throw new Error(`segment ${number} is another one here`);
      },
      onReleased: () => undefined,
      onAwaitedReleased: (number) => this.awaited.delete(number),
      onLost: () => undefined,
    };
  }

  apply(entry: Uint8Array): void {
    applyEntry(this.store, entry, this.hooks);
  }

  take(image: SegmentImage): void {
    this.awaited.delete(image.number);
    expect(this.store.restoreSegment(image)).toBe(true);
  }
}

describe('a learner', () => {
  it.each([
    ['', HASH],
    [' when all keys have one tag', collidingHash(1)],
  ] as const)('holds what its primary holds once all segments have come, though writes went on%s', (_, hash) => {
    let moves = 0;
    fc.assert(
      fc.property(steps, steps, fc.integer({ min: 1, max: 20 }), (before, during, every) => {
        const primary = new DecidingPrimary(recordedStore({ hash, maxEntryBytes: 2_000 }));
        for (const step of before) primary.play(step);
        const { partition } = primary.store;
        primary.finishReleases(0);
        const learner = new Learner(partition);
        let sent = 0;
        const sendNext = (): void => {
          const [next] = learner.awaited;
          if (next === undefined) return;
          learner.take(copyOfSegment(partition.table.get(next)));
          sent++;
        };
        during.forEach((step, i) => {
          for (const entry of primary.play(step)) learner.apply(entry);
          primary.finishReleases(1);
          if (i % every === 0) sendNext();
        });
        while (learner.awaited.size > 0) sendNext();
        expect(hashOfPartition(learner.store)).toBe(hashOfPartition(partition));
        moves += sent;
      }),
      { numRuns: 100 },
    );
    expect(moves).toBeGreaterThan(0);
  });

  it('refuses a sealed segment whose bytes are not those of its checksum', () => {
    const primary = recordedStore();
    for (let i = 0; i < 100; i++) primary.store.set(new Uint8Array([1, i]), new Uint8Array(100), i, 1);
    const [sealed] = primary.store.partition.sealedListings();
    const image = copyOfSegment(primary.store.partition.table.get(sealed?.number ?? 0));
    image.bytes[50] = (image.bytes[50] ?? 0) ^ 1;
    expect(emptyPartition().restoreSegment(image)).toBe(false);
  });
});
