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
