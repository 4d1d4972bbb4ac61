import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readRecords, openRecords, type RecordFormat } from '../../../src/cli/records/read-records.js';
import { writeJsonLine, type KvRecord } from '../../../src/cli/records/record.js';

async function recordsOf(format: RecordFormat, text: string): Promise<KvRecord[]> {
  const all: KvRecord[] = [];
  for await (const record of readRecords({ name: 'file', format, stream: Readable.from([text]) })) all.push(record);
  return all;
}

test('a JSON line is a key and a value, as text or as base64, with a time to live if it has one', async () => {
  const lines = ['{"key": "a", "value": "ä"}', '', '{"keyBase64": "/w==", "valueBase64": "AAE=", "ttlMs": 5}'];
  expect(await recordsOf('jsonl', lines.join('\n'))).toEqual([
    { key: Buffer.from('a'), value: Buffer.from('ä'), ttlMs: undefined },
    { key: Buffer.from([0xff]), value: Buffer.from([0, 1]), ttlMs: 5 },
  ]);
});

test('what dump writes load reads', async () => {
  const items = [
    { key: Buffer.from('k'), value: Buffer.from('two\nlines'), version: 1, ttlMs: null },
    { key: Buffer.from([0, 255]), value: Buffer.from([128]), version: 2, ttlMs: 7 },
  ];
  const read = await recordsOf('jsonl', items.map(writeJsonLine).join(''));
  expect(read).toEqual(items.map(({ key, value, ttlMs }) => ({ key, value, ttlMs: ttlMs ?? undefined })));
});

test('a CSV row is a record, with the columns in any order', async () => {
  expect(await recordsOf('csv', 'value,ttlMs,key\n"a,b",,x\n1,500,y')).toEqual([
    { key: Buffer.from('x'), value: Buffer.from('a,b'), ttlMs: undefined },
    { key: Buffer.from('y'), value: Buffer.from('1'), ttlMs: 500 },
  ]);
});

test.each<[RecordFormat, string, string]>([
  ['jsonl', '{"key": "a", "value": "1"}\nkey=a', 'file, line 2: it is no JSON.'],
  ['jsonl', '[]', 'line 1: it is no JSON object'],
  ['jsonl', '\n\n{"value": "1"}', 'line 3: it has no key'],
  ['jsonl', '{"key": "a"}', 'line 1: it has no value'],
  ['jsonl', '{"key": 7, "value": "1"}', 'key is no text'],
  ['jsonl', '{"key": "a", "valueBase64": "?"}', 'valueBase64 is no base64'],
  ['jsonl', '{"key": "a", "value": "1", "valueBase64": "MQ=="}', 'it has value and valueBase64'],
  ['jsonl', '{"key": "a", "value": "1", "ttl": 5}', 'there is no field "ttl"'],
  ['jsonl', '{"key": "a", "value": "1", "ttlMs": -5}', 'ttlMs is -5'],
  ['csv', 'fruit,cherry', 'line 1: the first row is fruit,cherry'],
  ['csv', 'key,value\na,b\nc', 'line 3: it has 1 fields, the first row has 2'],
  ['csv', 'key,value\na,"b"c', 'line 2: something follows the closing quote'],
  ['csv', 'key,value\na,"b\n\n', 'line 2: a quote is opened here and never closed'],
])('%s %j is refused: %s', async (format, text, message) => {
  await expect(recordsOf(format, text)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(
      new RegExp(`${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}.*Expected: `),
    ) as string,
  });
});

test.each<RecordFormat>(['jsonl', 'csv'])('a %s file that is not there is named', async (format) => {
  const records = readRecords(openRecords('/nowhere/fruit', format));
  await expect(records.next()).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('/nowhere/fruit cannot be read') as string,
  });
});
