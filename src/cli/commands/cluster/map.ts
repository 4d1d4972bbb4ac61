import { fetchClusterReport } from '../../../adapters/grpc/cluster-client.js';
import { askCluster } from '../../ask-cluster.js';
import { BaseCommand, connectionFlags } from '../../base-command.js';
import { mapTable } from '../../map-table.js';

export default class ClusterMap extends BaseCommand {
  static override summary = 'Show which node holds which part of the data, and who leads it';
  static override description =
    'ecc mode: the groups, their epochs, the node at each position, whether it is in sync, and the primary of each partition. The newest map that a node which is up has applied.';
  static override examples = ['<%= config.bin %> cluster map', '<%= config.bin %> cluster map --json'];
  static override flags = connectionFlags;

  async run(): Promise<object> {
    const { flags } = await this.parse(ClusterMap);
    const report = await askCluster(flags, fetchClusterReport);
    this.log(mapTable(report));
    return { mode: report.mode, ...report.map };
  }
}
