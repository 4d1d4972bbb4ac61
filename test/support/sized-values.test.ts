import { expect, test } from 'vitest';
import { contract, expand, sizedValue } from './sized-values.js';

test.each([0, 1, 20, 5_000, 3_000_000])('a value of %i bytes is its name in a history', (bytes) => {
  const value = sizedValue('c1.7', bytes);
  expect(expand(value).length).toBe(Math.max(bytes, `${value} `.length));
  expect(contract(expand(value))).toBe(value);
});

test('other values stand for themselves', () => {
  for (const value of ['', '12', 'a/b c']) expect(contract(expand(value))).toBe(value);
});

test('a value that was cut, lengthened, changed or mixed up is none that was written', () => {
  const value = expand(sizedValue('c1.7', 5_000));
  const other = expand(sizedValue('c1.8', 5_000));
  const wrong = [
    value.slice(0, -1),
    `${value}x`,
    `${value.slice(0, 4_000)}?${value.slice(4_001)}`,
    value.slice(0, 999) + other.slice(999),
  ];
  for (const bytes of wrong) expect(contract(bytes)).toMatch(/^damaged/);
});
