import { Flags } from '@oclif/core';
import { writeFile } from 'node:fs/promises';
import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { NegativeAnswer } from '../../failure.js';
import { keyArg } from '../../kv-flags.js';
import { presentTtl, presentValue } from '../../values.js';

export default class KvGet extends BaseCommand {
  static override summary = 'Print the value of a key';
  static override description = 'The read is linearizable. A missing key is exit code 1.';
  static override examples = [
    '<%= config.bin %> kv get fruit',
    '<%= config.bin %> kv get photo --output photo.jpg',
    '<%= config.bin %> kv get fruit --meta',
  ];
  static override args = keyArg;
  static override flags = {
    ...connectionFlags,
    output: Flags.file({
      char: 'o',
      description: 'write the value to this file, exactly, instead of printing it',
      env: 'DCACHE_OUTPUT',
    }),
    meta: Flags.boolean({ description: 'also show version, length and time to live', env: 'DCACHE_META' }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvGet);
    const [found, state] = await withClient(flags, (client) =>
      Promise.all([client.getWithVersion(args.key), flags.meta ? client.inspect(args.key) : undefined]),
    );
    if (found === undefined) throw new NegativeAnswer(`no such key: ${args.key}`);
    const { value, version } = found;
    if (flags.output !== undefined) await writeFile(flags.output, value);
    else if (!this.jsonEnabled()) process.stdout.write(Buffer.concat([value, Buffer.from('\n')]));
    if (state !== undefined) {
      const lives = state.ttlMs === null ? 'lives for ever' : `${presentTtl(state.ttlMs)} to live`;
      this.logToStderr(`version ${version}, ${value.length} bytes, ${lives}`);
    }
    const meta = state && { valueBytes: value.length, ttlMs: state.ttlMs };
    return { key: args.key, ...presentValue(value), version, ...meta };
  }
}
