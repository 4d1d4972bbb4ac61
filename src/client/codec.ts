/** How values become bytes and bytes values. A codec is chosen once, for all values of a client. */
import { DcacheError } from '../base/errors.js';

/**
 * Must be pure: the same value gives the same bytes. What either function throws reaches the caller as a DcacheError, with
 * INVALID_ARGUMENT from `encode` (nothing was sent) and VALUE_UNREADABLE from `decode`.
 */
export interface Codec<V> {
  /** The bytes are handed over: nobody may write to them until the request is answered. */
  encode(value: V): Uint8Array;
  /** `bytes` belongs to the callee. */
  decode(bytes: Uint8Array): V;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text as UTF-8. Bytes that are no UTF-8, and strings with half a surrogate pair, are refused rather than mended. */
export const stringCodec: Codec<string> = {
  encode: (value) => encodeText('the value', value),
  decode: (bytes) => decodeText('the value', bytes),
};

/** Bytes as they are, not copied on the way in or out. */
export const bufferCodec: Codec<Buffer> = {
  encode(value) {
    if (value instanceof Uint8Array) return value;
    throw new DcacheError('INVALID_ARGUMENT', `the value is ${kindOf(value)}; it must be a Buffer`);
  },
  decode: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
};

/** What JSON can say. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue | undefined };

/** JSON text. What JSON has no word for (undefined, functions, BigInt) is refused at the top, as JSON.stringify does below. */
export const jsonCodec: Codec<JsonValue> = {
  encode(value) {
    const text: unknown = JSON.stringify(value);
    if (typeof text !== 'string') throw new DcacheError('INVALID_ARGUMENT', `JSON has no word for ${kindOf(value)}`);
    return Buffer.from(text);
  },
  decode: (bytes) => JSON.parse(decodeText('the value', bytes)) as JsonValue,
};

/**
 * JSON text of values of one type.
 * @param read turns parsed JSON into the type, and throws when it is something else. What was stored by another version of
 * a program, or by another program, is recognised here and not three calls later.
 */
export function jsonCodecOf<V extends JsonValue>(read: (json: JsonValue) => V): Codec<V> {
  return { encode: (value) => jsonCodec.encode(value), decode: (bytes) => read(jsonCodec.decode(bytes)) };
}

/** The UTF-8 bytes of a string. Throws INVALID_ARGUMENT for anything else, `what` being its name in the message. */
export function encodeText(what: string, text: unknown): Buffer {
  if (typeof text !== 'string') {
    throw new DcacheError('INVALID_ARGUMENT', `${what} is ${kindOf(text)}; it must be a string`);
  }
  if (/\p{Surrogate}/u.test(text)) {
    throw new DcacheError('INVALID_ARGUMENT', `${what} has half a surrogate pair, which no UTF-8 stands for`);
  }
  return Buffer.from(text);
}

/** Throws INVALID_ARGUMENT when `bytes` is no UTF-8. */
export function decodeText(what: string, bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (error) {
    throw new DcacheError('INVALID_ARGUMENT', `${what} is no UTF-8 text`, { cause: error });
  }
}

/** "a number", "null", for messages about wrong types. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
