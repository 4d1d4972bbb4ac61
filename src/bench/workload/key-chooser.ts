/**
 * Which key a request is about: drawn from 0..keys-1, so that popularity is like in the workloads that people know. Pure.
 *
 * Zipfian ranks are drawn as in Gray et al., "Quickly Generating Billion-Record Synthetic Databases", SIGMOD 1994, with
 * YCSB's exponent of 0.99: rank 0 is the most popular. *Scrambled* spreads the popular ranks over all keys by a hash; *latest*
 * counts the ranks from the newest key backwards.
 */
import { assert, assertNever } from '../../base/assert.js';
import type { Prng } from '../../base/prng.js';

export const DISTRIBUTIONS = ['uniform', 'zipfian', 'latest'] as const;
export type Distribution = (typeof DISTRIBUTIONS)[number];

/** Exponent of YCSB. */
const THETA = 0.99;

export interface KeyChooser {
  /** @param keys how many there are now, at least 1; never fewer than the last time. @returns 0..keys-1 */
  next(keys: number, prng: Prng): number;
}

/** @param loaded keys that are there before the first request, at least 1. */
export function keyChooser(distribution: Distribution, loaded: number): KeyChooser {
  switch (distribution) {
    case 'uniform':
      return { next: (keys, prng) => prng.below(keys) };
    case 'zipfian': {
      // Over the keys that were loaded: with a growing number the hash would move the popular ones about.
      const ranks = new ZipfianRanks();
      return { next: (_, prng) => scramble(ranks.next(loaded, unitInterval(prng)), loaded) };
    }
    case 'latest': {
      const ranks = new ZipfianRanks();
      return { next: (keys, prng) => keys - 1 - ranks.next(keys, unitInterval(prng)) };
    }
    default:
      return assertNever(distribution, 'distribution');
  }
}

/** Uniform in [0, 1), 53 bits. */
export function unitInterval(prng: Prng): number {
  return (prng.uint32() * 2 ** 21 + (prng.uint32() >>> 11)) / 2 ** 53;
}

/** Zipf-distributed ranks. The number of items may grow from call to call, which costs one power for each new one. */
export class ZipfianRanks {
  private readonly theta: number;
  private readonly alpha: number;
  private readonly zetaOf2: number;
  private items = 0;
  /** Sum of 1 / i^theta for i from 1 to `items`. */
  private zeta = 0;

  /** @param theta exponent, above 0 and below 1. */
  constructor(theta = THETA) {
    assert(theta > 0 && theta < 1, 'the exponent is between 0 and 1');
    this.theta = theta;
    this.alpha = 1 / (1 - theta);
    this.zetaOf2 = 1 + 0.5 ** theta;
  }

  /** @param items at least 1, never fewer than the last time. @param u uniform in [0, 1). @returns 0..items-1 */
  next(items: number, u: number): number {
    assert(items >= this.items && items >= 1, 'items do not become fewer');
    while (this.items < items) this.zeta += 1 / (++this.items) ** this.theta;
    const { theta, zeta, zetaOf2, alpha } = this;
    const mass = u * zeta;
    if (mass < 1) return 0;
    if (mass < zetaOf2) return Math.min(1, items - 1);
    const eta = (1 - (2 / items) ** (1 - theta)) / (1 - zetaOf2 / zeta);
    return Math.min(items - 1, Math.floor(items * (eta * u - eta + 1) ** alpha));
  }
}

/** Spreads neighbouring ranks over 0..keys-1 by the finisher of MurmurHash3. Two ranks may meet, as in YCSB. */
export function scramble(rank: number, keys: number): number {
  let h = rank >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) % keys;
}
