import { Flags } from '@oclif/core';
import { BaseCommand } from '../../base-command.js';
import { codeFlags, modeDescription, nodesDescription } from '../../node-flags.js';
import { runLocalCluster } from '../../local-cluster.js';

export default class ClusterStart extends BaseCommand {
  static override summary = 'Start a whole cluster on this machine and run it in the foreground';
  static override description =
    'Starts one child process a node, their logs go to files in their data folders. Ctrl-C stops them together.';
  static override examples = [
    '<%= config.bin %> cluster start',
    '<%= config.bin %> cluster start --mode ecc --k 4 --m 2',
    '<%= config.bin %> cluster start --mode raft --nodes 3',
  ];
  static override flags = {
    mode: Flags.string({ description: modeDescription, env: 'DCACHE_MODE', helpValue: 'ecc|raft' }),
    nodes: Flags.integer({ description: nodesDescription, env: 'DCACHE_NODES' }),
    ...codeFlags,
    'data-dir': Flags.string({
      description: 'folder that holds the data folders of the nodes',
      env: 'DCACHE_DATA_DIR',
      default: '.dcache',
    }),
    'log-level': Flags.string({
      description: 'debug, info, warn, error or fatal',
      env: 'DCACHE_LOG_LEVEL',
      default: 'info',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterStart);
    await runLocalCluster({
      mode: flags.mode,
      nodes: flags.nodes,
      k: flags.k,
      m: flags.m,
      dataDir: flags['data-dir'],
      logLevel: flags['log-level'],
      say: (line) => this.log(line),
    });
  }
}
