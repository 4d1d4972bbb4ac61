import { Args, Flags } from '@oclif/core';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { DcacheError } from '../../../base/errors.js';
import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { startProgress } from '../../progress.js';
import { writeJsonLine } from '../../records/record.js';

export default class KvDump extends BaseCommand {
  static override summary = 'Write keys and values as JSON lines';
  static override description =
    '`kv load` reads them again. A key that is set or deleted meanwhile may be there or not: a dump is no picture of one moment.';
  static override examples = [
    '<%= config.bin %> kv dump > all.jsonl',
    '<%= config.bin %> kv dump user: --output users.jsonl',
  ];
  static override args = {
    prefix: Args.string({ description: 'what the keys begin with; left out: every key', ignoreStdin: true }),
  };
  static override flags = {
    ...connectionFlags,
    output: Flags.file({ char: 'o', description: 'write to this file, not to stdout', env: 'DCACHE_OUTPUT' }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvDump);
    if (this.jsonEnabled() && flags.output === undefined) {
      throw new DcacheError('INVALID_ARGUMENT', 'the lines are JSON already; with --json, name a file with --output');
    }
    const out = flags.output === undefined ? process.stdout : createWriteStream(flags.output);
    const dumped = await withClient(flags, async (client) => {
      const total = args.prefix === undefined && flags.output !== undefined ? await client.count() : undefined;
      const progress = await startProgress(total, !this.jsonEnabled());
      let count = 0;
      try {
        for await (const item of client.scan({ prefix: args.prefix, keyType: 'bytes' })) {
          if (!(await write(out, writeJsonLine(item)))) return count;
          if (++count % 1_000 === 0) progress.update(count, `${count} keys`);
        }
      } finally {
        progress.stop();
      }
      return count;
    });
    if (flags.output !== undefined) {
      await new Promise<void>((resolve) => out.end(resolve));
      this.log(`${dumped} keys written to ${flags.output}`);
    }
    return { dumped };
  }
}

/** False when nobody reads any more, as in `| head`. Rejects with INVALID_ARGUMENT when the file cannot be written. */
function write(out: Writable, text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EPIPE') resolve(false);
      else
        reject(new DcacheError('INVALID_ARGUMENT', `the dump cannot be written: ${error.message}`, { cause: error }));
    };
    out.once('error', onError);
    out.write(text, (error) => {
      out.off('error', onError);
      if (error) onError(error);
      else resolve(true);
    });
  });
}
