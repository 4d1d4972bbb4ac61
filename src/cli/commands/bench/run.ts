import { Flags } from '@oclif/core';
import { DcacheError } from '../../../base/errors.js';
import { resolveShape, type ClusterShape } from '../../../bench/cluster/shape.js';
import { checkReportFile, writeReportFile } from '../../../bench/run/report-file.js';
import type { RunReport } from '../../../bench/report/run-report.js';
import type { RunPlan } from '../../../bench/run/run-benchmark.js';
import { describeStep, planFaults, type FaultStep } from '../../../bench/workload/fault-schedule.js';
import { BaseCommand, connectionFlags, parseDuration, splitEndpoints } from '../../base-command.js';
import { clientsFlag, loadOf, workloadFlags, workloadOf } from '../../bench-flags.js';
import { runTables } from '../../bench-tables.js';
import { codeFlags } from '../../node-flags.js';
import { progressMaker, type Progress } from '../../progress.js';

const DEFAULT_WINDOW_MS = 1_000;
const LEAST_WINDOW_MS = 100;

const faultFlag = (description: string, helpValue: string) =>
  Flags.string({ description, helpValue, multiple: true, multipleNonGreedy: true, default: () => Promise.resolve([]) });

export default class BenchRun extends BaseCommand {
  static override summary = 'Measure a cluster under a workload, with faults on schedule if you like';
  static override description =
    'Against a running cluster, whose other keys are left alone, or with --spawn against one that is started for it and removed afterwards. Loads the keys, warms up, measures. --output keeps everything that was seen as JSON, for programs and for `bench report`.';
  static override examples = [
    '<%= config.bin %> bench run --workload ycsb-b --clients 128',
    '<%= config.bin %> bench run --spawn ecc --k 3 --m 2 --workload forerunner-a --output ecc.json',
    '<%= config.bin %> bench run --spawn ecc --rate 5000 --duration 30s --kill n2@10s --restart n2@15s',
    '<%= config.bin %> bench run --spawn raft --nodes 3 --pause n3@5s+3s --cut n1-n2@10s+4s',
  ];
  static override flags = {
    ...workloadFlags,
    ...connectionFlags,
    spawn: Flags.string({
      description: 'start a cluster of this mode for the run, on free ports of this machine',
      env: 'DCACHE_SPAWN',
      helpValue: 'ecc|raft',
    }),
    nodes: Flags.integer({ description: 'with --spawn: its number of nodes', env: 'DCACHE_NODES' }),
    ...codeFlags,
    ...clientsFlag,
    rate: Flags.integer({
      description:
        'open loop: so many requests a second whatever becomes of them; latencies count from when each was due',
      env: 'DCACHE_RATE',
      helpValue: 'PER-SECOND',
    }),
    duration: Flags.string({
      description: 'of the measured part',
      env: 'DCACHE_DURATION',
      default: '30s',
      helpValue: 'TIME',
    }),
    'warm-up': Flags.string({
      description: 'load before that, which does not count',
      env: 'DCACHE_WARM_UP',
      default: '5s',
      helpValue: 'TIME',
    }),
    window: Flags.string({
      description: 'figures over time are told for parts of this length [default: 1s]',
      env: 'DCACHE_WINDOW',
      helpValue: 'TIME',
    }),
    kill: faultFlag('with --spawn: end a node with kill -9; again for more', 'NODE@TIME'),
    restart: faultFlag('with --spawn: start a killed node again', 'NODE@TIME'),
    pause: faultFlag('with --spawn: stop a node for a while, as if its machine hung', 'NODE@TIME+TIME'),
    cut: faultFlag('with --spawn: cut the network between two nodes for a while', 'NODE-NODE@TIME+TIME'),
    output: Flags.string({
      char: 'o',
      description: 'write the report to this file',
      env: 'DCACHE_OUTPUT',
      helpValue: 'FILE',
    }),
    keep: Flags.boolean({ description: 'leave the keys in a running cluster', env: 'DCACHE_KEEP' }),
  };

  async run(): Promise<RunReport> {
    const { flags } = await this.parse(BenchRun);
    if (flags.spawn !== undefined && this.argv.some(isEndpoints))
      throw new DcacheError('INVALID_ARGUMENT', '--endpoints and --spawn exclude each other');
    const shape = this.shapeOf(flags);
    const durationMs = parseDuration('duration', flags.duration);
    const windowMs =
      flags.window === undefined ? Math.min(DEFAULT_WINDOW_MS, durationMs) : parseDuration('window', flags.window);
    if (durationMs < LEAST_WINDOW_MS)
      throw new DcacheError(
        'INVALID_ARGUMENT',
        `--duration is ${durationMs} ms; it must be at least ${LEAST_WINDOW_MS} ms`,
      );
    if (windowMs < LEAST_WINDOW_MS || windowMs > durationMs)
      throw new DcacheError(
        'INVALID_ARGUMENT',
        `--window is ${windowMs} ms; it must be from ${LEAST_WINDOW_MS} ms to --duration, ${durationMs} ms`,
      );
    const plan: RunPlan = {
      workload: workloadOf(flags),
      load: loadOf(flags),
      warmUpMs: parseDuration('warm-up', flags['warm-up']),
      durationMs,
      windowMs,
      timeoutMs: parseDuration('timeout', flags.timeout),
      seed: flags.seed,
      faults: this.faultsOf(flags, shape, durationMs),
      keep: flags.keep,
      command: this.argv.length === 0 ? 'bench run' : `bench run ${this.argv.join(' ')}`,
      dcacheVersion: this.config.version,
    };
    if (flags.output !== undefined) checkReportFile(flags.output);
    const report = await this.measure(shape, splitEndpoints(flags.endpoints), plan);
    this.log(runTables(report));
    if (flags.output !== undefined) {
      writeReportFile(flags.output, report);
      this.log(`\nThe report is in ${flags.output}`);
    }
    return report;
  }

