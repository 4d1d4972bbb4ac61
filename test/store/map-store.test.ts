import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/base/limits.js';
import { MapStore } from '../../src/store/map-store.js';
import { ALWAYS, FOREVER, type ReadReply, type WriteReply } from '../../src/store/requests.js';
import { someWrite } from '../support/request-arbitraries.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let store: MapStore;
beforeEach(() => {
  store = new MapStore();
});

const set = (key: string, value: string, changed: object = {}): WriteReply => {
  const request = { lifetime: FOREVER, condition: ALWAYS, returnOld: false, ...changed };
  return store.apply({ type: 'set', key: bytes(key), value: bytes(value), ...request });
};
const get = (key: string): string | undefined => {
  const reply = store.read({ type: 'get', key: bytes(key) }, 0);
  return reply.type === 'get' && reply.value !== null ? new TextDecoder().decode(reply.value) : undefined;
};
const inspect = (key: string, nowMs = 0): ReadReply => store.read({ type: 'inspect', key: bytes(key) }, nowMs);

describe('set', () => {
  test('draws a new version for every write that takes effect, over all keys', () => {
    expect(set('a', '1')).toEqual({ type: 'set', applied: true, version: 1, old: null });
    expect(set('b', '1')).toMatchObject({ version: 2 });
    expect(set('a', '2')).toMatchObject({ version: 3 });
  });

  test('keeps bytes of its own: the request may be written over afterwards', () => {
    const value = Buffer.from('mine');
    store.apply({ type: 'set', key: bytes('a'), value, lifetime: FOREVER, condition: ALWAYS, returnOld: false });
    value.fill(0);
    expect(get('a')).toBe('mine');
  });

  test('answers with the value before when asked to, also when the condition fails', () => {
    set('a', 'old');
    expect(set('a', 'new', { returnOld: true })).toMatchObject({ applied: true, old: bytes('old') });
    const failed = set('a', 'x', { returnOld: true, condition: { type: 'absent' } });
    expect(failed).toEqual({ type: 'set', applied: false, version: 2, old: bytes('new') });
    expect(set('b', 'x', { returnOld: true })).toMatchObject({ old: null });
  });

  test.each([
    ['always', 0, true, true],
    ['absent', 0, true, false],
    ['present', 0, false, true],
    ['version', 1, false, true],
    ['version', 2, false, false],
  ])('with condition %s %d applies to a missing key: %s, to one of version 1: %s', (type, version, missing, there) => {
    const condition = type === 'version' ? { type, version } : { type };
    set('there', 'old');
    expect(set('there', 'new', { condition })).toMatchObject({ applied: there, version: there ? 2 : 1 });
    expect(get('there')).toBe(there ? 'new' : 'old');
    expect(set('missing', 'new', { condition })).toMatchObject({ applied: missing });
    expect(get('missing')).toBe(missing ? 'new' : undefined);
  });
});

describe('delete', () => {
  test('says whether there was something to delete', () => {
    set('a', '1');
    const del = { type: 'delete', key: bytes('a'), condition: ALWAYS } as const;
    expect(store.apply(del)).toEqual({ type: 'delete', deleted: true });
    expect(store.apply(del)).toEqual({ type: 'delete', deleted: false });
    expect(get('a')).toBeUndefined();
  });

  test('leaves a key of another version', () => {
    set('a', '1');
    const del = { type: 'delete', key: bytes('a'), condition: { type: 'version', version: 7 } } as const;
    expect(store.apply(del)).toEqual({ type: 'delete', deleted: false });
    expect(get('a')).toBe('1');
  });
});

