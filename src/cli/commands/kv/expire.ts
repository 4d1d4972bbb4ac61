import { Args } from '@oclif/core';
import { BaseCommand, connectionFlags, parseDuration, withClient } from '../../base-command.js';
import { NegativeAnswer } from '../../failure.js';
import { keyArg } from '../../kv-flags.js';

export default class KvExpire extends BaseCommand {
  static override summary = 'Give a key a time to live';
  static override description =
    'It counts from now and replaces the one that the key had. To remove a key now, use `kv del`; to let it live for ever, `kv persist`.';
  static override examples = ['<%= config.bin %> kv expire fruit 30s', '<%= config.bin %> kv expire session 12h'];
  static override args = {
    ...keyArg,
    time: Args.string({ description: 'how long, like 500ms, 30s, 12h or 7d', required: true }),
  };
  static override flags = connectionFlags;

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvExpire);
    const ttlMs = parseDuration('TIME', args.time);
    const there = await withClient(flags, (client) => client.expire(args.key, ttlMs));
    if (!there) throw new NegativeAnswer(`no such key: ${args.key}`);
    this.log('OK');
    return { key: args.key, ttlMs };
  }
}
