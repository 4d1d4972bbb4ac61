/** A comparison for people: figures with their spread, and ratios where the rounds allow them. */
import { spreadOf } from '../bench/measure/statistics.js';
import type { ComparedRound, ComparedSystem, CompareReport } from '../bench/report/compare-report.js';
import { RATIO_COLUMNS, ratioRows } from '../bench/report/ratios.js';
import { narrowTable, type Cell } from './tables.js';

export function compareTables(report: CompareReport): string {
  return [headline(report), figuresTables(report), ratiosTable(report), notes(report)].join('\n\n');
}

function headline({ workload, clients, systems, roundMs }: CompareReport): string {
  const rounds = systems[0]?.rounds.length ?? 0;
  return `${workload.name} (${workload.keys} keys, values of ${workload.valueBytes} bytes), ${clients} clients, closed loop; ${rounds} rounds of ${roundMs / 1000} s each, taking turns. Medians, least and most in brackets:`;
}

/** Three tables, so that each fits into 80 columns. */
function figuresTables({ systems }: CompareReport): string {
  const rows = (cells: (system: ComparedSystem) => readonly Cell[]): Cell[][] =>
    systems.map((system) => [system.name, ...cells(system)]);
  return [
    narrowTable(
      ['system', 'a second', 'CPU µs each'],
      rows(({ rounds }) => [
        spread(rounds, ({ perSecond }) => perSecond, 0),
        spread(rounds, ({ cpuMicrosPerOperation }) => cpuMicrosPerOperation, 0),
      ]),
    ),
    narrowTable(
      ['system', 'p50 ms', 'p99 ms'],
      rows(({ rounds }) => [spread(rounds, ({ p50Ms }) => p50Ms, 2), spread(rounds, ({ p99Ms }) => p99Ms, 2)]),
    ),
    narrowTable(
      ['system', 'tolerates', 'processes', 'bytes an entry', 'resident'],
      rows(({ tolerates, processes, bytesPerEntry, residentGrowthPerEntry }) => [
        tolerates === 0 ? 'none' : tolerates,
        processes,
        bytesPerEntry.toFixed(0),
        residentGrowthPerEntry.toFixed(0),
      ]),
    ),
  ].join('\n\n');
}

function spread(rounds: readonly ComparedRound[], of: (round: ComparedRound) => number, digits: number): string {
  const { median, least, most } = spreadOf(rounds.map(of));
  return `${median.toFixed(digits)} [${least.toFixed(digits)}, ${most.toFixed(digits)}]`;
}

/** Of the first system to each other one. */
function ratiosTable(report: CompareReport): string {
  const [first] = report.systems;
  return first === undefined ? '' : narrowTable([`${first.name} :`, ...RATIO_COLUMNS], ratioRows(report));
}

function notes({ machine, rule, systems }: CompareReport): string {
  const versions = [...new Set(systems.map(({ version }) => version))].join('; ');
  return [
    rule,
    'Tolerates: nodes that may fail at once without a loss of acknowledged writes. memcached and Redis alone keep one copy; Redis with replicas does not fail over by itself. dcache in ecc mode and Redis keep everything in memory, raft mode and etcd flush every write to the disks of a majority.',
    "Bytes an entry: all processes together, by each system's own accounting after loading (memcached: items without the gaps of its slabs; etcd: pages of its databases). Resident: by how much the processes grew meanwhile.",
    `Clients and all systems shared ${machine.cpus} processors (${machine.cpuModel}), load ${machine.loadAverage.toFixed(1)} at the beginning, Node ${machine.node}. ${versions}.`,
  ].join('\n');
}
