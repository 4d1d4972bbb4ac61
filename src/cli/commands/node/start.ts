import { EXIT_RESTART } from '../../../base/errors.js';
import { BaseCommand } from '../../base-command.js';
import { nodeFlags, nodeOptions } from '../../node-flags.js';
import { runNode } from '../../run-node.js';

export default class NodeStart extends BaseCommand {
  static override summary = 'Start a node and run it in the foreground';
  static override description =
    'Without --id it takes the first free place of the default local layout, so the same command in several terminals makes a cluster. Ctrl-C or SIGTERM stops it: others take over what it leads, it answers what it has accepted, and exits with 0.';
  static override examples = [
    '<%= config.bin %> node start',
    '<%= config.bin %> node start --mode raft --nodes 3',
    '<%= config.bin %> node start --id n3 --replace --listen 10.0.0.9:7101 --control-listen 10.0.0.9:7201 --peers n1=10.0.0.1:7201,n2=10.0.0.2:7201,n3=10.0.0.9:7201',
    '<%= config.bin %> node start --id n1 --listen 10.0.0.1:7101 --control-listen 10.0.0.1:7201 --peers n1=10.0.0.1:7201,n2=10.0.0.2:7201,n3=10.0.0.3:7201',
  ];
  static override flags = nodeFlags;

  async run(): Promise<void> {
    const { flags } = await this.parse(NodeStart);
    // Standard output is the log's.
    const end = await runNode(nodeOptions(flags), (line) => this.logToStderr(line));
    if (end === 'to-restart') process.exitCode = EXIT_RESTART;
  }
}
