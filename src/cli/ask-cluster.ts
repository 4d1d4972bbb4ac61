/** One question to a cluster: asks the endpoints in order until one answers. */
import { DcacheError } from '../base/errors.js';
import { parseDuration, splitEndpoints } from './base-command.js';

/** Rejects with UNREACHABLE when no endpoint answers, else with the error of the first one that does. */
export async function askCluster<T>(
  flags: { readonly endpoints: string; readonly timeout: string },
  ask: (address: string, timeoutMs: number) => Promise<T>,
): Promise<T> {
  const addresses = splitEndpoints(flags.endpoints);
  const timeoutMs = parseDuration('timeout', flags.timeout);
  for (const address of addresses) {
    try {
      return await ask(address, timeoutMs);
    } catch (error) {
      if (!(error instanceof DcacheError && error.code === 'UNREACHABLE')) throw error;
    }
  }
  throw nobodyAnswers(addresses);
}

export function nobodyAnswers(addresses: readonly string[]): DcacheError {
  return new DcacheError(
    'UNREACHABLE',
    `nobody answers at ${addresses.join(', ')}; start a cluster with \`dcache cluster start\`, or name another one with --endpoints`,
  );
}
