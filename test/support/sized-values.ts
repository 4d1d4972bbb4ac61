/**
 * Values of any size that a history can hold: it has "~NAME/BYTES", the cluster has so many bytes that follow from it. All other
 * values stand for themselves. A sized value that comes back with any byte changed becomes one that nobody has written.
 */

const SIZED = /^~[^ /]+\/(\d+)$/;

/** @param name unique, without spaces and slashes. @param bytes of the value; at least those of its own name are sent. */
export function sizedValue(name: string, bytes: number): string {
  return `~${name}/${bytes}`;
}

export function isSized(value: string): boolean {
  return SIZED.test(value);
}

/** What is sent for a value of a history. Longest for a sized one: its bytes. */
export function expand(value: string): string {
  const wanted = SIZED.exec(value)?.[1];
  if (wanted === undefined) return value;
  // The name again and again, so that bytes of another value, or in another place, are other bytes.
  const filler = `${value} `;
  const bytes = Math.max(Number(wanted), filler.length);
  return filler.repeat(Math.ceil(bytes / filler.length)).slice(0, bytes);
}

/** The value of a history that this is. */
export function contract(bytes: string): string {
  if (!bytes.startsWith('~')) return bytes;
  const value = bytes.slice(0, bytes.indexOf(' '));
  if (isSized(value) && expand(value) === bytes) return value;
  return `damaged: ${bytes.length} bytes that begin with ${bytes.slice(0, 40)}`;
}
