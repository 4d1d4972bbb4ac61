/** increment, decrement, append. */
import { expect, test } from 'vitest';
import { failure, freshKey, type KvContext } from './context.js';

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

export function numbersAndAppends({ client, bytes }: KvContext): void {
  test('a missing key counts as 0', async () => {
    const key = freshKey();
    expect(await client().increment(key)).toBe(1n);
    expect(await client().increment(key, 41)).toBe(42n);
    expect(await client().decrement(key, 2n)).toBe(40n);
    expect(await client().get(key)).toBe('40');
  });

  test('the value may go below 0 and be changed by 0', async () => {
    const key = freshKey();
    expect(await client().decrement(key, 5)).toBe(-5n);
    expect(await client().increment(key, 0)).toBe(-5n);
    expect(await client().get(key)).toBe('-5');
  });

  test('all 64 bits are exact', async () => {
    const key = freshKey();
    await client().set(key, (MAX - 1n).toString());
    expect(await client().increment(key)).toBe(MAX);
    expect(await client().get(key)).toBe('9223372036854775807');
    await client().set(key, '0');
    expect(await client().increment(key, MIN)).toBe(MIN);
    expect(await client().increment(key, MAX)).toBe(-1n);
  });

  test.each([
    ['beyond the largest', MAX, 1n],
    ['beyond the smallest', MIN, -1n],
    ['far beyond', MAX, MAX],
  ])('a sum %s is refused and changes nothing', async (_name, start, by) => {
    const key = freshKey();
    const { version } = await client().set(key, start.toString());
    expect(await failure(client().increment(key, by))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      outcome: 'not-done',
      message: expect.stringContaining('64 bits') as string,
    });
    expect(await client().getWithVersion(key)).toEqual({ value: start.toString(), version });
  });

  test.each(['', ' 1', '1 ', '+1', '01', '-0', '1.0', '1e3', '0x10', 'one', '9223372036854775808'])(
    'a value of "%s" is no integer and is left alone',
    async (value) => {
      const key = freshKey();
      const { version } = await client().set(key, value);
      expect(await failure(client().increment(key))).toMatchObject({ code: 'INVALID_ARGUMENT', outcome: 'not-done' });
      expect(await client().getWithVersion(key)).toEqual({ value, version });
    },
  );

  test('increments made at the same time are all counted, and each answer is another', async () => {
    const key = freshKey();
    const answers = await Promise.all(Array.from({ length: 100 }, () => client().increment(key)));
    expect(new Set(answers).size).toBe(100);
    expect(await client().get(key)).toBe('100');
  });

  test('append adds at the end and tells the length in bytes', async () => {
    const key = freshKey();
    expect(await client().append(key, 'ä')).toBe(2);
    expect(await client().append(key, '')).toBe(2);
    expect(await client().append(key, 'bc')).toBe(4);
    expect(await client().get(key)).toBe('äbc');
  });

  test('append takes any bytes', async () => {
    const key = freshKey();
    await bytes().append(key, Buffer.from([0xff]));
    await bytes().append(key, Buffer.from([0x00, 0x80]));
    expect(await bytes().get(key)).toEqual(Buffer.from([0xff, 0x00, 0x80]));
  });

  test('an append of nothing to a missing key makes an empty value', async () => {
    const key = freshKey();
    expect(await client().append(key, '')).toBe(0);
    expect(await client().get(key)).toBe('');
  });
}
