import { Args, Flags } from '@oclif/core';
import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { readValue } from '../../values.js';

export default class KvSet extends BaseCommand {
  static override summary = 'Set a key to a value';
  static override description =
    'The value is an argument, a file, or stdin; from a file and stdin it is taken exactly. Prints OK once it is stored.';
  static override examples = [
    '<%= config.bin %> kv set fruit cherry',
    '<%= config.bin %> kv set photo --file photo.jpg',
    'gzip -c notes | <%= config.bin %> kv set notes.gz',
  ];
  static override args = {
    key: Args.string({ description: 'the key', required: true }),
    value: Args.string({ description: 'the value; left out: --file or stdin', ignoreStdin: true }),
  };
  static override flags = {
    ...connectionFlags,
    file: Flags.file({ char: 'f', description: 'take the value from this file', env: 'DCACHE_FILE' }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvSet);
    const value = await readValue(args.value, flags.file);
    const { version } = await withClient(flags, (client) => client.set(args.key, value));
    this.log('OK');
    return { key: args.key, version };
  }
}
