/** Which operations a client asks for, how they look as requests, and how replies look in a history. */
import { assert } from '../../src/base/assert.js';
import type { Prng } from '../../src/base/prng.js';
import { ALWAYS, FOREVER, type KvReply, type KvRequest, type Lifetime } from '../../src/store/requests.js';
import type { KvCondition, KvInput, KvResult } from '../checker/kv-model.js';
import type { WorkloadParameters, WriteMix } from './scenario/workload-parameters.js';

export interface Operation {
  readonly key: string;
  readonly input: KvInput;
  /** Of what it sets; for ever if left out. Longer than a run. */
  readonly lifetime?: Lifetime;
}

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1').slice();
const text = (value: Uint8Array): string => Buffer.from(value).toString('latin1');

/** Keys whose number is a multiple of this hold numbers for the most part. */
const COUNTER_EVERY = 3;
const EXPIRING_KEYS = 3;
/** Longer than the clocks of a run jump. */
const DAY_MS = 24 * 60 * 60_000;
const MOST_DAYS = 300;

export class Workload {
  private readonly prng: Prng;
  private readonly parameters: WorkloadParameters;
  private readonly client: string;
  private values = 0;

  constructor(client: string, parameters: WorkloadParameters, prng: Prng) {
    this.client = client;
    this.parameters = parameters;
    this.prng = prng;
  }

  /** @param seenVersion a version of some key that the client has seen lately, for conditions */
  next(seenVersion: (key: string) => number): Operation {
    const { prng, parameters } = this;
    const number = prng.below(parameters.keys);
    const key = parameters.keyNames[number] ?? `k${number}`;
    if (prng.chance(parameters.readPercent, 100)) {
      return { key, input: { type: prng.chance(9, 10) ? 'get' : 'inspect' } };
    }
    const isCounter = number % COUNTER_EVERY === 1;
    switch (this.drawWrite(isCounter)) {
      case 'incr':
        return { key, input: { type: 'incr', delta: String(prng.between(-3, 9)) } };
      case 'append':
        return { key, input: { type: 'append', value: this.newValue('+') } };
      case 'delete':
        return { key, input: { type: 'delete', condition: this.drawCondition(seenVersion(key)) } };
      case 'set': {
        const value = isCounter ? String(prng.below(1000)) : this.newValue('=');
        return this.mortal({ key, input: { type: 'set', value, condition: this.drawCondition(seenVersion(key)) } });
      }
    }
  }

  /** The first write of the key with that number. */
  filling(number: number): Operation {
    const key = this.parameters.keyNames[number] ?? `k${number}`;
    return this.mortal({ key, input: { type: 'set', value: this.newValue('=') } });
  }

  /**
   * A request about a key with a time to live. Clocks jump here, so when it ends says nothing; that all nodes forget the same keys
   * at the same entry does, and that none comes back (expiry-watch.ts).
   */
  nextExpiring(): KvRequest & { readonly type: 'get' | 'set' | 'expire' } {
    const { prng } = this;
    const key = bytes(`t${prng.below(EXPIRING_KEYS)}`);
    const lifetime = { type: 'ttl', ttlMs: prng.between(1, 3_000) } as const;
    if (prng.chance(1, 2)) return { type: 'get', key };
    if (prng.chance(1, 4)) return { type: 'expire', key, lifetime };
    return { type: 'set', key, value: bytes(this.newValue('~')), lifetime, condition: ALWAYS, returnOld: false };
  }

  private mortal(operation: Operation): Operation {
    if (!this.parameters.mortal) return operation;
    return { ...operation, lifetime: { type: 'ttl', ttlMs: DAY_MS * this.prng.between(1, MOST_DAYS) } };
  }

  /** Unlike any other value, so that a read tells which write it saw. */
  private newValue(mark: string): string {
    const { maxValueBytes, largeOneIn } = this.parameters;
    const padding = maxValueBytes > 0 && this.prng.chance(1, largeOneIn) ? this.prng.below(maxValueBytes) : 0;
    return `${mark}${this.client}.${this.values++}${'.'.repeat(padding)}`;
  }

  private drawWrite(isCounter: boolean): keyof WriteMix {
    const { incr, append, set, delete: deletes } = this.parameters.writes;
    if (isCounter && incr > 0 && this.prng.chance(2, 3)) return 'incr';
    const lot = this.prng.below(append + set + deletes) + (this.prng.chance(1, 20) ? -incr : 0);
    if (lot < 0) return 'incr';
    if (lot < append) return 'append';
    return lot < append + deletes ? 'delete' : 'set';
  }

  private drawCondition(version: number): KvCondition | undefined {
    if (!this.prng.chance(this.parameters.conditionPercent, 100)) return undefined;
    const draw = this.prng.below(4);
    if (draw === 0) return { type: 'absent' };
    if (draw === 1) return { type: 'present' };
    return { type: 'version', version };
  }
}

export function toRequest({ key, input, lifetime = FOREVER }: Operation): KvRequest {
  const name = bytes(key);
  switch (input.type) {
    case 'get':
    case 'inspect':
      return { type: input.type, key: name };
    case 'set': {
      const condition = input.condition ?? ALWAYS;
      return { type: 'set', key: name, value: bytes(input.value), lifetime, condition, returnOld: true };
    }
    case 'delete':
      return { type: 'delete', key: name, condition: input.condition ?? ALWAYS };
    case 'incr':
      return { type: 'increment', key: name, delta: BigInt(input.delta) };
    case 'append':
      return { type: 'append', key: name, value: bytes(input.value) };
    case 'lose':
      assert(false, 'nobody asks for a loss');
  }
}

export function toResult(reply: KvReply): KvResult {
  switch (reply.type) {
    case 'get':
      return { type: 'get', value: reply.value === null ? null : text(reply.value), version: reply.version };
    case 'inspect':
      return { type: 'inspect', found: reply.found, version: reply.version };
    case 'set': {
      const { applied, version, old } = reply;
      return { type: 'set', applied, version, old: old === null ? null : text(old) };
    }
    case 'delete':
      return { type: 'delete', deleted: reply.deleted };
    case 'increment':
      return { type: 'incr', value: reply.value.toString(), version: reply.version };
    case 'append':
      return { type: 'append', length: reply.valueBytes, version: reply.version };
    default:
      assert(false, 'a reply is of the kind that was asked for');
  }
}

/** What a refusal by the store means: the increment of something that is no number. */
export const REFUSED_INCREMENT: KvResult = { type: 'incr', value: null };
