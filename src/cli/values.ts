/** Values between bytes and what people and JSON can show. */
import { readFile } from 'node:fs/promises';
import { DcacheError } from '../base/errors.js';

/** For JSON: as text if it is UTF-8, else as base64. */
export function presentValue(value: Uint8Array): { value: string } | { valueBase64: string } {
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value) };
  } catch {
    return { valueBase64: Buffer.from(value).toString('base64') };
  }
}

/** For JSON: as text if it is UTF-8, else as base64. */
export function presentKey(key: Uint8Array): { key: string } | { keyBase64: string } {
  const shown = presentValue(key);
  return 'value' in shown ? { key: shown.value } : { keyBase64: shown.valueBase64 };
}

/** For people: as text if it is UTF-8 without line breaks and tabs, else as base64 that says so. */
export function presentLine(bytes: Uint8Array): string {
  const shown = presentValue(bytes);
  if ('value' in shown && !/[\r\n\t]/.test(shown.value)) return shown.value;
  return `base64:${Buffer.from(bytes).toString('base64')}`;
}

/** "29500 ms", or "for ever". */
export function presentTtl(ttlMs: number | null): string {
  return ttlMs === null ? 'for ever' : `${ttlMs} ms`;
}

/** The value to set: an argument, the bytes of a file, or all of stdin. Exactly one of the first two, else stdin. */
export async function readValue(argument: string | undefined, file: string | undefined): Promise<Buffer> {
  if (argument !== undefined && file !== undefined) {
    throw new DcacheError('INVALID_ARGUMENT', 'give the value as an argument or with --file, not both');
  }
  if (argument !== undefined) return Buffer.from(argument);
  if (file !== undefined) return readFileOrThrow(file);
  if (process.stdin.isTTY) {
    throw new DcacheError('INVALID_ARGUMENT', 'no value: give it as an argument, with --file, or on stdin');
  }
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(Buffer.from(part as Uint8Array));
  return Buffer.concat(parts);
}

async function readFileOrThrow(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DcacheError('INVALID_ARGUMENT', `--file cannot be read: ${reason}`, { cause: error });
  }
}
