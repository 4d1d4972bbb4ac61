/**
 * The parity shards that a parity holder has from before it left its group, or from an attempt to learn that has broken (I12). A shard
 * mixes all positions and can only be kept as a whole: while every segment that it records is still sealed at its primary. So
 * nothing is decided, and nothing applied, before all k lists of this attempt are here; then all other shards are given up.
 *
 * Owned by GroupRoles; each receiver has its partition's part of it.
 */
import type { PartitionStore } from '../store/partition-store.js';
import type { KeptSegments } from './kept-segments.js';
import type { SegmentListing, TransferFacts } from './messages.js';
import type { ParityShards } from './parity-shards.js';

interface Heard {
  readonly listed: ReadonlyMap<number, number>;
  readonly decide: (numbers: readonly number[]) => void;
}

export class KeptShards {
  private readonly shards: ParityShards;
  private readonly k: number;
  /** By position; of this attempt. */
  private readonly heard = new Map<number, Heard>();
  private undecided = false;

  /** @param k data positions of the group. */
  constructor(shards: ParityShards, k: number) {
    this.shards = shards;
    this.k = k;
  }

  /** Another attempt to learn begins. */
  begin(): void {
    this.heard.clear();
    this.undecided = this.shards.count > 0;
  }

  at(position: number): KeptSegments {
    return {
      form: 'folded',
      onList: (listed, decide) => this.onList(position, listed, decide),
      giveUp: () => this.giveUp(),
      restore: (store, message) => this.restore(position, store, message),
    };
  }

  private onList(
    position: number,
    listed: readonly SegmentListing[],
    decide: (numbers: readonly number[]) => void,
  ): void {
    if (!this.undecided) return decide([]);
    this.heard.set(position, { listed: new Map(listed.map(({ number, checksum }) => [number, checksum])), decide });
    if (this.heard.size === this.k) this.decide();
  }

  private decide(): void {
    const { heard, shards } = this;
    this.undecided = false;
    shards.keepOnly((position, { number, checksum }) => heard.get(position)?.listed.get(number) === checksum);
    for (const [position, { decide }] of heard) decide(shards.listings(position).map(({ number }) => number));
  }

  /**
   * Afterwards, nothing: what is kept and what has been taken in since, of any position, are mixed in the same shards, and each of them
   * is needed for what is still to come.
   */
  private giveUp(): void {
    if (!this.undecided) return;
    this.undecided = false;
    this.shards.clear();
    for (const { decide } of this.heard.values()) decide([]);
  }

  private restore(position: number, store: PartitionStore, { facts, length, records }: TransferFacts): boolean {
    if (!this.shards.has(position, facts.number, facts.checksum)) return false;
    return store.restoreFolded(facts, length, records);
  }
}
