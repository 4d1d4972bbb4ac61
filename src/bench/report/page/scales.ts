/** From figures to places on an axis, and where the ticks are. Pure. */

export interface Axis {
  /** Where a value is, in units of the drawing; values beyond the ends are at the ends. */
  readonly at: (value: number) => number;
  readonly ticks: readonly Tick[];
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** From 0 to at least `most`; `from` and `to` are places. */
export function linearAxis(most: number, from: number, to: number, tickCount = 5): Axis {
  const step = niceStep(most / tickCount);
  const end = Math.max(step, Math.ceil(most / step - 1e-9) * step);
  const at = (value: number): number => between(from, to, value / end);
  const count = Math.round(end / step);
  return { at, ticks: Array.from({ length: count + 1 }, (_, i) => ({ at: at(i * step), label: amount(i * step) })) };
}

/** Whole decades around what is between `least` and `most`, both above 0. */
export function logAxis(least: number, most: number, from: number, to: number): Axis {
  const first = Math.floor(Math.log10(least) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log10(most) - 1e-9));
  const at = (value: number): number => between(from, to, (Math.log10(value) - first) / (last - first));
  const decades = Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  return { at, ticks: decades.map((value) => ({ at: at(value), label: amount(value) })) };
}

/**
 * Percentiles, stretched towards 100 so that each nine is as wide as the one before, and a place of its own for the longest at the end.
 * @param nines how many of them are shown: 3 for 99.9
 */
export function percentileAxis(nines: number, from: number, to: number): Axis {
  const end = nines + 0.5;
  const at = (percentile: number): number =>
    between(from, to, percentile >= 100 ? 1 : Math.min(nines, -Math.log10(1 - percentile / 100)) / end);
  const shown = [0, 50, 90, 99, 99.9, 99.99, 99.999].slice(0, nines + 2);
  return {
    at,
    ticks: [...shown.map((value) => ({ at: at(value), label: String(value) })), { at: to, label: 'max' }],
  };
}

/** "0.5", "12", "1,200" */
export function amount(value: number): string {
  return value.toLocaleString('en-US', value >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });
}

/** The least of 1, 2, 5 times a power of ten that is not below `least`; 1 for 0. */
function niceStep(least: number): number {
  if (least <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
}

function between(from: number, to: number, part: number): number {
  return from + (to - from) * Math.min(1, Math.max(0, part));
}
