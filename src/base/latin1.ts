/**
 * Bytes as a string with one character a byte and back: the cheapest way to use a byte string as a Map key. Not for
 * people: the string is not the text that the bytes encode.
 */

/** Characters handed to one String.fromCharCode call; far below the engines' limit on arguments. */
const CHUNK = 4096;

export function toLatin1(bytes: Uint8Array): string {
  if (bytes.length <= CHUNK) return String.fromCharCode(...bytes);
  let text = '';
  for (let i = 0; i < bytes.length; i += CHUNK) text += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return text;
}

/** The inverse of toLatin1; every character must be below 256. */
export function fromLatin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
