import { Flags } from '@oclif/core';
import { acknowledgeLosses, fetchClusterReport } from '../../../adapters/grpc/cluster-client.js';
import { askCluster } from '../../ask-cluster.js';
import { BaseCommand, connectionFlags } from '../../base-command.js';
import { NegativeAnswer } from '../../failure.js';
import { acceptDataLoss } from '../../recover/accept-loss.js';
import { askPerson } from '../../recover/ask-person.js';
import { summary } from '../../status-table.js';

export default class ClusterRecover extends BaseCommand {
  static override summary = 'Show how a cluster recovers, and decide what it cannot decide by itself';
  static override description =
    'Nodes that come back are refilled by themselves. When more nodes have lost what they held than the code can bear, somebody has to decide: --accept-data-loss says what can be kept, asks, and goes on without the rest.';
  static override examples = [
    '<%= config.bin %> cluster recover',
    '<%= config.bin %> cluster recover --accept-data-loss',
    '<%= config.bin %> cluster recover --acknowledge-loss',
  ];
  static override flags = {
    ...connectionFlags,
    'accept-data-loss': Flags.boolean({
      description: 'ecc mode: go on with what is left, having said what is lost',
      env: 'DCACHE_ACCEPT_DATA_LOSS',
      exclusive: ['acknowledge-loss'],
    }),
    'acknowledge-loss': Flags.boolean({
      description: 'ecc mode: the losses so far are known; status shows them no more',
      env: 'DCACHE_ACKNOWLEDGE_LOSS',
    }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask', env: 'DCACHE_YES' }),
  };

  async run(): Promise<object> {
    const { flags } = await this.parse(ClusterRecover);
    if (flags['accept-data-loss']) return this.acceptDataLoss(flags);
    if (flags['acknowledge-loss']) await askCluster(flags, acknowledgeLosses);
    const report = await askCluster(flags, fetchClusterReport);
    this.log(summary(report));
    return report;
  }

  private async acceptDataLoss(flags: { endpoints: string; timeout: string; yes: boolean }): Promise<object> {
    const result = await acceptDataLoss({
      flags,
      say: (text) => this.log(text),
      confirm: this.jsonEnabled() ? undefined : askPerson(),
      isConfirmed: flags.yes,
    });
    if (result.losses.length > 0 && !result.accepted) throw new NegativeAnswer('nothing has been given up');
    return result;
  }
}
