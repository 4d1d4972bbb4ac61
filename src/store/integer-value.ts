/** Values that increment works on: decimal text of a 64-bit signed integer, written exactly as we would write it. */
const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const LONGEST = 20;
const CANONICAL = /^(0|-?[1-9][0-9]*)$/;

/** The integer, or undefined when `value` is not one, has leading zeros or signs, or is beyond 64 bits. */
export function decodeInteger(value: Uint8Array): bigint | undefined {
  if (value.length === 0 || value.length > LONGEST) return undefined;
  const text = String.fromCharCode(...value);
  if (!CANONICAL.test(text)) return undefined;
  const integer = BigInt(text);
  return isInt64(integer) ? integer : undefined;
}

export function encodeInteger(integer: bigint): Uint8Array {
  return new TextEncoder().encode(integer.toString());
}

export function isInt64(integer: bigint): boolean {
  return integer >= MIN && integer <= MAX;
}
