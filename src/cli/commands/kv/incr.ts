import { Args } from '@oclif/core';
import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { keyArg, parseInteger } from '../../kv-flags.js';

export default class KvIncr extends BaseCommand {
  static override summary = 'Add to a number';
  static override description =
    'The value is a decimal 64-bit integer; a missing key counts as 0. Prints the new value. To subtract, put -- before a negative number. With --json the value is text, since JSON has no 64-bit integers.';
  static override examples = [
    '<%= config.bin %> kv incr visits',
    '<%= config.bin %> kv incr visits 10',
    '<%= config.bin %> kv incr stock -- -3',
  ];
  static override args = {
    ...keyArg,
    by: Args.string({ description: 'how much to add', default: '1', ignoreStdin: true }),
  };
  static override flags = connectionFlags;

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvIncr);
    const by = parseInteger('BY', args.by);
    const value = await withClient(flags, (client) => client.increment(args.key, by));
    this.log(value.toString());
    return { key: args.key, value: value.toString() };
  }
}
