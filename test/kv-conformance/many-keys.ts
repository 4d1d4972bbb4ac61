/** mget, mset, mdel, scan, count, flush, getOrSet. */
import { expect, test } from 'vitest';
import { DcacheBatchError, DcacheClient } from '../../src/index.js';
import { LIMITS } from '../../src/base/limits.js';
import { collect, failure, freshKey, type KvContext } from './context.js';

export function manyKeys({ client, bytes, endpoints, manyKeys: largest }: KvContext): void {
  const numbered = (prefix: string, count: number): [string, string][] =>
    Array.from({ length: count }, (_, i) => [`${prefix}/${String(i).padStart(5, '0')}`, `value ${i}`]);

  test('mset, mget and mdel answer in the order of the keys', async () => {
    const [a, b, missing] = [freshKey('a'), freshKey('b'), freshKey('missing')];
    const versions = await client().mset(new Map([[a, '1'], [b, '2']])); // prettier-ignore
    expect(versions).toHaveLength(2);
    expect(await client().mget([b, missing, a, b])).toEqual(['2', undefined, '1', '2']);
    expect(await client().mdel([missing, a])).toEqual([false, true]);
    expect(await client().mget([a, b])).toEqual([undefined, '2']);
  });

  test('no keys at all are fine', async () => {
    expect(await client().mset([])).toEqual([]);
    expect(await client().mget([])).toEqual([]);
    expect(await client().mdel([])).toEqual([]);
  });

  test('mset takes a time to live for all its keys', async () => {
    const [a, b] = [freshKey(), freshKey()];
    await client().mset([[a, '1'], [b, '2']], { ttlMs: 600_000 }); // prettier-ignore
    expect(await client().ttl(a)).toBeGreaterThan(0);
    expect(await client().ttl(b)).toBeGreaterThan(0);
  });

  test('a key that fails does not keep the others from being set', async () => {
    const good = freshKey();
    const error = await failure(client().mset([['', 'x'], [good, 'y']])); // prettier-ignore
    expect(error).toBeInstanceOf(DcacheBatchError);
    expect(error).toMatchObject({ code: 'KEY_TOO_LARGE', outcome: 'not-done', failures: [{ position: 0 }] });
    expect(await client().get(good)).toBe('y');
  });

  test(`${largest} keys at a time are no trouble`, async () => {
    const prefix = freshKey('many');
    const entries = numbered(prefix, largest);
    await client().mset(entries, { timeoutMs: 60_000 });
    expect(await client().mget(entries.map(([key]) => key))).toEqual(entries.map(([, value]) => value));
    expect((await collect(client().keys({ prefix }))).sort()).toEqual(entries.map(([key]) => key));
  });

  test.each([1, 7, 1_000])('a scan by pages of %i gives every key of the prefix once', async (pageSize) => {
    const prefix = freshKey('scan');
    const entries = numbered(prefix, 25);
    await client().mset(entries);
    await client().set(`${prefix.slice(0, -1)}~`, 'another prefix');
    const found = await collect(client().scan({ prefix, pageSize }));
    expect(found.map(({ key, value }) => [key, value]).sort()).toEqual(entries);
    expect(found.every(({ version, ttlMs }) => version > 0 && ttlMs === null)).toBe(true);
  });

  test('a scan tells the time left', async () => {
    const prefix = freshKey('scan');
    await client().set(prefix, 'v', { ttlMs: 600_000 });
    const [item] = await collect(client().scan({ prefix }));
    expect(item?.ttlMs).toBeGreaterThan(500_000);
  });

  test('a scan of a prefix that no key has is empty', async () => {
    expect(await collect(client().scan({ prefix: freshKey('none') }))).toEqual([]);
  });

  test('a scan without a prefix gives every key', async () => {
    const keys = numbered(freshKey('all'), 3);
    await client().mset(keys);
    const all = await collect(client().keys({ keyType: 'bytes' }));
    expect(all).toHaveLength(await client().count());
    const texts = new Set(all.map(String));
    expect(keys.every(([key]) => texts.has(key))).toBe(true);
  });

  test('a scan that is broken off asks for no further pages', async () => {
    const prefix = freshKey('scan');
    await client().mset(numbered(prefix, 5));
    for await (const { key } of client().scan({ prefix, pageSize: 2 })) {
      expect(key.startsWith(prefix)).toBe(true);
      break;
    }
  });

  test('keys that are there throughout a scan come, whatever is set and deleted meanwhile', async () => {
    const prefix = freshKey('scan');
    const steady = numbered(`${prefix}/steady`, 20);
    const doomed = numbered(`${prefix}/doomed`, 20);
    await client().mset([...steady, ...doomed]);
    const found = new Set<string>();
    let turn = 0;
    for await (const key of client().keys({ prefix, pageSize: 4 })) {
      found.add(key);
      await client().delete(doomed[turn % doomed.length]?.[0] ?? '');
      await client().set(`${prefix}/new/${turn++}`, 'v');
      if (turn > 200) break;
    }
    expect(steady.filter(([key]) => !found.has(key))).toEqual([]);
  });

  test('large values make small pages', async () => {
    const prefix = freshKey('large');
    const value = Buffer.alloc(LIMITS.maxScanPageBytes / 2 + 1, 1);
    for (let i = 0; i < 4; i++) await bytes().set(`${prefix}/${i}`, value);
    const found = await collect(bytes().scan({ prefix }));
    expect(found.map(({ value: { length } }) => length)).toEqual([value, value, value, value].map((v) => v.length));
    await bytes().mdel(found.map(({ key }) => key));
  });

  test('a key that is no text can be scanned as bytes', async () => {
    const prefix = freshKey('binary');
    const key = Buffer.concat([Buffer.from(prefix), Buffer.from([0xff])]);
    await client().set(key, 'v');
    expect(await collect(client().keys({ prefix, keyType: 'bytes' }))).toEqual([key]);
    expect(await failure(collect(client().keys({ prefix })))).toMatchObject({ code: 'VALUE_UNREADABLE' });
  });

  test('count follows sets and deletes; flush removes everything and says how much', async () => {
    const before = await client().count();
    const key = freshKey();
    await client().set(key, 'v');
    await client().set(key, 'w');
    expect(await client().count()).toBe(before + 1);
    expect(await client().flush()).toBe(before + 1);
    expect(await client().count()).toBe(0);
    expect(await client().flush()).toBe(0);
    expect(await client().get(key)).toBeUndefined();
  });

  test('getOrSet stores what was made, once for all who ask at the same time', async () => {
    const key = freshKey();
    let made = 0;
    const produce = (): string => `made ${++made}`;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client().getOrSet(key, produce, { ttlMs: 600_000 })),
    );
    expect(new Set(answers)).toEqual(new Set(['made 1']));
    expect(await client().getOrSet(key, produce)).toBe('made 1');
    expect(await client().get(key)).toBe('made 1');
    expect(await client().ttl(key)).toBeGreaterThan(0);
  });

  test('of two clients that make a value at the same time both get the one that was stored', async () => {
    const key = freshKey();
    const other = new DcacheClient({ endpoints: endpoints(), timeoutMs: 15_000 });
    const answers = await Promise.all([client().getOrSet(key, () => 'a'), other.getOrSet(key, () => 'b')]);
    expect(answers[0]).toBe(answers[1]);
    expect(await client().get(key)).toBe(answers[0]);
    await other.close();
  });

  test('getOrSet stores nothing when the value cannot be made, and tries again next time', async () => {
    const key = freshKey();
    const broken = client().getOrSet(key, () => Promise.reject(new Error('no fruit today')));
    await expect(broken).rejects.toThrow('no fruit today');
    expect(await client().exists(key)).toBe(false);
    expect(await client().getOrSet(key, () => 'cherry')).toBe('cherry');
  });
}
