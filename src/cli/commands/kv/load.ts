import { Args, Flags } from '@oclif/core';
import { stat } from 'node:fs/promises';
import { asDcacheError, DcacheError } from '../../../base/errors.js';
import { forEachKey } from '../../../client/multi-key.js';
import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { ttlFlag, ttlOf } from '../../kv-flags.js';
import { startProgress } from '../../progress.js';
import type { KvRecord } from '../../records/record.js';
import { openRecords, readRecords, type RecordFormat } from '../../records/read-records.js';

/** Records are sent in batches of so many, or so many bytes. */
const BATCH_RECORDS = 1_000;
const BATCH_BYTES = 4 * 1024 * 1024;

export default class KvLoad extends BaseCommand {
  static override summary = 'Set the keys of a file';
  static override description =
    'JSON lines, as `kv dump` writes them: {"key": "fruit", "value": "cherry"}, with keyBase64 and valueBase64 for what is no text, and ttlMs if the key is to end. Or CSV with a first row key,value or key,value,ttlMs. A line that cannot be read ends the work; what stands before it is loaded.';
  static override examples = [
    '<%= config.bin %> kv load fruit.jsonl',
    '<%= config.bin %> kv load fruit.csv --ttl 1h',
    'ssh other dcache kv dump | <%= config.bin %> kv load -',
  ];
  static override args = {
    file: Args.string({ description: 'the file, or - for stdin', required: true, ignoreStdin: true }),
  };
  static override flags = {
    ...connectionFlags,
    ...ttlFlag,
    format: Flags.option({
      options: ['jsonl', 'csv'] as const,
      description: 'left out: csv for a name that ends in .csv, else jsonl',
      env: 'DCACHE_FORMAT',
    })(),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(KvLoad);
    const ttlMs = ttlOf(flags);
    const startedAtMs = performance.now();
    const loaded = await withClient(flags, (client) =>
      this.load(args.file, flags.format, async (batch) => {
        await forEachKey(batch, ({ key, value, ttlMs: own }) => client.set(key, value, { ttlMs: own ?? ttlMs }));
      }),
    );
    const seconds = (performance.now() - startedAtMs) / 1000;
    this.log(`${loaded} keys set in ${seconds.toFixed(1)} s`);
    return { loaded, seconds };
  }

  /** @returns how many records there were. */
  private async load(
    file: string,
    format: RecordFormat | undefined,
    send: (batch: readonly KvRecord[]) => Promise<void>,
  ): Promise<number> {
    const source = openRecords(file, format);
    const progress = await startProgress(await sizeOf(file), !this.jsonEnabled());
    let readBytes = 0;
    source.stream.on('data', (piece: string | Buffer) => (readBytes += piece.length));
    let batch: KvRecord[] = [];
    let batchBytes = 0;
    let done = 0;
    let sending = false;
    const flush = async (): Promise<void> => {
      sending = true;
      await send(batch);
      sending = false;
      done += batch.length;
      batch = [];
      batchBytes = 0;
      progress.update(readBytes, `${done} keys`);
    };
    try {
      for await (const record of readRecords(source)) {
        batch.push(record);
        batchBytes += record.key.length + record.value.length;
        if (batch.length >= BATCH_RECORDS || batchBytes >= BATCH_BYTES) await flush();
      }
      await flush();
    } catch (error) {
      const failure = asDcacheError(error);
      if (!sending) await flush(); // the file is at fault, and what stands before the line is not
      throw new DcacheError(failure.code, `${failure.message}. Before it, ${done} keys were set`, { cause: error });
    } finally {
      progress.stop();
    }
    return done;
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  if (file === '-') return undefined;
  try {
    return (await stat(file)).size;
  } catch {
    return undefined; // opening it says why, in words of its own
  }
}
