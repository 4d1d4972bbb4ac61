/** What all commands share: flags, environment variables, JSON output, and the connection to a cluster. */
import { Command, Flags } from '@oclif/core';
import { DcacheClient } from '../client/client.js';
import { bufferCodec } from '../client/codec.js';
import { defaultEndpoints } from '../cluster/default-layout.js';
import { durationMs } from '../base/duration.js';
import { DcacheError } from '../base/errors.js';

export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  static override baseFlags = {
    debug: Flags.boolean({ description: 'show stack traces', env: 'DCACHE_DEBUG', helpGroup: 'GLOBAL' }),
  };

  /** Failures are reported in one place (failure.ts), with --json too. */
  protected override catch(error: Error): Promise<never> {
    return Promise.reject(error);
  }
}

/** For commands that ask a running cluster. */
export const connectionFlags = {
  endpoints: Flags.string({
    char: 'e',
    description: 'client addresses of some or all nodes, host:port separated by commas',
    env: 'DCACHE_ENDPOINTS',
    default: () => Promise.resolve(defaultEndpoints().join(',')),
    defaultHelp: () => Promise.resolve('the default local layout'),
    helpValue: 'HOST:PORT,...',
  }),
  timeout: Flags.string({
    description: 'how long one request may take, like 500ms or 5s',
    env: 'DCACHE_TIMEOUT',
    default: '5s',
    helpValue: 'TIME',
  }),
};

export function splitEndpoints(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Runs `work` with a client that is closed afterwards, whatever happens. */
export async function withClient<T>(
  flags: { readonly endpoints: string; readonly timeout: string },
  work: (client: DcacheClient<Buffer>) => Promise<T>,
): Promise<T> {
  const client = new DcacheClient({
    codec: bufferCodec,
    endpoints: splitEndpoints(flags.endpoints),
    timeoutMs: parseDuration('timeout', flags.timeout),
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** A duration like 500ms, 5s, 1.5h in ms. Throws INVALID_ARGUMENT naming the flag. */
export function parseDuration(flag: string, text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) {
    throw new DcacheError(
      'INVALID_ARGUMENT',
      `--${flag} is "${text}"; it must be a number with a unit: ms, s, m, h or d, like 500ms or 5s`,
    );
  }
  return ms;
}
