/**
 * The client library. Requests made in one turn of the event loop travel together, straight to the node that leads once the
 * client knows it; any node takes them there if need be.
 *
 * Every request has one of three outcomes, and `DcacheError.outcome` keeps the last two apart:
 * - done: the promise resolves;
 * - definitely not done: it rejects, `outcome` is 'not-done';
 * - unknown: it rejects, `outcome` is 'unknown'. A write may be done, or be done a moment later. Read the key to find out.
 */
import { asDcacheError, DcacheError } from '../base/errors.js';
import { toLatin1 } from '../base/latin1.js';
import { kindOf, stringCodec, type Codec } from './codec.js';
import { forEachKey } from './multi-key.js';
import {
  checkClientOptions,
  conditionOf,
  encodeKey,
  lifetimeOf,
  type CallOptions,
  type DcacheClientOptions,
  type DeleteOptions,
  type Key,
  type SetOptions,
} from './options.js';
import type { LossEvent } from './loss-watch.js';
import { Requester } from './requester.js';
import { keyOf, scanEntries, type BytesKeys, type ScanItem, type ScanOptions } from './scan.js';
import { SingleFlight } from './single-flight.js';

/** A value and its version, which grows with every change of the value and is never used twice for a key. */
export interface Versioned<V> {
  readonly value: V;
  readonly version: number;
}

export interface SetResult<V> {
  /** False when the condition did not hold; nothing has changed then. */
  readonly applied: boolean;
  /** Version of the value that the key has now, 0 when it does not exist. */
  readonly version: number;
  /** The value before; undefined when there was none or it was not asked for. */
  readonly old: V | undefined;
}

export interface KeyState {
  readonly version: number;
  readonly valueBytes: number;
  /** Time left in ms, null when the key lives for ever. */
  readonly ttlMs: number | null;
}

/**
 * @typeParam V type of the values, which follows from the codec: `new DcacheClient()` keeps strings,
 * `new DcacheClient({ codec: jsonCodec })` what JSON can say, `new DcacheClient({ codec: bufferCodec })` bytes.
 *
 * All methods reject with a DcacheError. INVALID_ARGUMENT, KEY_TOO_LARGE and VALUE_TOO_LARGE mean that the arguments are
 * wrong and nothing was sent. Reads are linearizable: they see every write that was done before they were called.
 */
export class DcacheClient<V = string> {
  private readonly requester: Requester;
  private readonly codec: Codec<V>;
  private readonly flights = new SingleFlight<V>();
  private readonly lossListeners = new Set<(loss: LossEvent) => void>();

  /** Connects with the first request. Throws CONFIG_INVALID. */
  constructor(options: DcacheClientOptions<V> = {}) {
    this.requester = new Requester(checkClientOptions(options), (loss) => {
      for (const listener of this.lossListeners) listener(loss);
    });
    // Without a codec there is nothing to infer V from, so that it is its default, string.
    this.codec = options.codec ?? (stringCodec as unknown as Codec<V>);
  }

  /**
   * Calls `listener` when the cluster has lost data: a loss was declared after more nodes than the code can bear had lost what they held, or all
   * nodes were started anew. From then on keys may be missing that were never deleted. Told while the client is connected, that is
   * from its first request on; a loss from before is not.
   */
  on(event: 'loss', listener: (loss: LossEvent) => void): this {
    checkEvent(event);
    this.lossListeners.add(listener);
    return this;
  }

  /** Takes a listener away. */
  off(event: 'loss', listener: (loss: LossEvent) => void): this {
    checkEvent(event);
    this.lossListeners.delete(listener);
    return this;
  }

  /** The value of a key, undefined when it does not exist. */
  async get(key: Key, options?: CallOptions): Promise<V | undefined> {
    const { value } = await this.requester.execute({ type: 'get', key: encodeKey(key) }, options);
    return value === null ? undefined : this.decode(value);
  }

  /** The value of a key with its version, for a later `ifVersion`; undefined when it does not exist. */
  async getWithVersion(key: Key, options?: CallOptions): Promise<Versioned<V> | undefined> {
    const { value, version } = await this.requester.execute({ type: 'get', key: encodeKey(key) }, options);
    return value === null ? undefined : { value: this.decode(value), version };
  }

