/** get, set and its conditions, delete, exists. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { DcacheClient, jsonCodec, type Key } from '../../src/index.js';
import { LIMITS } from '../../src/base/limits.js';
import { freshKey, type KvContext } from './context.js';

const AROUND_ONE_PIECE: [string, number][] = [
  ['one byte below what travels in pieces', LIMITS.largeValueBytes],
  ['one byte above', LIMITS.largeValueBytes + 1],
];

const largerThanAnAppend = (): [string, Buffer] => [
  'a value larger than an append message of Raft',
  randomBytes(5 * 1024 * 1024),
];

export function values({ client, bytes, endpoints, largeValueBytes }: KvContext): void {
  const isLess = largeValueBytes < LIMITS.maxValueBytes;

  test('a value is read back as it was set, with a version', async () => {
    const key = freshKey();
    const { applied, version } = await client().set(key, 'cherry');
    expect(applied).toBe(true);
    expect(version).toBeGreaterThan(0);
    expect(await client().get(key)).toBe('cherry');
    expect(await client().getWithVersion(key)).toEqual({ value: 'cherry', version });
    expect(await client().exists(key)).toBe(true);
  });

  test('a key that was never set does not exist', async () => {
    const key = freshKey();
    expect(await client().get(key)).toBeUndefined();
    expect(await client().getWithVersion(key)).toBeUndefined();
    expect(await client().exists(key)).toBe(false);
    expect(await client().inspect(key)).toBeUndefined();
    expect(await client().ttl(key)).toBeUndefined();
    expect(await client().delete(key)).toBe(false);
  });

  test.each<[string, Buffer]>([
    ['an empty value', Buffer.alloc(0)],
    ['one zero byte', Buffer.alloc(1)],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x80, 0x00, 0xc3, 0x28])],
    ['every byte there is', Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
    ['a value larger than a batch', randomBytes(LIMITS.maxSessionBatchBytes + 1)],
    ...(isLess ? [] : [largerThanAnAppend()]),
  ])('%s is kept exactly', async (_name, value) => {
    const key = freshKey();
    await bytes().set(key, value);
    expect(value.equals((await bytes().get(key)) ?? Buffer.from('missing'))).toBe(true);
    expect(await bytes().inspect(key)).toMatchObject({ valueBytes: value.length, ttlMs: null });
  });

  test.each([
    ...(isLess ? [] : AROUND_ONE_PIECE),
    ['many times that', Math.min(16 * LIMITS.largeValueBytes, largeValueBytes)],
  ] satisfies [string, number][])('a value of %s is kept exactly, with small ones beside it', async (_name, length) => {
    const key = freshKey();
    const value = Buffer.alloc(length, randomBytes(997));
    const small = freshKey('small');
    const [{ version }] = await Promise.all([
      bytes().set(key, value, { timeoutMs: 50_000 }),
      ...Array.from({ length: 20 }, () => client().increment(small)),
    ]);
    const [found] = await Promise.all([bytes().get(key, { timeoutMs: 50_000 }), client().increment(small)]);
    expect(value.equals(found ?? Buffer.alloc(0))).toBe(true);
    expect(await client().get(small)).toBe('21');
    const tail = Buffer.alloc(2 * LIMITS.largeValueBytes, 9);
    expect(await bytes().append(key, tail, { timeoutMs: 50_000 })).toBe(length + tail.length);
    expect(await bytes().set(key, value, { nx: true, timeoutMs: 50_000 })).toMatchObject({ applied: false });
    const after = await bytes().set(key, Buffer.from('small'), { getOld: true, timeoutMs: 50_000 });
    expect(after.version).toBeGreaterThan(version);
    expect(after.old?.equals(Buffer.concat([value, tail]))).toBe(true);
    await bytes().delete(key);
  });

  test('a large value is kept exactly', { skip: isLess }, async () => {
    const key = freshKey();
    const value = Buffer.alloc(largeValueBytes, 7);
    await bytes().set(key, value, { timeoutMs: 50_000 });
    expect(value.equals((await bytes().get(key, { timeoutMs: 50_000 })) ?? Buffer.alloc(0))).toBe(true);
    await bytes().delete(key);
  });

  test.each<[string, Key]>([
    ['one byte', Buffer.from([0])],
    ['no text', Buffer.from([0xff, 0xfe, ...randomBytes(6)])],
    ['as long as it may be', Buffer.concat([randomBytes(8), Buffer.alloc(LIMITS.maxKeyBytes - 8, 0x6b)])],
    ['text beyond ASCII', freshKey('schlüssel 🍒')],
  ])('a key may be %s', async (_name, key) => {
    await client().set(key, 'v');
    expect(await client().get(key)).toBe('v');
    expect(await client().delete(key)).toBe(true);
    expect(await client().exists(key)).toBe(false);
  });

  test('a text key is its UTF-8 bytes', async () => {
    const key = freshKey('ключ');
    await client().set(key, 'v');
    expect(await client().get(Buffer.from(key))).toBe('v');
  });

  test('versions grow with every change, and with nothing else', async () => {
    const key = freshKey();
    const first = await client().set(key, 'a');
    const second = await client().set(key, 'a');
    expect(second.version).toBeGreaterThan(first.version);
    await client().expire(key, 100_000);
    await client().persist(key);
    expect((await client().getWithVersion(key))?.version).toBe(second.version);
    await client().delete(key);
    expect((await client().set(key, 'b')).version).toBeGreaterThan(second.version);
  });

  test('nx sets only a key that does not exist', async () => {
    const key = freshKey();
    const first = await client().set(key, 'a', { nx: true });
    expect(first.applied).toBe(true);
    expect(await client().set(key, 'b', { nx: true })).toMatchObject({ applied: false, version: first.version });
    expect(await client().get(key)).toBe('a');
  });

  test('xx sets only a key that exists', async () => {
    const key = freshKey();
    expect(await client().set(key, 'a', { xx: true })).toMatchObject({ applied: false, version: 0 });
    expect(await client().exists(key)).toBe(false);
    await client().set(key, 'a');
    expect(await client().set(key, 'b', { xx: true })).toMatchObject({ applied: true });
    expect(await client().get(key)).toBe('b');
  });

  test('ifVersion sets only what has not changed', async () => {
    const key = freshKey();
    const { version } = await client().set(key, 'a');
    expect((await client().set(key, 'b', { ifVersion: version })).applied).toBe(true);
    const late = await client().set(key, 'c', { ifVersion: version });
    expect(late).toMatchObject({ applied: false });
    expect(late.version).toBeGreaterThan(version);
    expect(await client().get(key)).toBe('b');
    expect((await client().set(freshKey(), 'x', { ifVersion: version })).applied).toBe(false);
  });

  test('getOld gives the value before, whether the condition held or not', async () => {
    const key = freshKey();
    expect((await client().set(key, 'a', { getOld: true })).old).toBeUndefined();
    expect(await client().set(key, 'b', { getOld: true })).toMatchObject({ applied: true, old: 'a' });
    expect(await client().set(key, 'c', { getOld: true, nx: true })).toMatchObject({ applied: false, old: 'b' });
    expect((await client().set(key, 'd')).old).toBeUndefined();
  });

  test('getOld tells an empty value from none', async () => {
    const key = freshKey();
    await client().set(key, '');
    expect((await client().set(key, 'b', { getOld: true })).old).toBe('');
  });

  test('delete with ifVersion removes only what has not changed', async () => {
    const key = freshKey();
    const { version } = await client().set(key, 'a');
    const { version: newer } = await client().set(key, 'b');
    expect(await client().delete(key, { ifVersion: version })).toBe(false);
    expect(await client().get(key)).toBe('b');
    expect(await client().delete(key, { ifVersion: newer })).toBe(true);
    expect(await client().exists(key)).toBe(false);
  });

  test('of many who set a key that must not exist exactly one succeeds', async () => {
    const key = freshKey();
    const names = Array.from({ length: 50 }, (_, i) => `client ${i}`);
    const results = await Promise.all(names.map((name) => client().set(key, name, { nx: true })));
    const winners = names.filter((_, i) => results[i]?.applied);
    expect(winners).toHaveLength(1);
    expect(await client().get(key)).toBe(winners[0]);
  });

  test('what one client has set every other client sees, whichever node it asks', async () => {
    const key = freshKey();
    for (const [i, endpoint] of endpoints().entries()) {
      const other = new DcacheClient({ endpoints: [endpoint], timeoutMs: 15_000 });
      await client().set(key, `value ${i}`);
      expect(await other.get(key)).toBe(`value ${i}`);
      await other.set(key, `answer ${i}`);
      expect(await client().get(key)).toBe(`answer ${i}`);
      await other.close();
    }
  });

  test('JSON values come back as what they were', async () => {
    const json = new DcacheClient({ endpoints: endpoints(), codec: jsonCodec });
    const key = freshKey();
    for (const value of [{ fruit: ['cherry', null, 1.5, true] }, null, '', 0, false, []]) {
      await json.set(key, value);
      expect(await json.get(key)).toEqual(value);
    }
    await json.close();
  });
}
