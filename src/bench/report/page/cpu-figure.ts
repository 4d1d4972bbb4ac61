/** Processor time for an operation: of the nodes together, and of the process that sent the requests. */
import type { RunReport } from '../run-report.js';
import { axisBelow, bar, text, type Area } from './drawing.js';
import type { Drawing, Figure } from './figure.js';
import { runName, type LabelledRun } from './labelled.js';
import { amount, linearAxis } from './scales.js';

const ROW_HEIGHT = 60;
const BAR_HEIGHT = 26;
const NODES_SERIES = 0;
const DRIVER_SERIES = 4;

export interface CpuPerOperation {
  /** Microseconds; null when not known: nodes on other machines, or no answers. */
  readonly nodes: number | null;
  readonly driver: number | null;
}

export function cpuFigure(runs: readonly LabelledRun[]): Figure {
  const figures = runs.map((run) => ({ run, cpu: cpuPerOperation(run.report) }));
  return {
    id: 'cpu',
    title: 'Processor time for an operation',
    summary: `${figures.map(({ run, cpu }) => `${run.letter}: ${present(cpu.nodes)} µs in the nodes, ${present(cpu.driver)} µs in the client.`).join(' ')} Nodes use some processor time without any requests, which weighs more when there are few.`,
    legend: [
      { label: 'all nodes together', look: { type: 'bar', series: NODES_SERIES } },
      { label: 'the client that sent the requests', look: { type: 'bar', series: DRIVER_SERIES } },
    ],
    draw: (width) => drawBars(figures, width),
    table: {
      head: ['µs for an operation', 'all nodes', 'client', 'answers a second'],
      rows: figures.map(({ run, cpu }) => [
        runName(run),
        present(cpu.nodes),
        present(cpu.driver),
        amount(run.report.total.perSecond),
      ]),
    },
  };
}

/** By the mean of the processors that were busy, weighted by time, over the answers a second. */
export function cpuPerOperation({
  nodes,
  driver,
  total,
}: Pick<RunReport, 'nodes' | 'driver' | 'total'>): CpuPerOperation {
  const each = nodes.map(({ samples }) => busyProcessors(samples)).filter((busy) => busy !== null);
  const of = (busy: number | null): number | null =>
    busy === null || total.perSecond === 0 ? null : (busy / total.perSecond) * 1e6;
  return {
    nodes: of(each.length === 0 ? null : each.reduce((sum, busy) => sum + busy, 0)),
    driver: of(busyProcessors(driver.samples)),
  };
}

/** A sample without a figure, of a node that is down, counts as none busy. Null when no sample has one. */
function busyProcessors(samples: readonly { readonly atMs: number; readonly cpus: number | null }[]): number | null {
  const measured = samples.filter(({ atMs }) => atMs >= 0);
  const [first] = measured;
  const lengthMs = (measured.at(-1)?.atMs ?? 0) - (first?.atMs ?? 0);
  if (lengthMs <= 0 || measured.every(({ cpus }) => cpus === null)) return null;
  let busyMs = 0;
  measured.forEach(({ atMs, cpus }, i) => {
    const before = measured[i - 1];
    if (before !== undefined) busyMs += (cpus ?? 0) * (atMs - before.atMs);
  });
  return busyMs / lengthMs;
}

function drawBars(
  figures: readonly { readonly run: LabelledRun; readonly cpu: CpuPerOperation }[],
  width: number,
): Drawing {
  const area: Area = { left: 14, right: width - 24, top: 6, bottom: 10 + figures.length * ROW_HEIGHT };
  const most = Math.max(...figures.map(({ cpu }) => (cpu.nodes ?? 0) + (cpu.driver ?? 0)));
  const axis = linearAxis(most, area.left, area.right, width < 500 ? 3 : 6);
  const rows = figures.flatMap(({ run: { letter, report }, cpu }, row) => {
    const top = area.top + row * ROW_HEIGHT;
    const nodesEnd = axis.at(cpu.nodes ?? 0);
    const { mode, k, m } = report.target;
    return [
      text(
        area.left,
        top + 17,
        `${letter}: ${mode}${k === undefined ? '' : ` RS(${k},${m ?? 0})`}, ${report.workload.name}`,
      ),
      bar(area.left, top + 24, nodesEnd - area.left, BAR_HEIGHT, NODES_SERIES),
      bar(nodesEnd, top + 24, axis.at((cpu.nodes ?? 0) + (cpu.driver ?? 0)) - nodesEnd, BAR_HEIGHT, DRIVER_SERIES),
    ];
  });
  return { height: area.bottom + 46, body: [axisBelow(area, axis, 'µs for an operation'), ...rows] };
}

function present(microseconds: number | null): string {
  return microseconds === null ? 'not known' : amount(microseconds);
}
