/** The records of a file or of stdin, one after the other, whatever its size. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { DcacheError } from '../../base/errors.js';
import { CsvProblem, CsvReader, type CsvRow } from './csv-rows.js';
import {
  CSV_EXAMPLE,
  JSON_LINE_EXAMPLE,
  malformed,
  parseJsonLine,
  RecordProblem,
  ttlOf,
  type KvRecord,
} from './record.js';

export type RecordFormat = 'jsonl' | 'csv';

export interface RecordSource {
  /** For messages. */
  readonly name: string;
  readonly format: RecordFormat;
  readonly stream: Readable;
}

/** @param path a file, or - for stdin. Reading fails later, in `readRecords`, if it cannot be opened. */
export function openRecords(path: string, format: RecordFormat | undefined): RecordSource {
  const stream = path === '-' ? process.stdin : createReadStream(path);
  const guessed = path.toLowerCase().endsWith('.csv') ? 'csv' : 'jsonl';
  return { name: path === '-' ? 'stdin' : path, format: format ?? guessed, stream };
}

/** Throws INVALID_ARGUMENT: file, line, and what was expected there. */
export async function* readRecords(source: RecordSource): AsyncGenerator<KvRecord, void, undefined> {
  try {
    yield* source.format === 'csv' ? readCsv(source) : readJsonLines(source);
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new DcacheError('INVALID_ARGUMENT', `${source.name} cannot be read: ${error.message}`, { cause: error });
  }
}

async function* readJsonLines({ name, stream }: RecordSource): AsyncGenerator<KvRecord, void, undefined> {
  let line = 0;
  const failed = new Promise<never>((_, reject) => stream.once('error', reject));
  failed.catch(() => undefined); // readline ends without a word when its input fails; the race below hears of it
  const lines = createInterface({ input: stream, crlfDelay: Infinity })[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([lines.next(), failed]);
    if (next.done === true) {
      if (stream.errored !== null) throw stream.errored;
      return;
    }
    line++;
    if (next.value.trim() !== '') yield locate(name, line, JSON_LINE_EXAMPLE, () => parseJsonLine(next.value));
  }
}

async function* readCsv({ name, stream }: RecordSource): AsyncGenerator<KvRecord, void, undefined> {
  const reader = new CsvReader();
  let header: readonly string[] | undefined;
  const take = (row: CsvRow): KvRecord | undefined => {
    if (header !== undefined) return recordOf(row, header);
    if (!row.fields.includes('key') || !row.fields.includes('value')) {
      throw new RecordProblem(`the first row is ${row.fields.join(',')}`);
    }
    header = row.fields;
    return undefined;
  };
  stream.setEncoding('utf8');
  for await (const text of stream) {
    const rows = reader.read(String(text));
    for (;;) {
      const row = locate(name, 0, CSV_EXAMPLE, () => rows.next());
      if (row.done === true) break;
      const record = locate(name, row.value.line, CSV_EXAMPLE, () => take(row.value));
      if (record !== undefined) yield record;
    }
  }
  const last = locate(name, 0, CSV_EXAMPLE, () => reader.end());
  const record = last && locate(name, last.line, CSV_EXAMPLE, () => take(last));
  if (record !== undefined) yield record;
}

function recordOf({ fields }: CsvRow, header: readonly string[]): KvRecord {
  if (fields.length !== header.length) {
    throw new RecordProblem(`it has ${fields.length} fields, the first row has ${header.length}`);
  }
  const field = (name: string): string => fields[header.indexOf(name)] ?? '';
  return { key: Buffer.from(field('key')), value: Buffer.from(field('value')), ttlMs: ttlOf(field('ttlMs')) };
}

/** Says where a problem is. A CsvProblem knows its line itself. */
function locate<T>(file: string, line: number, expected: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CsvProblem) throw malformed(file, error.line, error.message, expected);
    if (error instanceof RecordProblem) throw malformed(file, line, error.message, expected);
    throw error;
  }
}