describe('expiry', () => {
  const ttl = (ttlMs: number): object => ({ lifetime: { type: 'ttl', ttlMs } });

  test("counts from the log's time and happens at it, not before", () => {
    store.advanceTime(1_000);
    set('a', '1', ttl(500));
    expect(store.upkeepDueMs).toBe(1_500);
    store.advanceTime(1_499);
    expect(get('a')).toBe('1');
    store.advanceTime(1_500);
    expect(get('a')).toBeUndefined();
    expect(store.upkeepDueMs).toBe(Infinity);
  });

  test('does not follow the clock of the node that reads: the key is there until the log says otherwise', () => {
    set('a', '1', ttl(500));
    expect(inspect('a', 400)).toMatchObject({ found: true, ttlMs: 100 });
    expect(inspect('a', 9_999)).toMatchObject({ found: true, ttlMs: 1 });
  });

  test('time does not go back', () => {
    store.advanceTime(1_000);
    store.advanceTime(10);
    expect(store.timeMs).toBe(1_000);
  });

  test('is forgotten with an overwritten value, kept with keep, changed by expire', () => {
    set('a', '1', ttl(500));
    set('a', '2');
    expect(store.upkeepDueMs).toBe(Infinity);
    set('b', '1', ttl(500));
    set('b', '2', { lifetime: { type: 'keep' } });
    expect(store.upkeepDueMs).toBe(500);
    const expire = { type: 'expire', key: bytes('b'), lifetime: { type: 'ttl', ttlMs: 900 } } as const;
    expect(store.apply(expire)).toEqual({ type: 'expire', changed: true });
    expect(store.upkeepDueMs).toBe(900);
    expect(store.apply({ ...expire, lifetime: FOREVER })).toEqual({ type: 'expire', changed: true });
    expect(store.apply({ ...expire, lifetime: FOREVER })).toEqual({ type: 'expire', changed: false });
    expect(store.upkeepDueMs).toBe(Infinity);
    expect(store.apply({ ...expire, key: bytes('missing') })).toEqual({ type: 'expire', changed: false });
  });

  test('a change of the lifetime alone keeps the version', () => {
    set('a', '1');
    store.apply({ type: 'expire', key: bytes('a'), lifetime: { type: 'ttl', ttlMs: 900 } });
    expect(inspect('a')).toMatchObject({ version: 1 });
  });
});

describe('increment', () => {
  const increment = (key: string, delta: bigint): WriteReply =>
    store.apply({ type: 'increment', key: bytes(key), delta });

  test('counts a missing key as 0 and keeps the text canonical', () => {
    expect(increment('n', -5n)).toEqual({ type: 'increment', value: -5n, version: 1 });
    expect(increment('n', 5n)).toEqual({ type: 'increment', value: 0n, version: 2 });
    expect(get('n')).toBe('0');
  });

  test('keeps the time to live', () => {
    set('n', '1', { lifetime: { type: 'ttl', ttlMs: 500 } });
    increment('n', 1n);
    expect(store.upkeepDueMs).toBe(500);
  });

  test('changes nothing when the value is no integer, or would not fit 64 bits', () => {
    set('text', 'five');
    expect(increment('text', 1n)).toMatchObject({ type: 'rejected', code: 'INVALID_ARGUMENT' });
    set('n', '9223372036854775807');
    expect(increment('n', 1n)).toMatchObject({ type: 'rejected', code: 'INVALID_ARGUMENT' });
    expect([get('text'), get('n')]).toEqual(['five', '9223372036854775807']);
    expect(set('next', '')).toMatchObject({ version: 3 });
  });
});

describe('append', () => {
  test('adds to a value, and makes one of nothing', () => {
    const append = { type: 'append', key: bytes('a'), value: bytes('x') } as const;
    expect(store.apply(append)).toEqual({ type: 'append', valueBytes: 1, version: 1 });
    expect(store.apply(append)).toEqual({ type: 'append', valueBytes: 2, version: 2 });
    expect(get('a')).toBe('xx');
  });

  test('refuses to make a value larger than the limit', () => {
    const half = new Uint8Array(LIMITS.maxValueBytes / 2 + 1);
    expect(store.apply({ type: 'append', key: bytes('a'), value: half })).toMatchObject({ type: 'append' });
    const refused = store.apply({ type: 'append', key: bytes('a'), value: half });
    expect(refused).toMatchObject({ type: 'rejected', code: 'VALUE_TOO_LARGE' });
    expect(store.stats().bytes).toBe(1 + half.length);
  });
});

