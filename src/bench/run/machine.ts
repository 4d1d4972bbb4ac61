/** Where a benchmark was run, for whoever reads its figures later. */
import { cpus, loadavg, totalmem } from 'node:os';
import type { Machine } from '../report/run-report.js';

export function describeMachine(sharedWithNodes: boolean): Machine {
  return {
    cpus: cpus().length,
    cpuModel: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    loadAverage: loadavg()[0] ?? 0,
    sharedWithNodes,
  };
}
