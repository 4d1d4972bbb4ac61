/** Short runs of the nemesis for the test command, on real processes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ClusterShape } from '../../src/bench/cluster/shape.js';
import { requireBuild } from '../support/dist.js';
import { kindsFor } from './faults.js';
import { describeFailure, describeReport, type RunReport } from './report.js';
import { runNemesis } from './run.js';

export const LIVE_TIMEOUT_MS = 180_000;

/** Fails, saying where the history and the logs are, unless the run passes. */
export async function expectToPass(shape: ClusterShape, seed: number, seconds: number): Promise<RunReport> {
  requireBuild();
  const folder = mkdtempSync(join(tmpdir(), 'dcache-nemesis-'));
  const args = {
    shape,
    seed,
    firstRound: 1,
    lengthMs: seconds * 1_000,
    kinds: kindsFor(shape.mode, shape.mode === 'raft'),
    network: 'proxies' as const,
    wholeBoundMs: 90_000,
    output: folder,
    trace: false,
  };
  const report = await runNemesis(args, folder, () => undefined);
  expect(report.verdict.type, `${describeReport(report)}\n${describeFailure(report, folder)}`).toBe('passed');
  rmSync(folder, { recursive: true });
  return report;
}

/** Faults of any kind. */
export function faultsIn(report: RunReport): number {
  return [...report.faults.values()].reduce((sum, count) => sum + count, 0);
}
