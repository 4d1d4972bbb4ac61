/** What was set before a node was lost: every request finds it as it was, and may change it. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { DcacheClient } from '../../src/index.js';
import { LIMITS } from '../../src/base/limits.js';
import { collect, freshKey, type KvContext } from './context.js';

const LONG_MS = 600_000;
const KEYS = 400;
/** Enough for sealed segments in every partition, so that some of them have to be rebuilt. */
const VALUE_BYTES = 600;
const LARGE_BYTES = 2 * LIMITS.largeValueBytes + 1;

/** Keys and values that are set in one state of a cluster, for the tests of the next. */
export class WhatWasThere {
  readonly prefix = freshKey('before');
  readonly entries: [string, string][] = Array.from({ length: KEYS }, (_, i) => [
    `${this.prefix}/${i}`,
    `value ${i} `.padEnd(VALUE_BYTES, 'v'),
  ]);
  readonly lasting = `${this.prefix} lasting`;
  readonly counter = `${this.prefix} counter`;
  readonly large = `${this.prefix} large`;
  readonly largeValue = Buffer.alloc(LARGE_BYTES, randomBytes(997));
  versions: readonly number[] = [];

  async set(text: DcacheClient, bytes: DcacheClient<Buffer>): Promise<void> {
    this.versions = await text.mset(this.entries);
    await text.set(this.lasting, 'v', { ttlMs: LONG_MS });
    await text.set(this.counter, '41');
    await bytes.set(this.large, this.largeValue, { timeoutMs: 50_000 });
  }
}

export function whatWasThere({ client, bytes }: KvContext, before: WhatWasThere): void {
  const { entries, prefix } = before;
  const keys = entries.map(([key]) => key);
  const values = entries.map(([, value]) => value);
  const [a = '', b = '', c = '', d = ''] = keys;

  test('every value is as it was, with its version', async () => {
    expect(await client().mget(keys)).toEqual(values);
    const found = await Promise.all(keys.map((key) => client().getWithVersion(key)));
    expect(found).toEqual(values.map((value, i) => ({ value, version: before.versions[i] })));
  });

  test('a scan gives every key once, with its value', async () => {
    const found = await collect(client().scan({ prefix: `${prefix}/`, pageSize: 100 }));
    expect(found.map(({ key, value }) => [key, value]).sort()).toEqual([...entries].sort());
  });

  test('times to live go on', async () => {
    const left = await client().ttl(before.lasting);
    expect(left).toBeGreaterThan(LONG_MS / 2);
    expect(left).toBeLessThanOrEqual(LONG_MS + 1_000);
    expect(await client().ttl(a)).toBeNull();
    expect(await client().persist(before.lasting)).toBe(true);
    expect(await client().inspect(before.lasting)).toMatchObject({ valueBytes: 1, ttlMs: null });
  });

  test('conditions look at what was set then', async () => {
    expect(await client().set(a, 'new', { nx: true })).toMatchObject({ applied: false, version: before.versions[0] });
    const changed = await client().set(a, 'new', { ifVersion: before.versions[0] ?? 0, getOld: true });
    expect(changed).toMatchObject({ applied: true, old: values[0] });
    expect(changed.version).toBeGreaterThan(before.versions[0] ?? Infinity);
    expect(await client().delete(b, { ifVersion: changed.version })).toBe(false);
    expect(await client().delete(b, { ifVersion: before.versions[1] ?? 0 })).toBe(true);
    expect(await client().exists(b)).toBe(false);
  });

  test('it can be counted on, added to, and given an end', async () => {
    expect(await client().increment(before.counter)).toBe(42n);
    expect(await client().append(c, '!')).toBe(VALUE_BYTES + 1);
    expect(await client().get(c)).toBe(`${values[2]}!`);
    expect(await client().expire(d, LONG_MS)).toBe(true);
    expect(await client().ttl(d)).toBeGreaterThan(0);
    expect(await client().get(d)).toBe(values[3]);
  });

  test('a large value is whole, and can be made longer', async () => {
    const found = await bytes().get(before.large, { timeoutMs: 50_000 });
    expect(before.largeValue.equals(found ?? Buffer.alloc(0))).toBe(true);
    expect(await bytes().append(before.large, Buffer.from('!'))).toBe(LARGE_BYTES + 1);
  });

  test('all of it can be deleted', async () => {
    const deleted = await client().mdel([...keys, before.lasting, before.counter, before.large]);
    expect(deleted.filter((was) => !was)).toHaveLength(1); // the one that an earlier test has deleted
    expect(await collect(client().keys({ prefix }))).toEqual([]);
  });
}
