import { Args, Flags } from '@oclif/core';
import type { ClusterReport } from '../../../adapters/grpc/backend.js';
import { fetchClusterReport, removeNode } from '../../../adapters/grpc/cluster-client.js';
import { askCluster } from '../../ask-cluster.js';
import { BaseCommand, connectionFlags } from '../../base-command.js';
import { partOf, spareFor } from '../../node-places.js';

export default class ClusterRemove extends BaseCommand {
  static override summary = 'Take a node out of the cluster for good';
  static override description =
    'Works whether the node is up or not. In ecc mode a node that is up first hands over what it leads, so that no request fails; one that the others could not do without is refused. The others need one vote less from then on, and a spare, if there is one, gets its places. Stop the node and remove its data folder afterwards.';
  static override examples = ['<%= config.bin %> cluster remove n3'];
  static override args = { node: Args.string({ description: 'name of the node', required: true }) };
  static override flags = {
    ...connectionFlags,
    // A node that is up may have something to hand over in every group.
    timeout: Flags.string({
      description: 'how long it may take, like 30s',
      env: 'DCACHE_TIMEOUT',
      default: '15s',
      helpValue: 'TIME',
    }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(ClusterRemove);
    const { node } = args;
    const report = await askCluster(flags, fetchClusterReport);
    const { led, held } = partOf(report, node);
    if (held > 0) this.log(`${node} leaves ${held} groups and hands over the ${led} partitions that it leads ...`);
    await askCluster(flags, (address, timeoutMs) => removeNode(address, node, timeoutMs));
    this.log(`${node} is no longer a member`);
    const spare = spareFor(report, node);
    if (report.map !== undefined) this.log(whatIsNext(report, node, spare));
    return { node, removed: true, partitionsHandedOver: led, spare: spare ?? null };
  }
}

function whatIsNext({ map }: ClusterReport, node: string, spare: string | undefined): string {
  const hadPlaces = map?.groups.some(({ positions }) => positions.some(({ holder }) => holder === node)) ?? false;
  if (!hadPlaces) return 'it had no places in the groups: nothing has to be moved';
  if (spare !== undefined) return `${spare} takes its places; \`dcache cluster recover\` shows how far it is`;
  return 'no spare takes its places: one node less may fail until another one has joined (`dcache cluster add`)';
}
