/** Keys and values of a benchmark: made from their number, so that neither is kept. */
import { DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { Prng } from '../../base/prng.js';

export interface EntrySize {
  readonly keyBytes: number;
  readonly valueBytes: number;
}

/** Begins every key that `dcache bench` writes, so that it can be told from others in a cluster that is in use. */
export const KEY_PREFIX = 'bench:';
/** Prefix and ten digits. */
export const KEY_BYTES = 16;
/** Values are windows of noise that no compression makes smaller; this many bytes are drawn once. */
const NOISE_BYTES = 64 * 1024;
/** Between the windows of neighbours: a prime, so that neighbours differ. */
const STRIDE = 61;

/** @param valueBytes 0 to the largest value. Throws VALUE_TOO_LARGE. */
export function checkValueBytes(valueBytes: number): number {
  if (Number.isInteger(valueBytes) && valueBytes >= 0 && valueBytes <= LIMITS.maxValueBytes) return valueBytes;
  throw new DcacheError(
    'VALUE_TOO_LARGE',
    `values of ${valueBytes} bytes cannot be kept; it must be a whole number from 0 to ${LIMITS.maxValueBytes}`,
  );
}

/** Of exactly `keyBytes` bytes, or as many as the digits need. */
export function plainKeyOf({ keyBytes }: EntrySize, n: number): Buffer {
  return Buffer.from(String(n).padStart(keyBytes, '0'));
}

export function keyOf(n: number): Buffer {
  return Buffer.from(KEY_PREFIX + String(n).padStart(KEY_BYTES - KEY_PREFIX.length, '0'));
}

/** Values of one length. */
export class Values {
  private readonly noise: Buffer;
  private readonly valueBytes: number;

  constructor(valueBytes: number) {
    this.valueBytes = valueBytes;
    this.noise = Buffer.alloc(NOISE_BYTES + valueBytes);
    const prng = new Prng(valueBytes);
    for (let i = 0; i + 4 <= this.noise.length; i += 4) this.noise.writeUInt32LE(prng.uint32(), i);
  }

  /** The bytes are shared with others; they never change. */
  of(n: number): Buffer {
    const from = (n * STRIDE) % NOISE_BYTES;
    return this.noise.subarray(from, from + this.valueBytes);
  }
}
