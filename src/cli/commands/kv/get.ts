import { Args, Flags } from '@oclif/core';
import { writeFile } from 'node:fs/promises';
import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { NegativeAnswer } from '../../failure.js';
import { presentValue } from '../../values.js';

export default class KvGet extends BaseCommand {
  static override summary = 'Print the value of a key';
  static override description = 'The read is linearizable. A missing key is exit code 1.';
  static override examples = ['<%= config.bin %> kv get fruit', '<%= config.bin %> kv get photo --output photo.jpg'];
  static override args = { key: Args.string({ description: 'the key', required: true }) };
  static override flags = {
    ...connectionFlags,
    output: Flags.file({
      char: 'o',
      description: 'write the value to this file, exactly, instead of printing it',
      env: 'DCACHE_OUTPUT',
    }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvGet);
    const found = await withClient(flags, (client) => client.getWithVersion(args.key));
    if (found === undefined) throw new NegativeAnswer(`no such key: ${args.key}`);
    const { value, version } = found;
    if (flags.output !== undefined) await writeFile(flags.output, value);
    else if (!this.jsonEnabled()) process.stdout.write(Buffer.concat([value, Buffer.from('\n')]));
    return { key: args.key, ...presentValue(value), version };
  }
}
