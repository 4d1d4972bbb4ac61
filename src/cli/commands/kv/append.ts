import { Args } from '@oclif/core';
import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { fileFlag, keyArg } from '../../kv-flags.js';
import { readValue } from '../../values.js';

export default class KvAppend extends BaseCommand {
  static override summary = 'Add bytes at the end of a value';
  static override description =
    'A missing key counts as empty. What is added is an argument, a file, or stdin. Prints the length of the value in bytes.';
  static override examples = [
    '<%= config.bin %> kv append log "one more line"',
    'tail -1 access.log | <%= config.bin %> kv append log',
  ];
  static override args = {
    ...keyArg,
    value: Args.string({ description: 'what to add; left out: --file or stdin', ignoreStdin: true }),
  };
  static override flags = { ...connectionFlags, ...fileFlag };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvAppend);
    const value = await readValue(args.value, flags.file);
    const valueBytes = await withClient(flags, (client) => client.append(args.key, value));
    this.log(String(valueBytes));
    return { key: args.key, valueBytes };
  }
}
