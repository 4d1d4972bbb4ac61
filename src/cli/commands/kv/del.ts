import { Args } from '@oclif/core';
import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { NegativeAnswer } from '../../failure.js';

export default class KvDel extends BaseCommand {
  static override summary = 'Delete a key';
  static override description = 'A key that does not exist is exit code 1.';
  static override examples = ['<%= config.bin %> kv del fruit'];
  static override args = { key: Args.string({ description: 'the key', required: true }) };
  static override flags = connectionFlags;

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvDel);
    const deleted = await withClient(flags, (client) => client.delete(args.key));
    if (!deleted) throw new NegativeAnswer(`no such key: ${args.key}`);
    this.log('OK');
    return { key: args.key, deleted };
  }
}
