/** What callers of the client library can ask for, and the checks that turn it into requests. */
import { parseAddress } from '../base/address.js';
import { DcacheError } from '../base/errors.js';
import { LIMITS } from '../base/limits.js';
import { defaultEndpoints } from '../cluster/default-layout.js';
import { ALWAYS, FOREVER, type Condition, type Lifetime } from '../store/requests.js';
import { encodeText, kindOf, type Codec } from './codec.js';

/** Text, which is stored as UTF-8, or bytes. 1 to 65,536 bytes. Bytes must not change until the request is answered. */
export type Key = string | Uint8Array;

export interface DcacheClientOptions<V = string> {
  /**
   * host:port of client ports of the cluster, some or all; the client finds the others by itself. The default layout of
   * this machine (127.0.0.1:7101 to 7105) if left out.
   */
  readonly endpoints?: readonly string[];
  /** How long one request may take, tries and all, in ms: 1 to 600,000, 5,000 if left out. */
  readonly timeoutMs?: number;
  /** How values become bytes. `stringCodec` if left out. */
  readonly codec?: Codec<V>;
  /**
   * Send a write again when nobody knows whether it was done. Off, because it can do harm: a `set` that was done and is sent
   * again undoes what somebody else has set in between, and an `increment` may count twice. Turn it on where every key has
   * one writer, or where last night's value is as good as this morning's.
   */
  readonly retryUnknownWrites?: boolean;
}

/** For every request. */
export interface CallOptions {
  /** How long this request may take, instead of the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /**
   * Gives the request up. It then rejects with CANCELLED if it is definitely not done, and with OUTCOME_UNKNOWN if it is a
   * write that was on its way.
   */
  readonly signal?: AbortSignal | undefined;
}

export interface SetOptions extends CallOptions {
  /** Time to live in ms, a whole number of at least 1. Left out, the key lives for ever, whatever it had before. */
  readonly ttlMs?: number | undefined;
  /** Keep the time to live that the key has. Excludes `ttlMs`. */
  readonly keepTtl?: boolean | undefined;
  /** Only if the key does not exist. At most one of `nx`, `xx` and `ifVersion`. */
  readonly nx?: boolean | undefined;
  /** Only if the key exists. */
  readonly xx?: boolean | undefined;
  /** Only if the key exists with this version. */
  readonly ifVersion?: number | undefined;
  /** Resolve with the value that was there before, too. */
  readonly getOld?: boolean | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** Only if the key exists with this version. */
  readonly ifVersion?: number | undefined;
}

/** The options of a client once they have been checked. */
export interface CheckedClientOptions {
  readonly endpoints: readonly string[];
  readonly timeoutMs: number;
  readonly retryUnknownWrites: boolean;
}

/** Throws CONFIG_INVALID naming the option. */
export function checkClientOptions(options: Omit<DcacheClientOptions, 'codec'>): CheckedClientOptions {
  const endpoints = options.endpoints ?? defaultEndpoints();
  if (endpoints.length === 0) throw new DcacheError('CONFIG_INVALID', 'a client needs at least one endpoint');
  for (const address of endpoints) {
    if (typeof address !== 'string' || !(parseAddress(address) !== undefined && parseAddress(address)?.port !== 0)) {
      throw new DcacheError('CONFIG_INVALID', `the endpoint "${address}" is not host:port, like 127.0.0.1:7101`);
    }
  }
  const { timeoutMs = LIMITS.defaultRequestTimeoutMs, retryUnknownWrites = false } = options;
  if (!isTimeout(timeoutMs)) throw new DcacheError('CONFIG_INVALID', timeoutMessage(timeoutMs));
  return { endpoints: [...new Set(endpoints)], timeoutMs: Math.ceil(timeoutMs), retryUnknownWrites };
}

/** In whole ms. Throws INVALID_ARGUMENT. */
export function checkTimeout(timeoutMs: number): number {
  if (!isTimeout(timeoutMs)) throw new DcacheError('INVALID_ARGUMENT', timeoutMessage(timeoutMs));
  return Math.ceil(timeoutMs);
}

/** The bytes of a key. Throws INVALID_ARGUMENT when it is neither text nor bytes. */
export function encodeKey(key: Key): Uint8Array {
  if (key instanceof Uint8Array) return key;
  if (typeof key === 'string') return encodeText('the key', key);
  throw new DcacheError('INVALID_ARGUMENT', `the key is ${kindOf(key)}; it must be a string or a Uint8Array`);
}

/** Throws INVALID_ARGUMENT when more than one condition is given. */
export function conditionOf({ nx, xx, ifVersion }: Pick<SetOptions, 'nx' | 'xx' | 'ifVersion'>): Condition {
  const given = [nx === true, xx === true, ifVersion !== undefined].filter(Boolean).length;
  if (given > 1) throw new DcacheError('INVALID_ARGUMENT', 'nx, xx and ifVersion exclude each other; give one of them');
  if (nx === true) return { type: 'absent' };
  if (xx === true) return { type: 'present' };
  return ifVersion === undefined ? ALWAYS : { type: 'version', version: ifVersion };
}

/** Throws INVALID_ARGUMENT when the options contradict each other. */
export function lifetimeOf({ ttlMs, keepTtl }: Pick<SetOptions, 'ttlMs' | 'keepTtl'>): Lifetime {
  if (keepTtl === true) {
    if (ttlMs !== undefined) throw new DcacheError('INVALID_ARGUMENT', 'ttlMs and keepTtl exclude each other');
    return { type: 'keep' };
  }
  return ttlMs === undefined ? FOREVER : { type: 'ttl', ttlMs };
}

function isTimeout(timeoutMs: number): boolean {
  return Number.isFinite(timeoutMs) && timeoutMs >= 1 && timeoutMs <= LIMITS.maxRequestTimeoutMs;
}

function timeoutMessage(timeoutMs: number): string {
  return `the timeout is ${timeoutMs} ms; it must be from 1 to ${LIMITS.maxRequestTimeoutMs}`;
}
