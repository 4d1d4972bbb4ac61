/** A key with its value as files of `kv load` and `kv dump` hold them: one JSON object a line, or one row of a CSV table. */
import { DcacheError } from '../../base/errors.js';
import type { ScanItem } from '../../client/scan.js';
import { presentKey, presentValue } from '../values.js';

export interface KvRecord {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly ttlMs: number | undefined;
}

export const JSON_LINE_EXAMPLE = '{"key": "fruit", "value": "cherry"}, also keyBase64, valueBase64, ttlMs';
export const CSV_EXAMPLE = 'a first row "key,value" or "key,value,ttlMs", then rows like fruit,cherry';

/** Says where a file is wrong, and what was expected there. */
export function malformed(file: string, line: number, problem: string, expected: string): DcacheError {
  return new DcacheError('INVALID_ARGUMENT', `${file}, line ${line}: ${problem}. Expected: ${expected}`);
}

/** Throws a string, the problem, when the line is not a record. */
export function parseJsonLine(text: string): KvRecord {
  const json = parseObject(text);
  const known = new Set(['key', 'keyBase64', 'value', 'valueBase64', 'ttlMs', 'version']);
  const unknown = Object.keys(json).find((name) => !known.has(name));
  if (unknown !== undefined) throw new RecordProblem(`there is no field "${unknown}"`);
  return { key: bytesOf(json, 'key'), value: bytesOf(json, 'value'), ttlMs: ttlOf(json.ttlMs) };
}

/** One line for `kv load`: text where the bytes are UTF-8, else base64. */
export function writeJsonLine({ key, value, ttlMs }: ScanItem<Buffer, Buffer>): string {
  return `${JSON.stringify({ ...presentKey(key), ...presentValue(value), ...(ttlMs === null ? undefined : { ttlMs }) })}\n`;
}

/** What is wrong with a record; whoever knows the line makes a DcacheError of it. */
export class RecordProblem extends Error {
  override readonly name = 'RecordProblem';
}

/** A time to live in a record: a whole number of ms, nothing for no end. */
export function ttlOf(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const ttlMs = Number(value);
  if (Number.isSafeInteger(ttlMs) && ttlMs >= 1) return ttlMs;
  throw new RecordProblem(`ttlMs is ${JSON.stringify(value)}, not a whole number of at least 1`);
}

function parseObject(text: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new RecordProblem('it is no JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new RecordProblem('it is no JSON object');
  return json as Record<string, unknown>;
}

function bytesOf(json: Record<string, unknown>, name: 'key' | 'value'): Buffer {
  const text = json[name];
  const base64 = json[`${name}Base64`];
  if (text !== undefined && base64 !== undefined) throw new RecordProblem(`it has ${name} and ${name}Base64`);
  if (typeof text === 'string') return Buffer.from(text);
  if (typeof base64 === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return Buffer.from(base64, 'base64');
  if (text === undefined && base64 === undefined) throw new RecordProblem(`it has no ${name}`);
  throw new RecordProblem(text === undefined ? `${name}Base64 is no base64` : `${name} is no text`);
}
