import { fetchClusterReport } from '../../../adapters/grpc/cluster-client.js';
import { askCluster } from '../../ask-cluster.js';
import { BaseCommand, connectionFlags } from '../../base-command.js';
import { statusTable } from '../../status-table.js';

export default class ClusterStatus extends BaseCommand {
  static override summary = 'Show the nodes of a cluster and whether it serves';
  static override examples = ['<%= config.bin %> cluster status', '<%= config.bin %> cluster status --json'];
  static override flags = connectionFlags;

  async run(): Promise<object> {
    const { flags } = await this.parse(ClusterStatus);
    const report = await askCluster(flags, fetchClusterReport);
    this.log(statusTable(report));
    return report;
  }
}
