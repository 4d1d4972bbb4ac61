/** What a benchmark has shown, for people. */
import type { MemoryFigures, NodeSeries, OperationFigures, RunReport } from '../bench/report/run-report.js';
import { median } from '../bench/measure/statistics.js';
import { narrowTable, presentBytes, type Cell } from './tables.js';

export function runTables(report: RunReport): string {
  return [
    headline(report),
    operationsTables(report),
    nodesTable(report.nodes),
    memoryLines(report),
    ...faultLines(report),
    closingLines(report),
  ].join('\n\n');
}

function headline({ workload, load, target, durationMs }: RunReport): string {
  const how = load.type === 'closed' ? `${load.clients} clients, closed loop` : `${load.perSecond} a second, open loop`;
  const code = target.k === undefined ? '' : ` RS(${target.k},${target.m})`;
  return `${workload.name} (${workload.distribution}, ${workload.keys} keys, values of ${workload.valueBytes} bytes) for ${durationMs / 1000} s, ${how}, on ${target.mode}${code}, ${target.nodes} nodes`;
}

/** Two tables, so that each fits into 80 columns. */
function operationsTables({ byOperation, total }: RunReport): string {
  const kinds = Object.entries(byOperation);
  const rows: [string, OperationFigures][] = kinds.length > 1 ? [...kinds, ['all', total]] : kinds;
  const counts = rows.map(([type, { answered, perSecond, missing, failed }]): Cell[] => [
    type,
    answered,
    Math.round(perSecond),
    missing,
    failuresOf(failed),
  ]);
  const times = rows.map(([type, { latency }]): Cell[] => {
    const { meanMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = latency;
    return [type, ...[meanMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs].map((ms) => ms.toFixed(2))];
  });
  return [
    narrowTable(['operation', 'answered', 'a second', 'missing', 'failed'], counts),
    narrowTable(['latency, ms', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'longest'], times),
  ].join('\n\n');
}

/** "0", or "12 (OUTCOME_UNKNOWN 12)" */
function failuresOf(failed: Readonly<Record<string, number>>): string {
  const codes = Object.entries(failed);
  const count = codes.reduce((sum, [, of]) => sum + of, 0);
  return count === 0 ? '0' : `${count} (${codes.map(([code, of]) => `${code} ${of}`).join(', ')})`;
}

function nodesTable(nodes: readonly NodeSeries[]): string {
  const head = ['node', 'CPU, median', 'resident, most', 'store, last', 'sent/s, median', 'to nodes'];
  return narrowTable(
    head,
    nodes.map(({ nodeId, samples }) => {
      const of = (get: (sample: NodeSeries['samples'][number]) => number | null): number[] =>
        samples.map(get).filter((value) => value !== null);
      const cpus = of((sample) => sample.cpus);
      const resident = of((sample) => sample.residentBytes);
      const store = of((sample) => sample.storeBytes).at(-1);
      const sent = of((sample) => sample.sentPerSecond);
      const toNodes = of((sample) => sample.sentToNodesPerSecond);
      return [
        nodeId,
        cpus.length === 0 ? '-' : `${(median(cpus) * 100).toFixed(0)}%`,
        resident.length === 0 ? '-' : presentBytes(Math.max(...resident)),
        store === undefined ? '-' : presentBytes(store),
        sent.length === 0 ? '-' : presentBytes(Math.round(median(sent))),
        toNodes.length === 0 ? '-' : presentBytes(Math.round(median(toNodes))),
      ];
    }),
  );
}

function memoryLines({ memory, memoryAfter, target }: RunReport): string {
  const held = (when: string, figures: MemoryFigures): string => {
    const each = (bytes: number): string => (bytes / figures.entries).toFixed(0);
    return `${when} ${presentBytes(figures.storeBytes)} for ${figures.entries} entries, ${each(figures.storeBytes)} bytes each; the floor is ${each(figures.floorBytes)}, ${target.tolerates + 1} full copies would take ${each(figures.replicationBytes)}`;
  };
  return `${held('The stores hold', memory)}.\n${held('After the run,', memoryAfter)}.`;
}

function faultLines({ faults, recoveries, longestStallMs }: RunReport): string[] {
  if (faults.length === 0) return [];
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return [
    [
      ...faults.map(({ atMs, type, nodes }) => `${seconds(atMs)}: ${type} ${nodes.join('-')}`),
      ...recoveries.map(({ nodeId, restartedAtMs, wholeAtMs }) =>
        wholeAtMs === null
          ? `${nodeId}, restarted at ${seconds(restartedAtMs)}, did not hold everything again before the run was over`
          : `${seconds(wholeAtMs)}: whole again, ${seconds(wholeAtMs - restartedAtMs)} after the restart of ${nodeId}`,
      ),
      `Longest time without an answer: ${longestStallMs.toFixed(0)} ms`,
    ].join('\n'),
  ];
}

function closingLines({ machine, load, target }: RunReport): string {
  const shared = machine.sharedWithNodes ? ' Clients and nodes shared it.' : '';
  const corrected =
    load.type === 'open'
      ? ' Latencies count from when a request was due.'
      : ' Closed loop: clients wait while the cluster stalls, so stalls show less in the percentiles than users would feel; --rate shows them.';
  const proxied = target.proxied ? ' All traffic went through proxies for --cut, which costs time.' : '';
  return `${machine.cpus} processors (${machine.cpuModel}), Node ${machine.node}, load ${machine.loadAverage.toFixed(1)} at the beginning.${shared}${corrected}${proxied}`;
}
