import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { NegativeAnswer } from '../../failure.js';
import { keyArg } from '../../kv-flags.js';
import { presentTtl } from '../../values.js';

export default class KvTtl extends BaseCommand {
  static override summary = 'Show how long a key has to live';
  static override description =
    'Prints the time left, or "for ever". With --json, ttlMs is null for a key without an end.';
  static override examples = ['<%= config.bin %> kv ttl fruit'];
  static override args = keyArg;
  static override flags = connectionFlags;

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvTtl);
    const ttlMs = await withClient(flags, (client) => client.ttl(args.key));
    if (ttlMs === undefined) throw new NegativeAnswer(`no such key: ${args.key}`);
    this.log(presentTtl(ttlMs));
    return { key: args.key, ttlMs };
  }
}
