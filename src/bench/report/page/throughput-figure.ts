/** Answers a second over the time of one run, its faults, and its longest stall. */
import type { RunReport, TimelineWindow } from '../run-report.js';
import { axisBelow, axisLeft, line, px, text, type Area } from './drawing.js';
import type { Drawing, Figure } from './figure.js';
import { runName, seconds, type LabelledRun } from './labelled.js';
import { markup, type Markup } from './markup.js';
import { amount, linearAxis } from './scales.js';

const HEIGHT = 330;
const FAILED_SERIES = 1;
/** Rows of a table that anybody reads; longer runs are summed up to so many. */
const MOST_ROWS = 60;

export function throughputFigure(run: LabelledRun): Figure {
  const { report } = run;
  const fails = report.timeline.some(({ failed }) => failed > 0);
  const stall = `The longest time without an answer was ${amount(report.longestStallMs)} ms, from ${seconds(report.longestStallAtMs)} on (shaded).`;
  const faults = report.faults.map(
    ({ type, nodes, atMs }, i) => `${i + 1} is ${type} ${nodes.join('-')} at ${seconds(atMs)}`,
  );
  return {
    id: `throughput${run.letter}`,
    title: `Throughput over time, ${runName(run)}`,
    summary: `${amount(report.total.perSecond)} answers a second on the whole. ${stall}${faults.length === 0 ? ' No faults were made.' : ` Faults: ${faults.join('; ')}.`}`,
    legend: [
      { label: 'answered a second', look: { type: 'line', series: 0 } },
      ...(fails ? [{ label: 'failed a second', look: { type: 'line', series: FAILED_SERIES } } as const] : []),
    ],
    draw: (width) => drawTimeline(report, fails, width),
    table: {
      head: ['from', 'answered a second', 'failed', 'p50 ms', 'p99 ms', 'longest ms', 'faults'],
      rows: summedUp(report).map((window) => [
        seconds(window.atMs),
        amount((window.answered / window.lengthMs) * 1000),
        amount(window.failed),
        ...(window.p50Ms === undefined ? ['', ''] : [amount(window.p50Ms), amount(window.p99Ms ?? 0)]),
        amount(window.maxMs),
        report.faults
          .filter(({ atMs }) => atMs >= window.atMs && atMs < window.atMs + window.lengthMs)
          .map(({ type, nodes }) => `${type} ${nodes.join('-')}`)
          .join(', '),
      ]),
    },
  };
}

function drawTimeline(report: RunReport, fails: boolean, width: number): Drawing {
  const area: Area = { left: 62, right: width - 16, top: 62, bottom: HEIGHT - 48 };
  const windows = report.timeline.map((window) => ({ ...window, lengthMs: lengthOf(report, window) }));
  const rateOf = (count: number, lengthMs: number): number => (lengthMs > 0 ? (count / lengthMs) * 1000 : 0);
  const most = Math.max(1, ...windows.map((each) => rateOf(Math.max(each.answered, each.failed), each.lengthMs)));
  const x = linearAxis(report.durationMs / 1000, area.left, area.right, width < 500 ? 4 : 8);
  const y = linearAxis(most, area.bottom, area.top);
  /** A step for each window: within one nothing is known. */
  const steps = (countOf: (window: TimelineWindow) => number): (readonly [number, number])[] =>
    windows.flatMap((window) => {
      const height = y.at(rateOf(countOf(window), window.lengthMs));
      return [
        [x.at(window.atMs / 1000), height] as const,
        [x.at((window.atMs + window.lengthMs) / 1000), height] as const,
      ];
    });
  const stallFrom = x.at(report.longestStallAtMs / 1000);
  const stallTo = x.at((report.longestStallAtMs + report.longestStallMs) / 1000);
  const middle = Math.min(area.right - 76, Math.max(area.left + 76, (stallFrom + stallTo) / 2));
  return {
    height: HEIGHT,
    body: [
      markup`<rect class="stall" x="${px(stallFrom)}" y="${px(area.top)}" width="${px(Math.max(2, stallTo - stallFrom))}" height="${px(area.bottom - area.top)}"/>`,
      axisBelow(area, x, 'seconds since the measured part began'),
      axisLeft({ ...area, top: 30 }, y, 'a second'),
      text(middle, area.top + 14, `no answer for ${amount(report.longestStallMs)} ms`, 'middle'),
      line(
        steps(({ answered }) => answered),
        0,
      ),
      ...(fails
        ? [
            line(
              steps(({ failed }) => failed),
              FAILED_SERIES,
            ),
          ]
        : []),
      ...faultMarks(report, area, (atMs) => x.at(atMs / 1000)),
    ],
  };
}

/** Numbered lines; neighbours are at different heights, so that both numbers can be read. */
function faultMarks({ faults }: RunReport, { top, bottom }: Area, at: (atMs: number) => number): Markup[] {
  return faults.map(({ type, nodes, atMs }, i) => {
    const [place, height] = [at(atMs), top - 14 - (i % 2) * 19];
    return markup`<g class="fault"><title>${i + 1}: ${type} ${nodes.join('-')} at ${seconds(atMs)}</title><line x1="${px(place)}" x2="${px(place)}" y1="${px(height)}" y2="${px(bottom)}"/><circle cx="${px(place)}" cy="${px(height)}" r="9"/>${text(place, height + 4, String(i + 1), 'middle')}</g>`;
  });
}

interface Row {
  readonly atMs: number;
  readonly lengthMs: number;
  readonly answered: number;
  readonly failed: number;
  readonly maxMs: number;
  /** Percentiles cannot be summed up. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

function summedUp(report: RunReport): Row[] {
  const perRow = Math.max(1, Math.ceil(report.timeline.length / MOST_ROWS));
  const rows: Row[] = [];
  for (let i = 0; i < report.timeline.length; i += perRow) {
    const windows = report.timeline.slice(i, i + perRow);
    const [first] = windows;
    if (first === undefined) continue;
    rows.push({
      atMs: first.atMs,
      lengthMs: Math.max(1, sum(windows.map((window) => lengthOf(report, window)))),
      answered: sum(windows.map(({ answered }) => answered)),
      failed: sum(windows.map(({ failed }) => failed)),
      maxMs: Math.max(...windows.map(({ maxMs }) => maxMs)),
      p50Ms: perRow === 1 ? first.p50Ms : undefined,
      p99Ms: perRow === 1 ? first.p99Ms : undefined,
    });
  }
  return rows;
}

/** The last window may be shorter. */
function lengthOf({ windowMs, durationMs }: RunReport, { atMs }: TimelineWindow): number {
  return Math.max(0, Math.min(windowMs, durationMs - atMs));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
