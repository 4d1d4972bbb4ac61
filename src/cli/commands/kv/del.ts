import { Flags } from '@oclif/core';
import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { NegativeAnswer } from '../../failure.js';
import { keyArg } from '../../kv-flags.js';

export default class KvDel extends BaseCommand {
  static override summary = 'Delete a key';
  static override description = 'A key that does not exist is exit code 1.';
  static override examples = ['<%= config.bin %> kv del fruit', '<%= config.bin %> kv del fruit --if-version 12'];
  static override args = keyArg;
  static override flags = {
    ...connectionFlags,
    'if-version': Flags.integer({
      description: 'only if the key has this version',
      env: 'DCACHE_IF_VERSION',
      helpValue: 'VERSION',
    }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvDel);
    const ifVersion = flags['if-version'];
    const deleted = await withClient(flags, (client) => client.delete(args.key, { ifVersion }));
    if (!deleted) {
      const also = ifVersion === undefined ? '' : `, or not of version ${ifVersion}`;
      throw new NegativeAnswer(`no such key: ${args.key}${also}`);
    }
    this.log('OK');
    return { key: args.key, deleted };
  }
}
