/** A comparison of systems: medians with their spread, memory beside what it tolerates, and ratios where the rounds allow them. */
import { spreadOf } from '../../measure/statistics.js';
import type { ComparedRound, ComparedSystem, CompareReport } from '../compare-report.js';
import { RATIO_COLUMNS, ratioRows } from '../ratios.js';
import { axisBelow, bar, mark, px, text, type Area } from './drawing.js';
import { renderFigure, renderTable, type Drawing, type Figure } from './figure.js';
import type { LabelledComparison } from './labelled.js';
import { markup, type Markup } from './markup.js';
import { amount, linearAxis } from './scales.js';

const ROW_HEIGHT = 46;
const BAR_HEIGHT = 14;

export function renderComparison(comparison: LabelledComparison): Markup {
  const { letter, report } = comparison;
  const { workload, clients, systems, roundMs, rule } = report;
  const rounds = systems[0]?.rounds.length ?? 0;
  const reference = systems[0]?.name ?? '';
  return markup`<section><h2>${letter}: systems compared, ${workload.name}</h2>
<p>${amount(workload.keys)} keys, values of ${amount(workload.valueBytes)} bytes, ${clients} clients, closed loop; ${rounds} rounds of ${roundMs / 1000} s each, taking turns.</p>
<h3>${reference} to the others</h3>
<p>Ratios of medians: above 1, ${reference} has more. ${rule} Memory is compared only with what tolerates as many failures.</p>
${renderTable({ head: [`${reference} :`, ...RATIO_COLUMNS], rows: ratioRows(report) }, `Ratios, ${letter}`)}
<div class="grid">${figuresOf(comparison).map(renderFigure)}</div></section>
`;
}

function figuresOf({ letter, report }: LabelledComparison): Figure[] {
  return [
    memoryFigure(letter, report),
    spreadFigure(letter, report, 'throughput', 'Throughput', 'answers a second', ({ perSecond }) => perSecond),
    spreadFigure(letter, report, 'p50', 'Median latency', 'ms', ({ p50Ms }) => p50Ms),
    spreadFigure(letter, report, 'p99', '99th percentile of latency', 'ms', ({ p99Ms }) => p99Ms),
    spreadFigure(
      letter,
      report,
      'cpu',
      'Processor time for an operation, servers only',
      'µs',
      ({ cpuMicrosPerOperation }) => cpuMicrosPerOperation,
    ),
  ];
}

function memoryFigure(letter: string, { systems }: CompareReport): Figure {
  const tolerance = ({ tolerates }: ComparedSystem): string => (tolerates === 0 ? 'none' : String(tolerates));
  return {
    id: `bytes${letter}`,
    title: 'Memory for an entry',
    summary: `All processes together, by each system's own accounting. How many failures each tolerates is in brackets.`,
    size: 'small',
    draw: (width) =>
      drawRows(
        systems.map((system) => ({ name: `${system.name} (${tolerance(system)})`, most: system.bytesPerEntry })),
        'bytes for an entry',
        width,
        (at, top, i) => bar(at(0), top, at(systems[i]?.bytesPerEntry ?? 0) - at(0), BAR_HEIGHT, 0),
      ),
    table: {
      head: ['system', 'tolerates', 'processes', 'bytes for an entry', 'resident growth'],
      rows: systems.map((system) => [
        system.name,
        tolerance(system),
        system.processes,
        amount(system.bytesPerEntry),
        amount(system.residentGrowthPerEntry),
      ]),
    },
  };
}

function spreadFigure(
  letter: string,
  { systems }: CompareReport,
  id: string,
  title: string,
  unit: string,
  of: (round: ComparedRound) => number,
): Figure {
  const spreads = systems.map(({ name, rounds }) => ({ name, ...spreadOf(rounds.map(of)) }));
  return {
    id: `${id}${letter}`,
    title,
    summary: 'Median of the rounds; the line goes from the least to the most of them.',
    size: 'small',
    draw: (width) =>
      drawRows(spreads, unit, width, (at, top, i) => {
        const spread = spreads[i];
        if (spread === undefined) return markup``;
        const y = top + BAR_HEIGHT / 2;
        return markup`<line class="spread" x1="${px(at(spread.least))}" x2="${px(at(spread.most))}" y1="${px(y)}" y2="${px(y)}"/>${mark(at(spread.median), y, 0)}`;
      }),
    table: {
      head: ['system', `median ${unit}`, 'least', 'most'],
      rows: spreads.map(({ name, median, least, most }) => [name, ...[median, least, most].map(amount)]),
    },
  };
}

/** A row for each system: its name, below it what `draw` makes of it. */
function drawRows(
  rows: readonly { readonly name: string; readonly most: number }[],
  unit: string,
  width: number,
  draw: (at: (value: number) => number, top: number, row: number) => Markup,
): Drawing {
  const area: Area = { left: 14, right: width - 26, top: 4, bottom: 8 + rows.length * ROW_HEIGHT };
  const axis = linearAxis(Math.max(0, ...rows.map(({ most }) => most)), area.left, area.right, 3);
  return {
    height: area.bottom + 46,
    body: [
      axisBelow(area, axis, unit),
      ...rows.flatMap(({ name }, row) => {
        const top = area.top + row * ROW_HEIGHT;
        return [text(area.left, top + 17, name), draw(axis.at, top + 25, row)];
      }),
    ],
  };
}
