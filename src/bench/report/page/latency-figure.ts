/** How long requests took, from the median to the longest. */
import type { LatencySummary } from '../run-report.js';
import { axisBelow, axisLeft, line, mark, type Area } from './drawing.js';
import type { Drawing, Figure } from './figure.js';
import { runName, type LabelledRun } from './labelled.js';
import { amount, logAxis, percentileAxis } from './scales.js';

const HEIGHT = 330;
const MOST_NINES = 5;
/** Where the lines carry their marks. */
const MARKED = [50, 90, 99, 99.9, 99.99];
/** What the histograms can tell apart. */
const LEAST_MS = 0.001;

export function latencyFigure(runs: readonly LabelledRun[]): Figure {
  const open = runs.filter(({ report }) => report.load.type === 'open').map(({ letter }) => letter);
  const corrected =
    open.length === 0
      ? 'Closed loop: clients wait while the cluster stalls, so stalls show less than users would feel.'
      : `Latencies of ${open.join(', ')} count from when a request was due.`;
  return {
    id: 'latency',
    title: 'Latency',
    summary: `The part of the requests on the lower axis took at most the time on the left one. ${corrected} ${runs.map(sentence).join(' ')}`,
    legend: runs.map((run) => ({ label: runName(run), look: { type: 'line', series: run.series } })),
    draw: (width) => drawCurves(runs, width),
    table: {
      head: ['ms', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'longest', 'requests', 'failed'],
      rows: runs.flatMap((run) => {
        const { total, byOperation } = run.report;
        const kinds = Object.entries(byOperation);
        return [
          [runName(run), total] as const,
          ...(kinds.length > 1 ? kinds.map(([type, figures]) => [`${run.letter}, ${type}`, figures] as const) : []),
        ].map(([name, { latency, failed }]) => [
          name,
          ...[latency.meanMs, latency.p50Ms, latency.p90Ms, latency.p99Ms, latency.p999Ms, latency.maxMs].map(amount),
          amount(latency.count),
          amount(Object.values(failed).reduce((sum, count) => sum + count, 0)),
        ]);
      }),
    },
  };
}

function sentence({ letter, report }: LabelledRun): string {
  const { p50Ms, p99Ms, maxMs } = report.total.latency;
  return `${letter}: half within ${amount(p50Ms)} ms, 99% within ${amount(p99Ms)} ms, the longest ${amount(maxMs)} ms.`;
}

function drawCurves(runs: readonly LabelledRun[], width: number): Drawing {
  const area: Area = { left: 58, right: width - 20, top: 34, bottom: HEIGHT - 48 };
  const curves = runs.map((run) => ({ run, points: pointsOf(run.report.total.latency) }));
  const times = curves.flatMap(({ points }) => points.map(([, ms]) => ms));
  const count = Math.max(10, ...runs.map(({ report }) => report.total.latency.count));
  const nines = Math.min(MOST_NINES, Math.max(1, Math.floor(Math.log10(count))));
  const x = percentileAxis(nines, area.left, area.right);
  const y = logAxis(Math.min(1, ...times), Math.max(1, ...times), area.bottom, area.top);
  return {
    height: HEIGHT,
    body: [
      axisBelow(area, x, 'percentile of the requests'),
      axisLeft(area, y, 'ms, logarithmic'),
      ...curves.flatMap(({ run: { series }, points }) => [
        line(
          points.map(([percentile, ms]) => [x.at(percentile), y.at(ms)]),
          series,
        ),
        ...points
          .filter(([percentile]) => MARKED.includes(percentile) || percentile === 100)
          .map(([percentile, ms]) => mark(x.at(percentile), y.at(ms), series)),
      ]),
    ],
  };
}

/** Percentiles that so many requests can tell, and the longest. */
function pointsOf({ curve, count }: LatencySummary): [percentile: number, ms: number][] {
  return curve
    .filter(([percentile]) => percentile === 100 || count * (1 - percentile / 100) >= 1)
    .map(([percentile, ms]) => [percentile, Math.max(LEAST_MS, ms)]);
}
