import { Flags } from '@oclif/core';
import { fetchClusterReport } from '../../../adapters/grpc/cluster-client.js';
import type { ClusterReport } from '../../../adapters/grpc/backend.js';
import { assertNever } from '../../../base/assert.js';
import { askCluster } from '../../ask-cluster.js';
import { BaseCommand, connectionFlags, parseDuration } from '../../base-command.js';
import { SILENT, startProgress, type Progress } from '../../progress.js';
import { restartOne, restartOrder, type RestartEvent } from '../../rolling-restart.js';
import { presentTime } from '../../tables.js';

/** Of the bar of one node. */
const PERCENT = 100;

export default class ClusterRestart extends BaseCommand {
  static override summary = 'Restart nodes one at a time, without an interruption for clients';
  static override description =
    'Without names all nodes, the leader last. Each is restarted only when all others have everything that they should, and the next only when it has as well; refused when the cluster could not do without it. Nodes of `dcache cluster start` restart by themselves; of others it says what to do now, and waits. With --json one event a line.';
  static override examples = [
    '<%= config.bin %> cluster restart',
    '<%= config.bin %> cluster restart n3',
    '<%= config.bin %> cluster restart --json',
  ];
  static override strict = false;
  static override usage = 'cluster restart [NODE...]';
  static override flags = {
    ...connectionFlags,
    wait: Flags.string({
      description: 'how long to wait for each node to be back, like 90s or 10m',
      env: 'DCACHE_WAIT',
      default: '10m',
      helpValue: 'TIME',
    }),
  };

  private bar: Progress = SILENT;
  private showsBar = false;

  async run(): Promise<object> {
    const { argv, flags } = await this.parse(ClusterRestart);
    const waitMs = parseDuration('wait', flags.wait);
    const first = await askCluster(flags, fetchClusterReport);
    const endpoints = [flags.endpoints, ...first.nodes.map(({ clientAddress }) => clientAddress)].join(',');
    const fetchReport = (timeoutMs: number): Promise<ClusterReport> =>
      askCluster({ endpoints, timeout: `${timeoutMs}ms` }, fetchClusterReport);
    const startedAtMs = performance.now();
    const restarted = restartOrder(first, argv.map(String));
    try {
      for (const nodeId of restarted) {
        await this.startBar();
        await restartOne(nodeId, { fetchReport, waitMs, tell: (event) => this.tell(event) });
        this.bar.stop();
      }
    } finally {
      this.bar.stop();
    }
    const elapsedMs = Math.round(performance.now() - startedAtMs);
    this.log(`restarted ${restarted.join(', ')} in ${presentTime(elapsedMs)}`);
    return { event: 'done', restarted, elapsedMs };
  }

  /** One event a line, the last one as well. */
  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json)}\n`);
  }

  private async startBar(): Promise<void> {
    this.showsBar = process.stderr.isTTY && !this.jsonEnabled();
    this.bar = await startProgress(PERCENT, this.showsBar);
  }

  private tell(event: RestartEvent): void {
    if (this.jsonEnabled()) return this.logJson(event);
    const text = describe(event);
    this.bar.update(percentOf(event), text);
    const isLine = event.event === 'back' || event.event === 'restart-it-now';
    if (isLine || !this.showsBar) this.log(text);
  }
}

/** Where a node is on its way, by how long the parts of it take. */
function percentOf(event: RestartEvent): number {
  switch (event.event) {
    case 'waiting':
      return 0;
    case 'restarting':
    case 'restart-it-now':
      return 5;
    case 'left':
      return 20;
    case 'returning':
      return 40 + (60 * event.done) / event.total;
    case 'back':
      return PERCENT;
    default:
      return assertNever(event, 'restart event');
  }
}

function describe(event: RestartEvent): string {
  const { node } = event;
  switch (event.event) {
    case 'waiting':
      return `${node}: waiting, ${event.reason}`;
    case 'restarting':
      return `${node}: leaves`;
    case 'restart-it-now':
      return `${node}: nobody would start it again, so restart it now:\n    ${event.commands.join('\n    ')}`;
    case 'left':
      return `${node}: has left after ${event.elapsedMs} ms, starts`;
    case 'returning':
      return `${node}: is up, ${event.done} of ${event.total} steps back in sync`;
    case 'back':
      return `${node}: is back, after ${(event.elapsedMs / 1000).toFixed(1)} s`;
    default:
      return assertNever(event, 'restart event');
  }
}
