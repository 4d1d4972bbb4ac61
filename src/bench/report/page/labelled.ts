/** Runs and comparisons with the names that the page calls them by. */
import type { CompareReport } from '../compare-report.js';
import type { RunReport } from '../run-report.js';

export interface LabelledRun {
  /** A, B, C, ... in the order of the files. */
  readonly letter: string;
  /** Its number, for colours. */
  readonly series: number;
  readonly file: string;
  readonly report: RunReport;
}

export interface LabelledComparison {
  readonly letter: string;
  readonly file: string;
  readonly report: CompareReport;
}

/** "A: ecc RS(3,2), 5 nodes, ycsb-a, 64 clients" */
export function runName({ letter, report }: LabelledRun): string {
  return `${letter}: ${describeRun(report)}`;
}

export function describeRun({ target, workload, load }: RunReport): string {
  const code = target.k === undefined || target.m === undefined ? '' : ` RS(${target.k},${target.m})`;
  const how = load.type === 'closed' ? `${load.clients} clients` : `${load.perSecond} a second`;
  return `${target.mode}${code}, ${target.nodes} nodes, ${workload.name}, ${how}`;
}

/** "12.3 s" */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
