/** Scans a prefix page by page, as an async iterator. */
import { DcacheError } from '../base/errors.js';
import { EMPTY_BYTES } from '../base/bytes.js';
import { LIMITS } from '../base/limits.js';
import type { ScanEntry } from '../store/requests.js';
import { decodeText } from './codec.js';
import { encodeKey, type CallOptions, type Key } from './options.js';
import type { Requester } from './requester.js';

/** `timeoutMs` is for one page. */
export interface ScanOptions extends CallOptions {
  /** What the keys begin with; every key if left out. */
  readonly prefix?: Key | undefined;
  /** Most keys of one page: 1 to 10,000, 1,000 if left out. Pages also end at about 1 MiB. */
  readonly pageSize?: number | undefined;
}

/** Gives keys as they are, for keys that are no text. */
export interface BytesKeys {
  readonly keyType: 'bytes';
}

export interface ScanItem<K, V> {
  readonly key: K;
  readonly value: V;
  readonly version: number;
  /** Time left in ms, null when the key lives for ever. */
  readonly ttlMs: number | null;
}

/** The entries as the nodes send them. Each page is asked for when the one before has been used up. */
export async function* scanEntries(
  requester: Requester,
  options: ScanOptions,
  withValues: boolean,
): AsyncGenerator<ScanEntry, void, undefined> {
  const prefix = options.prefix === undefined || options.prefix === '' ? EMPTY_BYTES : encodeKey(options.prefix);
  const limit = options.pageSize ?? LIMITS.defaultScanPage;
  let cursor = EMPTY_BYTES;
  do {
    const page = await requester.execute({ type: 'scan', prefix, cursor, limit, withValues }, options);
    yield* page.entries;
    cursor = page.cursor;
  } while (cursor.length > 0);
}

/** The key as the caller wants it. Throws VALUE_UNREADABLE for a key that is no text unless bytes are asked for. */
export function keyOf({ key }: ScanEntry, options: ScanOptions & Partial<BytesKeys>): string | Buffer {
  if (options.keyType === 'bytes') return Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  try {
    return decodeText('the key', key);
  } catch (error) {
    throw new DcacheError(
      'VALUE_UNREADABLE',
      `the key ${Buffer.from(key).toString('hex')} (in hex) is no UTF-8 text; scan with keyType: 'bytes'`,
      { cause: error },
    );
  }
}
