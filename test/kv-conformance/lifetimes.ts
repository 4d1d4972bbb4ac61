/** Time to live: set, expire, persist, ttl. */
import { expect, test } from 'vitest';
import { LIMITS } from '../../src/base/limits.js';
import { eventually, freshKey, type KvContext } from './context.js';

const LONG_MS = 600_000;
const SHORT_MS = 30;

export function lifetimes({ client }: KvContext): void {
  const gone = (key: string): Promise<string | undefined> =>
    eventually(
      () => client().get(key),
      (value) => value === undefined,
    );

  test('a key lives for ever unless told otherwise', async () => {
    const key = freshKey();
    await client().set(key, 'v');
    expect(await client().ttl(key)).toBeNull();
  });

  test('a key with a time to live ends by itself', async () => {
    const key = freshKey();
    await client().set(key, 'v', { ttlMs: SHORT_MS });
    await gone(key);
    expect(await client().exists(key)).toBe(false);
    expect(await client().ttl(key)).toBeUndefined();
    expect(await client().delete(key)).toBe(false);
    expect((await client().set(key, 'w', { nx: true })).applied).toBe(true);
  });

  test('an expired key is not in a scan and not counted', async () => {
    const key = freshKey('expired-and-counted');
    const before = await client().count();
    await client().set(key, 'v', { ttlMs: SHORT_MS });
    await gone(key);
    expect(await client().keys({ prefix: key }).next()).toMatchObject({ done: true });
    expect(await client().count()).toBe(before);
  });

  test('ttl tells the time left', async () => {
    const key = freshKey();
    await client().set(key, 'v', { ttlMs: LONG_MS });
    const left = await client().ttl(key);
    expect(left).toBeGreaterThan(LONG_MS - 60_000);
    expect(left).toBeLessThanOrEqual(LONG_MS + 1_000);
    expect(await client().inspect(key)).toMatchObject({ valueBytes: 1 });
  });

  test('a set without a time to live takes it away', async () => {
    const key = freshKey();
    await client().set(key, 'v', { ttlMs: LONG_MS });
    await client().set(key, 'w');
    expect(await client().ttl(key)).toBeNull();
  });

  test('keepTtl keeps the time to live, and a key that has none lives for ever', async () => {
    const key = freshKey();
    await client().set(key, 'v', { ttlMs: LONG_MS });
    await client().set(key, 'w', { keepTtl: true });
    expect(await client().ttl(key)).toBeGreaterThan(0);
    const other = freshKey();
    await client().set(other, 'v', { keepTtl: true });
    expect(await client().ttl(other)).toBeNull();
  });

  test('expire gives a key a time to live and leaves the value', async () => {
    const key = freshKey();
    await client().set(key, 'v');
    expect(await client().expire(key, LONG_MS)).toBe(true);
    expect(await client().ttl(key)).toBeGreaterThan(0);
    expect(await client().get(key)).toBe('v');
    expect(await client().expire(key, SHORT_MS)).toBe(true);
    await gone(key);
  });

  test('persist lets a key live for ever, and says whether that changed anything', async () => {
    const key = freshKey();
    await client().set(key, 'v', { ttlMs: LONG_MS });
    expect(await client().persist(key)).toBe(true);
    expect(await client().ttl(key)).toBeNull();
    expect(await client().persist(key)).toBe(false);
  });

  test('expire and persist of a missing key change nothing', async () => {
    const key = freshKey();
    expect(await client().expire(key, LONG_MS)).toBe(false);
    expect(await client().persist(key)).toBe(false);
    expect(await client().exists(key)).toBe(false);
  });

  test('the shortest time to live is a millisecond', async () => {
    const key = freshKey();
    await client().set(key, 'v', { ttlMs: 1 });
    await gone(key);
    await client().set(key, 'v');
    expect(await client().expire(key, 1)).toBe(true);
    await gone(key);
  });

  test('the longest time to live is allowed', async () => {
    const key = freshKey();
    await client().set(key, 'v', { ttlMs: LIMITS.maxTtlMs });
    expect(await client().ttl(key)).toBeGreaterThan(LIMITS.maxTtlMs - 60_000);
    expect(await client().expire(key, LIMITS.maxTtlMs)).toBe(true);
  });

  test('increment and append keep the time to live', async () => {
    const key = freshKey();
    await client().set(key, '1', { ttlMs: LONG_MS });
    await client().increment(key);
    await client().append(key, '0');
    expect(await client().get(key)).toBe('20');
    expect(await client().ttl(key)).toBeGreaterThan(0);
  });
}
