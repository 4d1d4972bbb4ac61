/** What a cluster holds for the entries of a benchmark, beside what it could not do without. */
import type { ClusterReport } from '../../adapters/grpc/backend.js';
import { residentBytesOf } from '../measure/proc.js';
import type { MemoryFigures, TargetDescription } from '../report/run-report.js';
import { KEY_BYTES } from '../workload/entries.js';
import { pause } from './stop-signals.js';
import type { RunTarget } from './run-target.js';

/** Bytes that only wait to be applied everywhere are not what a cluster holds for its entries. */
const SETTLED_POLLS = 2;
const POLL_MS = 300;
const SETTLE_DEADLINE_MS = 15_000;

/**
 * What is held once it stays the same, or after 15 s.
 * @param base held before the entries were loaded, by other entries; undefined when there are no others.
 */
export async function settledMemory(
  target: RunTarget,
  { entries, valueBytes }: { readonly entries: number; readonly valueBytes: number },
  base: ClusterReport | undefined,
  signal: AbortSignal,
): Promise<MemoryFigures> {
  const deadlineMs = performance.now() + SETTLE_DEADLINE_MS;
  let report = await target.report();
  for (let same = 0; same < SETTLED_POLLS && performance.now() < deadlineMs;) {
    await pause(POLL_MS, signal);
    const next = await target.report();
    same = next !== undefined && report !== undefined && bytesOf(next) === bytesOf(report) ? same + 1 : 0;
    report = next ?? report;
  }
  const pids = [...target.pids(report).values()];
  const payloadBytes = entries * (KEY_BYTES + valueBytes);
  return {
    entries,
    payloadBytes,
    ...boundsOf(target.description, payloadBytes),
    storeBytes: bytesOf(report) - bytesOf(base),
    storeBytesFor: bytesForOf(report, base),
    residentBytes: pids.length === 0 ? null : residentBytesOf(pids),
  };
}

function boundsOf(
  { mode, nodes, k, m, tolerates }: TargetDescription,
  payloadBytes: number,
): Pick<MemoryFigures, 'floorBytes' | 'replicationBytes'> {
  const copies = mode === 'ecc' && k !== undefined && m !== undefined ? (k + m) / k : nodes;
  return { floorBytes: copies * payloadBytes, replicationBytes: (tolerates + 1) * payloadBytes };
}

function bytesOf(report: ClusterReport | undefined): number {
  return (report?.nodes ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
}

function bytesForOf(report: ClusterReport | undefined, base: ClusterReport | undefined): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = (nodes: ClusterReport['nodes'], sign: 1 | -1): void => {
    for (const { bytesFor } of nodes)
      for (const [what, bytes] of Object.entries(bytesFor)) sums[what] = (sums[what] ?? 0) + sign * bytes;
  };
  add(report?.nodes ?? [], 1);
  add(base?.nodes ?? [], -1);
  return sums;
}
