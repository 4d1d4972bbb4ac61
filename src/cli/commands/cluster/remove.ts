import { Args } from '@oclif/core';
import { removeNode } from '../../../adapters/grpc/cluster-client.js';
import { askCluster } from '../../ask-cluster.js';
import { BaseCommand, connectionFlags } from '../../base-command.js';

export default class ClusterRemove extends BaseCommand {
  static override summary = 'Take a node out of the cluster for good';
  static override description =
    'Works whether the node is up or not. The others need one vote less from then on. In ecc mode a spare, if there is one, gets its places. Stop the node and remove its data folder afterwards.';
  static override examples = ['<%= config.bin %> cluster remove n3'];
  static override args = { node: Args.string({ description: 'name of the node', required: true }) };
  static override flags = connectionFlags;

  async run(): Promise<object> {
    const { args, flags } = await this.parse(ClusterRemove);
    await askCluster(flags, (address, timeoutMs) => removeNode(address, args.node, timeoutMs));
    this.log(`${args.node} is no longer a member`);
    return { node: args.node, removed: true };
  }
}