  /** Undefined for a running cluster. */
  private shapeOf(flags: {
    readonly spawn?: string | undefined;
    readonly nodes?: number | undefined;
    readonly k?: number | undefined;
    readonly m?: number | undefined;
  }): ClusterShape | undefined {
    if (flags.spawn !== undefined)
      return resolveShape({ mode: flags.spawn, nodes: flags.nodes, k: flags.k, m: flags.m });
    for (const flag of ['nodes', 'k', 'm'] as const) {
      if (flags[flag] !== undefined)
        throw new DcacheError(
          'INVALID_ARGUMENT',
          `--${flag} is for a cluster that is started for the run; add --spawn`,
        );
    }
    return undefined;
  }

  private faultsOf(
    flags: { readonly kill: string[]; readonly restart: string[]; readonly pause: string[]; readonly cut: string[] },
    shape: ClusterShape | undefined,
    durationMs: number,
  ): FaultStep[] {
    const given = (['kill', 'restart', 'pause', 'cut'] as const).find((flag) => flags[flag].length > 0);
    if (given !== undefined && shape === undefined)
      throw new DcacheError(
        'INVALID_ARGUMENT',
        `--${given} is for nodes that this command has started, and it starts none; add --spawn`,
      );
    return planFaults(
      flags,
      Array.from({ length: shape?.nodes ?? 0 }, (_, i) => `n${i + 1}`),
      durationMs,
    );
  }

  /** The parts that carry it out are loaded when they are needed: `dcache kv get` does without. */
  private async measure(
    shape: ClusterShape | undefined,
    endpoints: readonly string[],
    plan: RunPlan,
  ): Promise<RunReport> {
    const { untilStopped } = await import('../../../bench/run/stop-signals.js');
    const { spawnTarget, runningTarget } = await import('../../../bench/run/run-target.js');
    const { runBenchmark } = await import('../../../bench/run/run-benchmark.js');
    const shown = !this.jsonEnabled();
    const narrate = (line: string): void => void (shown && process.stderr.write(`${line}\n`));
    return untilStopped(async (signal) => {
      const proxied = plan.faults.some(({ type }) => type === 'cut');
      if (shape !== undefined) narrate(`starting ${shape.nodes} nodes`);
      const target =
        shape === undefined ? await runningTarget(endpoints) : await spawnTarget(shape, { proxied, signal });
      const progress = new PhaseProgress(shown, await progressMaker(shown));
      try {
        return await runBenchmark(
          target,
          plan,
          {
            onProgress: (...at) => progress.update(...at),
            onFault: (step) => progress.say(`${(step.atMs / 1000).toFixed(1)} s: ${describeStep(step)}`),
            onWhole: ({ nodeId, restartedAtMs, wholeAtMs }) =>
              progress.say(
                `${((wholeAtMs ?? 0) / 1000).toFixed(1)} s: all is whole again, ${(((wholeAtMs ?? 0) - restartedAtMs) / 1000).toFixed(1)} s after the restart of ${nodeId}`,
              ),
          },
          signal,
        );
      } finally {
        progress.stop();
        await target.stop();
      }
    });
  }
}

/** The bar of the phase that a run is in, on a terminal; elsewhere only lines for what happens. */
class PhaseProgress {
  private readonly shown: boolean;
  private readonly start: (total: number) => Progress;
  private phase: string | undefined;
  private bar: Progress | undefined;
  private readonly happened: string[] = [];

  constructor(shown: boolean, start: (total: number) => Progress) {
    this.shown = shown;
    this.start = start;
  }

  update(phase: 'load' | 'measure', done: number, total: number, note: string): void {
    if (phase !== this.phase) {
      this.phase = phase;
      this.bar?.stop();
      if (this.shown) process.stderr.write(phase === 'load' ? `loading ${total} keys\n` : `measuring\n`);
      this.bar = this.start(total);
    }
    const last = this.happened.at(-1);
    this.bar?.update(done, last === undefined ? note : `${note} | ${last}`);
  }

  say(line: string): void {
    this.happened.push(line);
    if (this.shown && !process.stderr.isTTY) process.stderr.write(`${line}\n`);
  }

  stop(): void {
    this.phase = undefined;
    this.bar?.stop();
  }
}

const isEndpoints = (arg: string): boolean => arg === '-e' || /^--endpoints(=|$)/.test(arg);
