import type { ScrubProgress } from '../../../actors/data-plane.js';
import { fetchClusterReport } from '../../../adapters/grpc/cluster-client.js';
import { scrubNode } from '../../../adapters/grpc/scrub-client.js';
import { asDcacheError, EXIT_DATA, EXIT_UNAVAILABLE } from '../../../base/errors.js';
import { askCluster } from '../../ask-cluster.js';
import { BaseCommand, connectionFlags } from '../../base-command.js';
import { startProgress } from '../../progress.js';
import { scrubTable, totalOf, verdictOf, type ScrubbedNode } from '../../scrub-table.js';

/** The bar shows parts of this. */
const WHOLE = 1_000;

export default class ClusterScrub extends BaseCommand {
  static override summary = 'Check everything that the nodes hold, and mend what is wrong';
  static override description =
    'ecc mode. Each node holds its segments against their checksums and its parity shards against the segments that are coded in them; what is wrong is rebuilt from the others. Nodes do the same by themselves, gently, every --scrub-interval. Exit code 0: all is right, or mended; 6: something could not be mended; 3: something could not be checked, or a node is not up. With --json an event a line.';
  static override examples = ['<%= config.bin %> cluster scrub', '<%= config.bin %> cluster scrub --json'];
  static override flags = connectionFlags;

  async run(): Promise<object> {
    const { flags } = await this.parse(ClusterScrub);
    const { nodes } = await askCluster(flags, fetchClusterReport);
    const bar = await startProgress(WHOLE, !this.jsonEnabled());
    const under = new Map<string, ScrubProgress>();
    const show = (nodeId: string, progress: ScrubProgress): void => {
      this.tell({ event: 'progress', node: nodeId, ...progress });
      under.set(nodeId, progress);
      const { stripes, stripesDone, shards } = totalOf([...under.values()]);
      bar.update(stripes === 0 ? 0 : (WHOLE * stripesDone) / stripes, `${shards} shards`);
    };
    const scrubOne = async ({ nodeId, up, clientAddress }: (typeof nodes)[number]): Promise<ScrubbedNode> => {
      if (!up) return { nodeId, problem: 'it is not up' };
      try {
        const progress = await scrubNode(clientAddress, (soFar) => show(nodeId, soFar));
        this.tell({ event: 'done', node: nodeId, ...progress });
        return { nodeId, progress };
      } catch (error) {
        const failure = asDcacheError(error);
        // It holds for the whole cluster: there is nothing to scrub.
        if (failure.code === 'INVALID_ARGUMENT') throw failure;
        this.tell({ event: 'failed', node: nodeId, code: failure.code, message: failure.message });
        return { nodeId, problem: failure.message };
      }
    };
    let scrubbed: ScrubbedNode[];
    try {
      scrubbed = await Promise.all(nodes.map(scrubOne));
    } finally {
      bar.stop();
    }
    const total = totalOf(scrubbed.flatMap(({ progress }) => progress ?? []));
    const isWhole = total.unchecked === 0 && scrubbed.every(({ problem }) => problem === undefined);
    if (total.unmended > 0) process.exitCode = EXIT_DATA;
    else if (!isWhole) process.exitCode = EXIT_UNAVAILABLE;
    this.log(`${scrubTable(scrubbed)}\n\n${verdictOf(total, isWhole)}`);
    return { event: 'result', ...total, nodes: scrubbed };
  }

  /** With --json everything is an event on a line, the result as well. */
  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json)}\n`);
  }

  private tell(event: object): void {
    if (this.jsonEnabled()) this.logJson(event);
  }
}
