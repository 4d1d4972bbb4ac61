import { Flags } from '@oclif/core';
import { fetchClusterReport } from '../../../adapters/grpc/cluster-client.js';
import { asDcacheError, EXIT_DATA } from '../../../base/errors.js';
import { askCluster } from '../../ask-cluster.js';
import { BaseCommand, connectionFlags } from '../../base-command.js';
import { tellsOfLoss } from '../../ecc-status.js';
import { statusTable } from '../../status-table.js';

const WATCH_MS = 1_000;
/** Clears the screen and puts the cursor in its corner. */
const CLEAR = '\u001b[2J\u001b[H';

export default class ClusterStatus extends BaseCommand {
  static override summary = 'Show the nodes of a cluster and whether it serves';
  static override description =
    'With --watch again every second, until Ctrl-C; with --json one report a line. Exit code 6 while a group is lost, or a declared loss is not acknowledged.';
  static override examples = [
    '<%= config.bin %> cluster status',
    '<%= config.bin %> cluster status --watch',
    '<%= config.bin %> cluster status --json',
  ];
  static override flags = {
    ...connectionFlags,
    watch: Flags.boolean({ char: 'w', description: 'show it again every second', env: 'DCACHE_WATCH' }),
  };

  async run(): Promise<object | undefined> {
    const { flags } = await this.parse(ClusterStatus);
    if (flags.watch) return this.watch(flags);
    const report = await askCluster(flags, fetchClusterReport);
    this.log(statusTable(report));
    if (tellsOfLoss(report)) process.exitCode = EXIT_DATA;
    return report;
  }

  /** Ends with the process: Ctrl-C is how a person stops watching. A cluster that does not answer is part of the show. */
  private async watch(flags: Parameters<typeof askCluster>[0]): Promise<never> {
    process.once('SIGINT', () => process.exit(0));
    for (;;) {
      const shown = await askCluster(flags, fetchClusterReport).then(
        (report) => (this.jsonEnabled() ? JSON.stringify(report) : statusTable(report)),
        (error: unknown) => {
          const { code, message } = asDcacheError(error);
          return this.jsonEnabled() ? JSON.stringify({ error: { code, message } }) : message;
        },
      );
      const clear = process.stdout.isTTY && !this.jsonEnabled() ? CLEAR : '';
      process.stdout.write(`${clear}${shown}\n`);
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    }
  }
}