  /** Stores a value. A condition that does not hold is no error: `applied` says so. */
  async set(key: Key, value: V, options: SetOptions = {}): Promise<SetResult<V>> {
    const { applied, version, old } = await this.requester.execute(
      {
        type: 'set',
        key: encodeKey(key),
        value: this.encode(value),
        lifetime: lifetimeOf(options),
        condition: conditionOf(options),
        returnOld: options.getOld === true,
      },
      options,
    );
    return { applied, version, old: old === null ? undefined : this.decode(old) };
  }

  /** Whether a value was removed. */
  async delete(key: Key, options: DeleteOptions = {}): Promise<boolean> {
    const condition = conditionOf(options);
    return (await this.requester.execute({ type: 'delete', key: encodeKey(key), condition }, options)).deleted;
  }

  async exists(key: Key, options?: CallOptions): Promise<boolean> {
    return (await this.inspect(key, options)) !== undefined;
  }

  /** What there is to know about a key without its value, undefined when it does not exist. */
  async inspect(key: Key, options?: CallOptions): Promise<KeyState | undefined> {
    const reply = await this.requester.execute({ type: 'inspect', key: encodeKey(key) }, options);
    if (!reply.found) return undefined;
    const { version, valueBytes, ttlMs } = reply;
    return { version, valueBytes, ttlMs };
  }

  /** Time that a key has left in ms, null when it lives for ever, undefined when it does not exist. */
  async ttl(key: Key, options?: CallOptions): Promise<number | null | undefined> {
    return (await this.inspect(key, options))?.ttlMs;
  }

  /**
   * Gives a key a time to live from now on.
   * @param ttlMs a whole number of ms, from 1 to about 100 years. To remove a key now, delete it.
   * @returns whether the key was there.
   */
  async expire(key: Key, ttlMs: number, options?: CallOptions): Promise<boolean> {
    const lifetime = { type: 'ttl', ttlMs } as const;
    return (await this.requester.execute({ type: 'expire', key: encodeKey(key), lifetime }, options)).changed;
  }

  /** Lets a key live for ever. @returns whether it was there and had a time to live. */
  async persist(key: Key, options?: CallOptions): Promise<boolean> {
    const lifetime = { type: 'forever' } as const;
    return (await this.requester.execute({ type: 'expire', key: encodeKey(key), lifetime }, options)).changed;
  }

  /**
   * Adds to a decimal 64-bit signed integer; a missing key counts as 0. The value is kept as decimal text, whatever the codec.
   * Rejects with INVALID_ARGUMENT, and changes nothing, when the value is no such integer or the sum does not fit.
   * @param by a bigint, or a whole number that is exact (Number.isSafeInteger).
   */
  async increment(key: Key, by: bigint | number = 1n, options?: CallOptions): Promise<bigint> {
    const request = { type: 'increment', key: encodeKey(key), delta: wholeBigInt(by) } as const;
    return (await this.requester.execute(request, options)).value;
  }

  /** `increment` the other way. */
  async decrement(key: Key, by: bigint | number = 1n, options?: CallOptions): Promise<bigint> {
    return this.increment(key, -wholeBigInt(by), options);
  }

  /**
   * Adds bytes at the end of a value; a missing key counts as empty.
   * @param value the encoded bytes are added, so that the codec has to make sense of the two behind one another, as strings and
   * Buffers do and JSON does not.
   * @returns length of the value now, in bytes.
   */
  async append(key: Key, value: V, options?: CallOptions): Promise<number> {
    const request = { type: 'append', key: encodeKey(key), value: this.encode(value) } as const;
    return (await this.requester.execute(request, options)).valueBytes;
  }

  /** The values of keys, in their order, undefined where there is none. Each key is read for itself. */
  async mget(keys: Iterable<Key>, options?: CallOptions): Promise<(V | undefined)[]> {
    return forEachKey(listOf('keys', keys), (key) => this.get(key, options));
  }

  /**
   * Sets keys, each atomically and for itself: others can see some of them set and some not yet.
   * Rejects with a DcacheBatchError that says which failed; the others are set then.
   * @param entries pairs, such as a Map. @returns versions, in the order of the entries.
   */
  async mset(
    entries: Iterable<readonly [Key, V]>,
    options?: Pick<SetOptions, 'ttlMs' | 'keepTtl' | 'timeoutMs' | 'signal'>,
  ): Promise<number[]> {
    const results = await forEachKey(listOf('entries', entries), ([key, value]) => this.set(key, value, options));
    return results.map(({ version }) => version);
  }

