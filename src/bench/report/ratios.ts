/** Ratios of a comparison in words: of the first system to each other one, and where there is none, why. */
import { ratioOf } from '../measure/statistics.js';
import type { ComparedRound, ComparedSystem, CompareReport } from './compare-report.js';

export const RATIO_COLUMNS = ['a second', 'p50', 'p99', 'CPU each', 'bytes an entry'] as const;

/** The name of the other system, then a cell for each of the columns. */
export function ratioRows({ systems }: Pick<CompareReport, 'systems'>): string[][] {
  const [first, ...others] = systems;
  if (first === undefined) return [];
  return others.map((other) => {
    const of = (get: (round: ComparedRound) => number): string => {
      const ratio = ratioOf(first.rounds.map(get), other.rounds.map(get));
      return ratio === undefined ? 'overlap' : presentRatio(ratio);
    };
    return [
      other.name,
      of(({ perSecond }) => perSecond),
      of(({ p50Ms }) => p50Ms),
      of(({ p99Ms }) => p99Ms),
      of(({ cpuMicrosPerOperation }) => cpuMicrosPerOperation),
      memoryRatio(first, other),
    ];
  });
}

/** Memory is compared between systems that bear as many failures; what bears fewer holds fewer copies. */
function memoryRatio(first: ComparedSystem, other: ComparedSystem): string {
  if (first.tolerates !== other.tolerates)
    return other.tolerates === 0 ? 'tolerates none' : `tolerates ${other.tolerates}`;
  return other.bytesPerEntry === 0 ? 'not known' : presentRatio(first.bytesPerEntry / other.bytesPerEntry);
}

function presentRatio(ratio: number): string {
  return ratio >= 10 ? ratio.toFixed(0) : ratio >= 0.095 ? ratio.toFixed(2) : ratio.toPrecision(1);
}
