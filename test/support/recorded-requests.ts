/** Requests through the client library, with a history of what was asked and what was seen. */
import { assertNever } from '../../src/base/assert.js';
import { asDcacheError, type DcacheError } from '../../src/base/errors.js';
import type { DcacheClient } from '../../src/client/client.js';
import type { CallOptions } from '../../src/client/options.js';
import type { KvCondition, KvInput, KvResult } from '../checker/kv-model.js';
import type { HistoryRecorder } from '../checker/recorder.js';
import { contract, expand, isSized } from './sized-values.js';

export type KvRecorder = HistoryRecorder<KvInput, KvResult>;

export type Recorded =
  { readonly type: 'done'; readonly result: KvResult } | { readonly type: 'failed'; readonly error: DcacheError };

/** Who asks, and where it is written down. */
export interface RecordedClient {
  readonly name: string;
  readonly client: DcacheClient;
  readonly recorder: KvRecorder;
}

/** Sends one request. Its values stand for the ones that `expand` makes of them. Rejects only for a defect of the caller. */
export async function request(
  { name, client, recorder }: RecordedClient,
  key: string,
  input: KvInput,
  options: CallOptions = {},
): Promise<Recorded> {
  const call = recorder.invoke(name, { key, input }, performance.now());
  try {
    const result = await perform(client, key, input, options);
    call.done(result, performance.now());
    return { type: 'done', result };
  } catch (thrown) {
    const error = asDcacheError(thrown);
    if (error.outcome === 'unknown') call.unknown(performance.now());
    else call.notDone(performance.now());
    return { type: 'failed', error };
  }
}

/** The version that a result tells of, if any. */
export function versionIn(result: KvResult): number | undefined {
  return 'version' in result ? result.version : undefined;
}

async function perform(client: DcacheClient, key: string, input: KvInput, options: CallOptions): Promise<KvResult> {
  switch (input.type) {
    case 'get': {
      const found = await client.getWithVersion(key, options);
      return { type: 'get', value: found === undefined ? null : contract(found.value), version: found?.version ?? 0 };
    }
    case 'inspect': {
      const state = await client.inspect(key, options);
      return { type: 'inspect', found: state !== undefined, version: state?.version ?? 0 };
    }
    case 'set': {
      const { value, condition } = input;
      // The value before travels back; that of a sized one would be as large.
      const getOld = !isSized(value);
      const { applied, version, old } = await client.set(key, expand(value), {
        ...options,
        ...conditionOf(condition),
        getOld,
      });
      const before = old === undefined ? null : contract(old);
      return { type: 'set', applied, version, ...(getOld ? { old: before } : {}) };
    }
    case 'delete': {
      const { condition } = input;
      if (condition !== undefined && condition.type !== 'version') throw new TypeError('deletes know versions only');
      const deleted = await client.delete(key, { ...options, ifVersion: condition?.version });
      return { type: 'delete', deleted };
    }
    case 'incr':
      return increment(client, key, BigInt(input.delta), options);
    case 'append':
      return { type: 'append', length: await client.append(key, input.value, options) };
    case 'lose':
      throw new TypeError('nobody asks for a loss');
    default:
      return assertNever(input, 'kv operation');
  }
}

/** That a value is no number is an answer too. */
async function increment(client: DcacheClient, key: string, delta: bigint, options: CallOptions): Promise<KvResult> {
  try {
    return { type: 'incr', value: String(await client.increment(key, delta, options)) };
  } catch (error) {
    if (asDcacheError(error).code === 'INVALID_ARGUMENT') return { type: 'incr', value: null };
    throw error;
  }
}

function conditionOf(condition: KvCondition | undefined): { nx?: true; xx?: true; ifVersion?: number } {
  switch (condition?.type) {
    case undefined:
      return {};
    case 'absent':
      return { nx: true };
    case 'present':
      return { xx: true };
    case 'version':
      return { ifVersion: condition.version };
    default:
      return assertNever(condition, 'condition');
  }
}
