import { Args, Flags } from '@oclif/core';
import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { NegativeAnswer } from '../../failure.js';
import { fileFlag, keyArg, ttlFlag, ttlOf } from '../../kv-flags.js';
import { presentValue, readValue } from '../../values.js';

export default class KvSet extends BaseCommand {
  static override summary = 'Set a key to a value';
  static override description =
    'The value is an argument, a file, or stdin; from a file and stdin it is taken exactly. Prints OK once it is stored. A condition that does not hold is exit code 1.';
  static override examples = [
    '<%= config.bin %> kv set fruit cherry',
    '<%= config.bin %> kv set photo --file photo.jpg',
    'gzip -c notes | <%= config.bin %> kv set notes.gz',
    '<%= config.bin %> kv set lock mine --nx --ttl 30s',
  ];
  static override args = {
    ...keyArg,
    value: Args.string({ description: 'the value; left out: --file or stdin', ignoreStdin: true }),
  };
  static override flags = {
    ...connectionFlags,
    ...fileFlag,
    ...ttlFlag,
    'keep-ttl': Flags.boolean({
      description: 'keep the time to live that the key has',
      env: 'DCACHE_KEEP_TTL',
      exclusive: ['ttl'],
    }),
    nx: Flags.boolean({
      description: 'only if the key does not exist',
      env: 'DCACHE_NX',
      exclusive: ['xx', 'if-version'],
    }),
    xx: Flags.boolean({ description: 'only if the key exists', env: 'DCACHE_XX', exclusive: ['nx', 'if-version'] }),
    'if-version': Flags.integer({
      description: 'only if the key has this version, as `kv get --meta` shows it',
      env: 'DCACHE_IF_VERSION',
      helpValue: 'VERSION',
    }),
    'get-old': Flags.boolean({ description: 'print the value that was there before', env: 'DCACHE_GET_OLD' }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvSet);
    const value = await readValue(args.value, flags.file);
    const { applied, version, old } = await withClient(flags, (client) =>
      client.set(args.key, value, {
        ttlMs: ttlOf(flags),
        keepTtl: flags['keep-ttl'],
        nx: flags.nx,
        xx: flags.xx,
        ifVersion: flags['if-version'],
        getOld: flags['get-old'],
      }),
    );
    if (!applied) throw new NegativeAnswer(`nothing was set: ${refusal(args.key, version)}`);
    if (!flags['get-old']) this.log('OK');
    else if (old !== undefined && !this.jsonEnabled()) process.stdout.write(Buffer.concat([old, Buffer.from('\n')]));
    const before = flags['get-old'] ? { old: old === undefined ? null : presentValue(old) } : undefined;
    return { key: args.key, version, ...before };
  }
}

function refusal(key: string, version: number): string {
  return version === 0 ? `${key} does not exist` : `${key} exists, its version is ${version}`;
}
