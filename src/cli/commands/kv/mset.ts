import { Args } from '@oclif/core';
import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { parseEntry, ttlFlag, ttlOf } from '../../kv-flags.js';

export default class KvMset extends BaseCommand {
  static override summary = 'Set several keys';
  static override description =
    'Each key is set for itself: others may see some of them set and some not yet. When one fails, the message says so and the others are set.';
  static override examples = [
    '<%= config.bin %> kv mset fruit=cherry nut=hazel',
    '<%= config.bin %> kv mset a=1 b=2 --ttl 1h',
  ];
  static override args = { entry: Args.string({ description: 'KEY=VALUE, one or more', required: true }) };
  static override strict = false;
  static override flags = { ...connectionFlags, ...ttlFlag };

  async run(): Promise<object> {
    const { argv, flags } = await this.parse(KvMset);
    const entries = argv.map((text) => parseEntry(String(text)));
    const ttlMs = ttlOf(flags);
    const versions = await withClient(flags, (client) => client.mset(entries, { ttlMs }));
    this.log('OK');
    return { entries: entries.map(([key], i) => ({ key, version: versions[i] })) };
  }
}
