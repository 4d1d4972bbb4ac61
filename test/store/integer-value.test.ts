import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeInteger, encodeInteger, isInt64 } from '../../src/store/integer-value.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('every 64-bit integer is read back from the value that it was written as', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (integer) => {
      expect(decodeInteger(encodeInteger(integer))).toBe(integer);
    }),
  );
});

test.each(['-9223372036854775808', '-1', '0', '1', '9223372036854775807'])('%s is an integer', (text) => {
  expect(decodeInteger(bytes(text))).toBe(BigInt(text));
});

test.each([
  '',
  ' 1',
  '1 ',
  '+1',
  '-0',
  '00',
  '01',
  '1.0',
  '1e3',
  '0x1',
  'one',
  '9223372036854775808',
  '-9223372036854775809',
])('"%s" is not one', (text) => {
  expect(decodeInteger(bytes(text))).toBeUndefined();
});

test('bytes that are not text are not one', () => {
  expect(decodeInteger(Uint8Array.of(0xff, 0x31))).toBeUndefined();
  expect(decodeInteger(new Uint8Array(1_000_000))).toBeUndefined();
});

test('64 bits end where they end', () => {
  expect([isInt64(2n ** 63n - 1n), isInt64(2n ** 63n), isInt64(-(2n ** 63n)), isInt64(-(2n ** 63n) - 1n)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
