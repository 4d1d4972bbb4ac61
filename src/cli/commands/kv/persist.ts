import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { NegativeAnswer } from '../../failure.js';
import { keyArg } from '../../kv-flags.js';

export default class KvPersist extends BaseCommand {
  static override summary = 'Let a key live for ever';
  static override description =
    'Exit code 1 if there is nothing to change: the key is missing, or lives for ever already.';
  static override examples = ['<%= config.bin %> kv persist fruit'];
  static override args = keyArg;
  static override flags = connectionFlags;

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvPersist);
    const changed = await withClient(flags, (client) => client.persist(args.key));
    if (!changed) throw new NegativeAnswer(`${args.key} does not exist, or lives for ever already`);
    this.log('OK');
    return { key: args.key, changed };
  }
}
