/**
 * Bits that have flipped in parity shards: which they are, and whether they are still wrong. A flip stays through folds and unfolds, which
 * are linear, until the shard is begun anew or gone. Who flips one has the node scrubbed, again and again until it is mended.
 */
import type { Prng } from '../../../src/base/prng.js';
import type { ParityShards } from '../../../src/replication/parity-shards.js';
import type { EccLife } from './ecc-life.js';

export interface Flip {
  readonly host: string;
  readonly parity: ParityShards;
  readonly number: number;
  readonly at: number;
  readonly mask: number;
}

export class Flips {
  private readonly flips = new Set<Flip>();
  private mendedCount = 0;

  get mended(): number {
    return this.mendedCount;
  }

  /** Flips a bit in some shard of a node. Undefined if it has none. */
  flipSome({ host, replicas, map }: EccLife, prng: Prng): Flip | undefined {
    const shards: { readonly parity: ParityShards; readonly number: number }[] = [];
    for (const { parity } of replicas.values()) {
      if (parity === undefined) continue;
      for (let position = 0; position < map.k; position++) {
        for (const { number } of parity.listings(position)) {
          if (this.of(parity, number) === undefined) shards.push({ parity, number });
        }
      }
    }
    if (shards.length === 0) return undefined;
    const { parity, number } = prng.pick(shards);
    const bytes = parity.shard(number);
    if (bytes === undefined) return undefined;
    const flip = { host, parity, number, at: prng.below(bytes.length), mask: 1 << prng.below(8) };
    bytes[flip.at] = (bytes[flip.at] ?? 0) ^ flip.mask;
    this.flips.add(flip);
    return flip;
  }

  isLeft(flip: Flip): boolean {
    return this.flips.has(flip);
  }

  /** One that is not mended. */
  get any(): Flip | undefined {
    for (const flip of this.flips) return flip;
    return undefined;
  }

  of(parity: ParityShards, number: number): Flip | undefined {
    for (const flip of this.flips) if (flip.parity === parity && flip.number === number) return flip;
    return undefined;
  }

  /** The shard is right again. */
  onMended(flip: Flip): void {
    if (this.flips.delete(flip)) this.mendedCount++;
  }

  /** Shards that are not there any more have nothing wrong in them. */
  forgetGone(parity: ParityShards): void {
    for (const flip of this.flips) {
      if (flip.parity === parity && parity.shard(flip.number) === undefined) this.flips.delete(flip);
    }
  }

  /** The memory of a life is gone. */
  onEnded(host: string): void {
    for (const flip of this.flips) if (flip.host === host) this.flips.delete(flip);
  }
}
