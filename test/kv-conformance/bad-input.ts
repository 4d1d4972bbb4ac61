/** Arguments that the client refuses: a typed error that names the limit, and nothing is changed. */
import { expect, test } from 'vitest';
import { DcacheClient, jsonCodec, type DcacheError, type Key } from '../../src/index.js';
import { LIMITS } from '../../src/base/limits.js';
import { collect, failure, freshKey, type KvContext } from './context.js';

/** What a caller without a type checker may pass. */
const untyped = <T>(value: unknown): T => value as T;

export function badInput({ client, bytes, endpoints, largeValueBytes }: KvContext): void {
  /** `work` is refused as `expected`, and the key it is given is as it was. */
  async function refuses(work: (key: string) => Promise<unknown>, expected: Partial<DcacheError>): Promise<void> {
    const key = freshKey('refused');
    const { version } = await client().set(key, '7', { ttlMs: 600_000 });
    expect(await failure(work(key))).toMatchObject({ name: 'DcacheError', outcome: 'not-done', ...expected });
    expect(await client().getWithVersion(key)).toEqual({ value: '7', version });
    expect(await client().ttl(key)).toBeGreaterThan(0);
  }

  const tooLong = Buffer.alloc(LIMITS.maxKeyBytes + 1, 0x6b);

  test.each<[string, (key: Key) => Promise<unknown>]>([
    ['get', (key) => client().get(key)],
    ['set', (key) => client().set(key, 'v')],
    ['delete', (key) => client().delete(key)],
    ['exists', (key) => client().exists(key)],
    ['ttl', (key) => client().ttl(key)],
    ['expire', (key) => client().expire(key, 1_000)],
    ['persist', (key) => client().persist(key)],
    ['increment', (key) => client().increment(key)],
    ['append', (key) => client().append(key, 'v')],
    ['getOrSet', (key) => client().getOrSet(key, () => 'v')],
  ])('%s refuses an empty key, one that is too long, and what is no key', async (_name, ask) => {
    expect(await failure(ask(''))).toMatchObject({ code: 'KEY_TOO_LARGE', outcome: 'not-done' });
    const error = await failure(ask(tooLong));
    expect(error).toMatchObject({ code: 'KEY_TOO_LARGE', outcome: 'not-done' });
    expect(error.message).toContain(String(LIMITS.maxKeyBytes));
    expect(await client().exists(Buffer.from(tooLong.subarray(1)))).toBe(false);
    for (const key of [7, null, undefined, {}, ['k']]) {
      const refusal = Promise.resolve().then(() => ask(untyped(key)));
      expect(await failure(refusal)).toMatchObject({ code: 'INVALID_ARGUMENT', outcome: 'not-done' });
    }
  });

  test('a value that is one byte too long', () =>
    refuses((key) => bytes().set(key, Buffer.alloc(LIMITS.maxValueBytes + 1)), { code: 'VALUE_TOO_LARGE' }));

  test('an append of one byte more than a value may have', () =>
    refuses((key) => bytes().append(key, Buffer.alloc(LIMITS.maxValueBytes + 1)), { code: 'VALUE_TOO_LARGE' }));

  test('an append that makes a value too long', { skip: largeValueBytes < LIMITS.maxValueBytes }, () =>
    refuses((key) => bytes().append(key, Buffer.alloc(LIMITS.maxValueBytes), { timeoutMs: 50_000 }), {
      code: 'VALUE_TOO_LARGE',
    }),
  );

  test.each([0, -1, 1.5, NaN, Infinity, LIMITS.maxTtlMs + 1, Number.MAX_SAFE_INTEGER, untyped<number>('1000')])(
    'a time to live of %s',
    async (ttlMs) => {
      await refuses((key) => client().set(key, 'v', { ttlMs }), { code: 'INVALID_ARGUMENT' });
      await refuses((key) => client().expire(key, ttlMs), { code: 'INVALID_ARGUMENT' });
      await refuses((key) => client().mset([[key, 'v']], { ttlMs }), { code: 'INVALID_ARGUMENT' });
    },
  );

  test.each([2n ** 63n, -(2n ** 63n) - 1n, 1.5, NaN, 2 ** 53, untyped<number>('1')])('an increment by %s', (by) =>
    refuses((key) => client().increment(key, by), { code: 'INVALID_ARGUMENT' }),
  );

  test('a decrement by the smallest integer, whose negative does not exist', () =>
    refuses((key) => client().decrement(key, -(2n ** 63n)), { code: 'INVALID_ARGUMENT' }));

  test.each([0, -1, 1.5, 2 ** 53, untyped<number>('1')])('a condition on version %s', async (ifVersion) => {
    await refuses((key) => client().set(key, 'v', { ifVersion }), { code: 'INVALID_ARGUMENT' });
    await refuses((key) => client().delete(key, { ifVersion }), { code: 'INVALID_ARGUMENT' });
  });

  test('options that exclude each other', async () => {
    const code = 'INVALID_ARGUMENT';
    await refuses((key) => client().set(key, 'v', { nx: true, xx: true }), { code });
    await refuses((key) => client().set(key, 'v', { nx: true, ifVersion: 1 }), { code });
    await refuses((key) => client().set(key, 'v', { keepTtl: true, ttlMs: 1 }), { code });
  });

  test.each([7, null, undefined, {}, Buffer.from('v')])('%s where a string is asked for', (value) =>
    refuses((key) => client().set(key, untyped(value)), { code: 'INVALID_ARGUMENT' }),
  );

  test.each([7, null, undefined, 'v', [1]])('%s where a Buffer is asked for', (value) =>
    refuses((key) => bytes().set(key, untyped(value)), { code: 'INVALID_ARGUMENT' }),
  );

  test('text that no UTF-8 stands for, as a key and as a value', async () => {
    await refuses((key) => client().set(key, 'half a pair: \ud83c'), { code: 'INVALID_ARGUMENT' });
    await refuses((key) => client().set(`${key}\udf52`, 'v'), { code: 'INVALID_ARGUMENT' });
  });

  test('what JSON has no word for', async () => {
    const json = new DcacheClient({ endpoints: endpoints(), codec: jsonCodec });
    await refuses((key) => json.set(key, untyped(undefined)), { code: 'INVALID_ARGUMENT' });
    await refuses(
      (key) =>
        json.set(
          key,
          untyped(() => 7),
        ),
      { code: 'INVALID_ARGUMENT' },
    );
    await refuses((key) => json.set(key, untyped(7n)), { code: 'INVALID_ARGUMENT' });
    await json.close();
  });

  test('a value that is no text, read as text, is there but unreadable', async () => {
    const key = freshKey();
    await bytes().set(key, Buffer.from([0xc3, 0x28]));
    expect(await failure(client().get(key))).toMatchObject({ code: 'VALUE_UNREADABLE' });
    const json = new DcacheClient({ endpoints: endpoints(), codec: jsonCodec });
    await bytes().set(key, Buffer.from('{"half":'));
    expect(await failure(json.get(key))).toMatchObject({ code: 'VALUE_UNREADABLE' });
    await json.close();
  });

  test.each([0, -1, 1.5, LIMITS.maxScanPage + 1])('a scan by pages of %s', async (pageSize) => {
    expect(await failure(collect(client().scan({ pageSize })))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('a scan of a prefix that is longer than a key', async () => {
    expect(await failure(collect(client().scan({ prefix: tooLong })))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test.each([0, -1, NaN, LIMITS.maxRequestTimeoutMs + 1])('a timeout of %s', (timeoutMs) =>
    refuses((key) => client().set(key, 'v', { timeoutMs }), { code: 'INVALID_ARGUMENT' }),
  );

  test('a request that was given up before it was made', () =>
    refuses((key) => client().set(key, 'v', { signal: AbortSignal.abort() }), { code: 'CANCELLED' }));
}
