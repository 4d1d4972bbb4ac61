import { Flags } from '@oclif/core';
import { DcacheError } from '../../../base/errors.js';
import { resolveShape } from '../../../bench/cluster/shape.js';
import { parseSystems, SYSTEMS, type SystemName } from '../../../bench/compare/systems.js';
import { MIN_ROUNDS } from '../../../bench/measure/statistics.js';
import type { CompareReport } from '../../../bench/report/compare-report.js';
import { checkReportFile, writeReportFile } from '../../../bench/run/report-file.js';
import { BaseCommand, parseDuration } from '../../base-command.js';
import { clientsFlag, DEFAULT_CLIENTS, inRange, MAX_CLIENTS, workloadFlags, workloadOf } from '../../bench-flags.js';
import { compareTables } from '../../compare-table.js';
import { codeFlags } from '../../node-flags.js';
import { startProgress } from '../../progress.js';

const LEAST_ROUND_MS = 100;

export default class BenchCompare extends BaseCommand {
  static override summary = 'Compare both modes with Redis, memcached and etcd, whichever are installed';
  static override description =
    'Starts each of them on free ports of this machine, in temporary folders, loads the same keys, and lets them take turns under the same workload. Prints medians with their spread, and ratios where the rounds allow any. All systems bear m failures where they can: ecc mode is RS(k, m), raft mode and etcd have 2m + 1 nodes, Redis has m replicas and WAIT m.';
  static override examples = [
    '<%= config.bin %> bench compare',
    '<%= config.bin %> bench compare --workload ycsb-b --keys 50000 --rounds 7 --output compare.json',
    '<%= config.bin %> bench compare --only ecc,redis-wait --k 2 --m 1',
  ];
  static override flags = {
    ...workloadFlags,
    ...clientsFlag,
    ...codeFlags,
    rounds: Flags.integer({
      description: `of each system; no ratio is told with fewer than ${MIN_ROUNDS}`,
      env: 'DCACHE_ROUNDS',
      default: MIN_ROUNDS,
    }),
    round: Flags.string({ description: 'length of one', env: 'DCACHE_ROUND', default: '3s', helpValue: 'TIME' }),
    only: Flags.string({
      description: `some of the systems: ${SYSTEMS.join(', ')}`,
      env: 'DCACHE_ONLY',
      helpValue: 'SYSTEM,...',
    }),
    output: Flags.string({
      char: 'o',
      description: 'write the report to this file',
      env: 'DCACHE_OUTPUT',
      helpValue: 'FILE',
    }),
  };

  async run(): Promise<CompareReport> {
    const { flags } = await this.parse(BenchCompare);
    const { code } = resolveShape({ mode: 'ecc', k: flags.k, m: flags.m });
    if (code === undefined) throw new DcacheError('INTERNAL', 'ecc mode has a code');
    const roundMs = parseDuration('round', flags.round);
    if (roundMs < LEAST_ROUND_MS)
      throw new DcacheError('INVALID_ARGUMENT', `--round is ${flags.round}; it must be at least ${LEAST_ROUND_MS} ms`);
    const given = {
      workload: workloadOf(flags),
      ...code,
      clients: inRange('clients', flags.clients ?? DEFAULT_CLIENTS, 1, MAX_CLIENTS),
      rounds: inRange('rounds', flags.rounds, 1, 1_000),
      roundMs,
      seed: flags.seed,
      command: ['bench compare', ...this.argv].join(' '),
      dcacheVersion: this.config.version,
    };
    if (flags.output !== undefined) checkReportFile(flags.output);
    const { untilStopped } = await import('../../../bench/run/stop-signals.js');
    const { compare } = await import('../../../bench/compare/compare.js');
    const systems = await this.installed(flags.only);
    const shown = !this.jsonEnabled();
    const progress = await startProgress(given.rounds * systems.length, shown);
    const events = {
      say: (line: string) => void (shown && process.stderr.write(`${line}\n`)),
      onProgress: (done: number, _: number, note: string) => progress.update(done, note),
    };
    const report = await untilStopped((signal) => compare({ ...given, systems }, events, signal)).finally(() =>
      progress.stop(),
    );
    this.log(compareTables(report));
    if (flags.output !== undefined) {
      writeReportFile(flags.output, report);
      this.log(`\nThe report is in ${flags.output}`);
    }
    return report;
  }

  /** What was named has to be there; what was not is left out, and said so. */
  private async installed(only: string | undefined): Promise<SystemName[]> {
    const { notInstalled } = await import('../../../bench/compare/compare.js');
    const wanted = only === undefined ? [...SYSTEMS] : parseSystems(only);
    const missing = notInstalled(wanted);
    if (missing.length > 0 && only !== undefined)
      throw new DcacheError(
        'INVALID_ARGUMENT',
        `not installed here: ${missing.join(', ')}; install what is missing, or leave it out of --only`,
      );
    if (missing.length > 0 && !this.jsonEnabled())
      process.stderr.write(`not installed here, and left out: ${missing.join(', ')}\n`);
    return wanted.filter((name) => !missing.includes(name));
  }
}
