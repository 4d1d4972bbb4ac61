/**
 * Reports as one page of HTML that stands alone: nothing is loaded, nothing runs. What it must not do, even if something in a report found
 * its way around the escaping, its content policy forbids.
 */
import type { CompareReport } from '../compare-report.js';
import type { BenchReport } from '../read-report.js';
import { COMPARE_SCHEMA } from '../compare-report.js';
import { RUN_SCHEMA, type RunReport } from '../run-report.js';
import { renderComparison } from './compare-figures.js';
import { cpuFigure } from './cpu-figure.js';
import { renderFigure, renderTable } from './figure.js';
import type { LabelledComparison, LabelledRun } from './labelled.js';
import { describeRun, seconds } from './labelled.js';
import { latencyFigure } from './latency-figure.js';
import { markup, type Markup } from './markup.js';
import { memoryFigure } from './memory-figure.js';
import { recoveryFigure } from './recovery-figure.js';
import { amount } from './scales.js';
import { STYLE } from './style.js';
import { throughputFigure } from './throughput-figure.js';

/** Lines of more cannot be told apart, and letters end. */
export const MAX_REPORTS = 16;

export interface ReportFile {
  readonly file: string;
  readonly report: BenchReport;
}

/** @param files at least one, at most MAX_REPORTS. */
export function renderPage(files: readonly ReportFile[]): string {
  const runs: LabelledRun[] = [];
  const comparisons: LabelledComparison[] = [];
  files.forEach(({ file, report }, i) => {
    const letter = String.fromCharCode('A'.charCodeAt(0) + i);
    if (report.schema === RUN_SCHEMA) runs.push({ letter, series: runs.length, file, report });
    else comparisons.push({ letter, file, report });
  });
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>dcache benchmark report</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>dcache benchmark report</h1>
${sharedNote(files)}
${runs.length === 0 ? undefined : renderRuns(runs)}
${comparisons.map(renderComparison)}
${renderOrigins(files)}
</main>
</body>
</html>
`;
  return page.text;
}

function renderRuns(runs: readonly LabelledRun[]): Markup {
  return markup`<section><h2>Runs</h2>
${renderFigure(memoryFigure(runs))}${renderFigure(latencyFigure(runs))}${runs.map((run) => renderFigure(throughputFigure(run)))}${runs
    .filter(({ report }) => report.faults.length > 0)
    .map((run) => renderFigure(recoveryFigure(run)))}${renderFigure(cpuFigure(runs))}</section>
`;
}

/** What weighs most when somebody reads the figures. */
function sharedNote(files: readonly ReportFile[]): Markup {
  const shared = files.filter(({ report }) => report.machine.sharedWithNodes).length;
  const which = shared === files.length ? '' : ` in ${shared} of the ${files.length} reports`;
  const words =
    shared === 0
      ? 'Clients and servers ran on machines of their own.'
      : `Clients and servers shared one machine${which}: they took processor time from each other. Compare the figures with each other, not with those of other machines.`;
  return markup`<p class="note">${words}</p>`;
}

function renderOrigins(files: readonly ReportFile[]): Markup {
  const rows = files.map(({ file, report }, i) => {
    const { machine, workload } = report;
    const letter = String.fromCharCode('A'.charCodeAt(0) + i);
    const cells = [
      whatOf(report),
      report.startedAt,
      `${machine.cpus} × ${machine.cpuModel}, ${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB, ${machine.platform}`,
      machine.loadAverage.toFixed(1),
      machine.sharedWithNodes ? 'yes' : 'no',
      versionsOf(report),
      `${workload.name}: ${Object.entries(workload.mix)
        .map(([type, percent]) => `${percent}% ${type}`)
        .join(
          ', ',
        )}, ${workload.distribution}, ${amount(workload.keys)} keys of ${workload.keyBytes} bytes, values of ${amount(workload.valueBytes)}, seed ${workload.seed}`,
    ];
    return [
      `${letter}: ${file}`,
      ...cells.map((cell) => markup`<span class="words">${cell}</span>`),
      markup`<code class="words">dcache ${report.command}</code>`,
    ];
  });
  const head = [
    'report',
    'what',
    'began (UTC)',
    'machine',
    'load at the beginning',
    'shared by clients and servers',
    'versions',
    'workload',
    'command',
  ];
  return markup`<section class="origins"><h2>Where the figures come from</h2>${renderTable({ head, rows }, 'Where the figures come from')}</section>`;
}

function whatOf(report: BenchReport): string {
  return report.schema === COMPARE_SCHEMA ? `comparison of ${report.systems.length} systems` : whatRun(report);
}

function whatRun(report: RunReport): string {
  const proxied = report.target.proxied ? ', through proxies for --cut, which costs time' : '';
  return `${describeRun(report)}, ${seconds(report.durationMs)} after ${seconds(report.warmUpMs)} of warm-up${proxied}`;
}

function versionsOf(report: RunReport | CompareReport): string {
  const others = report.schema === COMPARE_SCHEMA ? [...new Set(report.systems.map(({ version }) => version))] : [];
  return [`dcache ${report.dcacheVersion}`, `Node ${report.machine.node}`, ...others].join('; ');
}