  /** Deletes keys, each for itself. @returns for each whether it was there. Rejects as `mset` does. */
  async mdel(keys: Iterable<Key>, options?: CallOptions): Promise<boolean[]> {
    return forEachKey(listOf('keys', keys), (key) => this.delete(key, options));
  }

  /**
   * Keys of a prefix with their values, in no order that you may rely on. A key that is there all the time comes at least once,
   * one that is set or deleted meanwhile may come or not; each value is one that the key had meanwhile.
   */
  scan(options: ScanOptions & BytesKeys): AsyncIterableIterator<ScanItem<Buffer, V>>;
  scan(options?: ScanOptions): AsyncIterableIterator<ScanItem<string, V>>;
  async *scan(options: ScanOptions & Partial<BytesKeys> = {}): AsyncIterableIterator<ScanItem<string | Buffer, V>> {
    for await (const entry of scanEntries(this.requester, options, true)) {
      const { version, ttlMs } = entry;
      yield { key: keyOf(entry, options), value: this.decode(entry.value), version, ttlMs };
    }
  }

  /** Keys of a prefix; otherwise as `scan`. */
  keys(options: ScanOptions & BytesKeys): AsyncIterableIterator<Buffer>;
  keys(options?: ScanOptions): AsyncIterableIterator<string>;
  async *keys(options: ScanOptions & Partial<BytesKeys> = {}): AsyncIterableIterator<string | Buffer> {
    for await (const entry of scanEntries(this.requester, options, false)) yield keyOf(entry, options);
  }

  /** How many keys there are. */
  async count(options?: CallOptions): Promise<number> {
    return (await this.requester.execute({ type: 'count' }, options)).keys;
  }

  /** Removes every key of the whole cache. @returns how many there were. */
  async flush(options?: CallOptions): Promise<number> {
    return (await this.requester.execute({ type: 'flush' }, options)).removed;
  }

  /**
   * The value of a key or, when it does not exist, what `produce` makes, which is stored. Callers of one client that miss the same
   * key at the same time share one `produce`. Of several clients the first to store wins, and all get its value.
   * Rejects with what `produce` throws; nothing is stored then.
   */
  async getOrSet(
    key: Key,
    produce: () => V | Promise<V>,
    options: Pick<SetOptions, 'ttlMs' | 'timeoutMs' | 'signal'> = {},
  ): Promise<V> {
    const { signal, ...rest } = options;
    const work = async (): Promise<V> => {
      const found = await this.getWithVersion(key, rest);
      if (found !== undefined) return found.value;
      const value = await produce();
      const { applied, old } = await this.set(key, value, { ...rest, nx: true, getOld: true });
      return applied || old === undefined ? value : old;
    };
    return this.flights.run(toLatin1(encodeKey(key)), work, signal);
  }

  /** Accepts nothing more, waits for what is under way (no longer than its deadlines), and disconnects. Idempotent. */
  close(): Promise<void> {
    return this.requester.close();
  }

  private encode(value: V): Uint8Array {
    try {
      return this.codec.encode(value);
    } catch (error) {
      if (error instanceof DcacheError) throw error;
      throw new DcacheError('INVALID_ARGUMENT', `the value cannot be encoded: ${asDcacheError(error).message}`, {
        cause: error,
      });
    }
  }

  private decode(bytes: Uint8Array): V {
    try {
      return this.codec.decode(bytes);
    } catch (error) {
      const reason = asDcacheError(error).message;
      throw new DcacheError('VALUE_UNREADABLE', `the value is there but cannot be decoded: ${reason}`, {
        cause: error,
      });
    }
  }
}

/** From JavaScript anything may come. */
function checkEvent(event: string): void {
  if (event !== 'loss') throw new DcacheError('INVALID_ARGUMENT', `there is no event "${event}"; there is "loss"`);
}

function wholeBigInt(by: bigint | number): bigint {
  if (typeof by === 'bigint') return by;
  if (Number.isSafeInteger(by)) return BigInt(by);
  const given = typeof by === 'number' ? String(by) : kindOf(by);
  throw new DcacheError(
    'INVALID_ARGUMENT',
    `the increment is ${given}; it must be a whole number, beyond 2^53 a bigint`,
  );
}

/** A string is an iterable too, of its letters, which nobody means. */
function listOf<T>(what: string, items: Iterable<T>): T[] {
  if (typeof items === 'object' && items !== null && Symbol.iterator in items) return [...items];
  throw new DcacheError(
    'INVALID_ARGUMENT',
    `the ${what} are ${kindOf(items)}; they must be an array or another iterable`,
  );
}
