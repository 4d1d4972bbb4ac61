import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDuration, splitEndpoints } from '../../src/cli/base-command.js';
import { presentValue, readValue } from '../../src/cli/values.js';

test.each([
  ['', { value: '' }],
  ['cherry', { value: 'cherry' }],
  ['süß', { value: 'süß' }],
])('text "%s" is shown as it is', (text, shown) => {
  expect(presentValue(Buffer.from(text))).toEqual(shown);
});

test('bytes that are no text are shown in base64, and not guessed at', () => {
  expect(presentValue(Uint8Array.of(0xff, 0xfe))).toEqual({ valueBase64: '//4=' });
});

test('a byte order mark is part of the value', () => {
  expect(presentValue(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toEqual({ value: '\ufeffa' });
});

test('a value is the argument, or the bytes of a file, not both', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dcache-values-'));
  try {
    const file = join(folder, 'value');
    writeFileSync(file, Buffer.of(0, 0xff, 10));
    expect(await readValue('cherry', undefined)).toEqual(Buffer.from('cherry'));
    expect(await readValue('', undefined)).toEqual(Buffer.of());
    expect(await readValue(undefined, file)).toEqual(Buffer.of(0, 0xff, 10));
    await expect(readValue('cherry', file)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(readValue(undefined, join(folder, 'absent'))).rejects.toThrow(/^--file cannot be read: .*ENOENT/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ['500ms', 500],
  ['5s', 5_000],
  ['1.5h', 5_400_000],
  [' 2m ', 120_000],
  ['1d', 86_400_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration('timeout', text)).toBe(ms);
});

test.each(['', '5', 's', '-5s', '5 s', '1e3s', 'five', '5s5', `${'9'.repeat(16)}s`])('"%s" is no duration', (text) => {
  expect(() => parseDuration('timeout', text)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('--timeout is') as string }),
  );
});

test('endpoints are separated by commas, with or without spaces', () => {
  expect(splitEndpoints(' a:1, b:2,,')).toEqual(['a:1', 'b:2']);
  expect(splitEndpoints('')).toEqual([]);
});
