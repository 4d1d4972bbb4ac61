import { Args, Flags } from '@oclif/core';
import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { presentKey, presentLine, presentValue } from '../../values.js';

export default class KvScan extends BaseCommand {
  static override summary = 'List keys, with --values also their values';
  static override description =
    'One line a key, in no particular order; with --values a tab and the value behind it. What is not one line of text is shown as base64. `kv dump` writes the same for programs.';
  static override examples = [
    '<%= config.bin %> kv scan',
    '<%= config.bin %> kv scan user: --values',
    '<%= config.bin %> kv scan user: --limit 10 --json',
  ];
  static override args = {
    prefix: Args.string({ description: 'what the keys begin with; left out: every key', ignoreStdin: true }),
  };
  static override flags = {
    ...connectionFlags,
    values: Flags.boolean({ description: 'show the values too', env: 'DCACHE_VALUES' }),
    limit: Flags.integer({ description: 'stop after this many keys', env: 'DCACHE_LIMIT', min: 1 }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvScan);
    const { values, limit = Infinity } = flags;
    const options = { prefix: args.prefix, keyType: 'bytes' } as const;
    const shown: object[] = [];
    const show = (key: Buffer, value?: Buffer): boolean => {
      this.log(value === undefined ? presentLine(key) : `${presentLine(key)}\t${presentLine(value)}`);
      if (this.jsonEnabled()) shown.push({ ...presentKey(key), ...(value && presentValue(value)) });
      return ++count < limit;
    };
    let count = 0;
    await withClient(flags, async (client) => {
      if (values) for await (const { key, value } of client.scan(options)) if (!show(key, value)) return;
      if (!values) for await (const key of client.keys(options)) if (!show(key)) return;
    });
    return { count, entries: shown };
  }
}
