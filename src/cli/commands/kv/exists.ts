import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { NegativeAnswer } from '../../failure.js';
import { keyArg } from '../../kv-flags.js';

export default class KvExists extends BaseCommand {
  static override summary = 'Say whether a key exists';
  static override description = 'Prints yes; a key that does not exist is exit code 1.';
  static override examples = ['<%= config.bin %> kv exists fruit'];
  static override args = keyArg;
  static override flags = connectionFlags;

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvExists);
    const exists = await withClient(flags, (client) => client.exists(args.key));
    if (!exists) throw new NegativeAnswer(`no such key: ${args.key}`);
    this.log('yes');
    return { key: args.key, exists };
  }
}
