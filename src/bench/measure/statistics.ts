/** What a few noisy rounds say: median, spread, and whether two systems may be compared at all. Pure. */

/** The upper one of the two in the middle when their number is even; NaN of nothing. */
export function median(samples: readonly number[]): number {
  return sorted(samples)[samples.length >> 1] ?? NaN;
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(samples: readonly number[]): Spread {
  const ascending = sorted(samples);
  return { median: median(samples), least: ascending[0] ?? NaN, most: ascending.at(-1) ?? NaN };
}

/** Of all pairs, this part may be ordered against the medians before a comparison says nothing. */
export const MAX_OVERLAP = 0.1;
/** With fewer rounds on either side no ratio is told. */
export const MIN_ROUNDS = 5;

export const OVERLAP_RULE =
  'A ratio is shown when, of all pairs of a round of one system and a round of the other, at least nine in ten are ordered as the medians are (for five against five rounds that is the Mann-Whitney test at 5%); else it says "overlap".';

/**
 * Part of the pairs (a round of one, a round of the other) that are ordered against the medians, ties counting half: 0 when the
 * rounds do not overlap at all, 0.5 when nothing tells them apart.
 */
export function overlapOf(one: readonly number[], other: readonly number[]): number {
  let below = 0;
  for (const a of one) for (const b of other) below += a < b ? 1 : a === b ? 0.5 : 0;
  const part = below / (one.length * other.length);
  return Math.min(part, 1 - part);
}

/** Ratio of the medians, undefined when the rounds overlap too much, are too few, or the ratio is no number. */
export function ratioOf(one: readonly number[], other: readonly number[]): number | undefined {
  if (Math.min(one.length, other.length) < MIN_ROUNDS || overlapOf(one, other) > MAX_OVERLAP) return undefined;
  const ratio = median(one) / median(other);
  return Number.isFinite(ratio) ? ratio : undefined;
}

function sorted(samples: readonly number[]): number[] {
  return [...samples].sort((a, b) => a - b);
}