describe('scan', () => {
  const keysOf = (prefix: string, limit: number): string[][] => {
    const pages: string[][] = [];
    let cursor: Uint8Array = new Uint8Array(0);
    do {
      const reply = store.read({ type: 'scan', prefix: bytes(prefix), cursor, limit, withValues: false }, 0);
      if (reply.type !== 'scan') throw new Error('a scan is answered by a scan');
      pages.push(reply.entries.map((entry) => new TextDecoder().decode(entry.key)));
      cursor = reply.cursor;
    } while (cursor.length > 0);
    return pages;
  };

  test('walks the keys of a prefix page by page, each once', () => {
    for (const key of ['b2', 'a', 'b1', 'b', 'c', 'b3']) set(key, 'x');
    expect(keysOf('b', 2)).toEqual([
      ['b', 'b1'],
      ['b2', 'b3'],
    ]);
    expect(keysOf('', 10)).toEqual([['a', 'b', 'b1', 'b2', 'b3', 'c']]);
    expect(keysOf('d', 10)).toEqual([[]]);
  });

  test('leaves values out unless they are asked for, and tells versions and time left', () => {
    set('a', 'value', { lifetime: { type: 'ttl', ttlMs: 500 } });
    const page = { type: 'scan', prefix: bytes(''), cursor: new Uint8Array(0), limit: 9 } as const;
    const entry = { key: bytes('a'), version: 1, ttlMs: 400 };
    expect(store.read({ ...page, withValues: false }, 100)).toMatchObject({
      entries: [{ ...entry, value: bytes('') }],
    });
    expect(store.read({ ...page, withValues: true }, 100)).toMatchObject({
      entries: [{ ...entry, value: bytes('value') }],
    });
  });
});

test('a missing key is a miss to every read', () => {
  expect(store.read({ type: 'get', key: bytes('a') }, 0)).toEqual({ type: 'get', value: null, version: 0 });
  expect(inspect('a')).toEqual({ type: 'inspect', found: false, version: 0, valueBytes: 0, ttlMs: null });
  expect(store.read({ type: 'count' }, 0)).toEqual({ type: 'count', keys: 0 });
});

test('an empty value is a value', () => {
  set('a', '');
  expect(get('a')).toBe('');
  expect(inspect('a')).toMatchObject({ found: true, valueBytes: 0 });
});

test('flush removes every key and says how many', () => {
  set('a', '1', { lifetime: { type: 'ttl', ttlMs: 5 } });
  set('b', '1');
  expect(store.apply({ type: 'flush' })).toEqual({ type: 'flush', removed: 2 });
  expect(store.stats()).toMatchObject({ keys: 0, bytes: 0 });
  expect(store.upkeepDueMs).toBe(Infinity);
});

test('two stores that were fed the same are equal, their counts are exact, and another write makes them differ', () => {
  const step = fc.record({ write: someWrite, afterMs: fc.integer({ min: 0, max: 50_000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [one, other] = [new MapStore(), new MapStore()];
      for (const { write, afterMs } of steps) {
        for (const fed of [one, other]) fed.advanceTime(fed.timeMs + afterMs);
        expect(one.apply(write)).toEqual(other.apply(write));
      }
      expect(one.stateHash()).toBe(other.stateHash());
      const all = one.read({ type: 'scan', prefix: bytes(''), cursor: bytes(''), limit: 10_000, withValues: true }, 0);
      if (all.type !== 'scan') throw new Error('a scan is answered by a scan');
      const held = all.entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
      expect(one.stats()).toMatchObject({ keys: all.entries.length, bytes: held });
      one.apply({
        type: 'set',
        key: bytes('a'),
        value: bytes('!'),
        lifetime: FOREVER,
        condition: ALWAYS,
        returnOld: false,
      });
      expect(one.stateHash()).not.toBe(other.stateHash());
    }),
  );
});
