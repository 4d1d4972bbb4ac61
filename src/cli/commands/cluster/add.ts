import { Args } from '@oclif/core';
import { addNode } from '../../../adapters/grpc/cluster-client.js';
import { askCluster } from '../../ask-cluster.js';
import { BaseCommand, connectionFlags } from '../../base-command.js';

export default class ClusterAdd extends BaseCommand {
  static override summary = 'Let a new node join the cluster';
  static override description =
    'The node then joins when it is started: it catches up as a learner and becomes a voter by itself. A member whose data folder is lost needs no `add`; it joins again under its old name.';
  static override examples = ['<%= config.bin %> cluster add n4'];
  static override args = { node: Args.string({ description: 'name of the new node', required: true }) };
  static override flags = connectionFlags;

  async run(): Promise<object> {
    const { args, flags } = await this.parse(ClusterAdd);
    await askCluster(flags, (address, timeoutMs) => addNode(address, args.node, timeoutMs));
    this.log(
      `${args.node} may join; start it with: dcache node start --id ${args.node} (with the --peers of the others if they have any)`,
    );
    return { node: args.node, expected: true };
  }
}
