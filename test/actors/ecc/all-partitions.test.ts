/** Requests for all partitions, with partitions that the test plays. */
import { describe, expect, test } from 'vitest';
import { countAll, flushAll, scanAll, type Ask } from '../../../src/actors/ecc/all-partitions.js';
import { DcacheError } from '../../../src/base/errors.js';
import type { ScanRequest } from '../../../src/store/scan-page.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const REQUEST: ScanRequest = { type: 'scan', prefix: bytes(), cursor: bytes(), limit: 4, withValues: false };

/** Partition p has `keys[p]` keys: [p, 1], [p, 2], ... Its cursor is the number of keys that were walked. */
function partitionsOf(keys: readonly number[]): { ask: Ask; asked: number[] } {
  const asked: number[] = [];
  const ask: Ask = (request) => {
    if (request.type !== 'scan' || request.partition === undefined) return Promise.reject(new Error('no such request'));
    const { partition, limit } = request;
    asked.push(partition);
    const from = request.cursor[0] ?? 0;
    const end = Math.min(keys[partition] ?? 0, from + limit);
    const entries = Array.from({ length: end - from }, (_, i) => {
      return { key: bytes(partition, from + i + 1), value: bytes(), version: 1, ttlMs: null };
    });
    return Promise.resolve({ type: 'scan', entries, cursor: end === keys[partition] ? bytes() : bytes(end) });
  };
  return { ask, asked };
}

async function walk(keys: readonly number[], request: ScanRequest): Promise<number[][][]> {
  const { ask } = partitionsOf(keys);
  const pages: number[][][] = [];
  let cursor = bytes();
  do {
    const page = await scanAll(keys.length, { ...request, cursor }, ask);
    pages.push(page.entries.map(({ key }) => [...key]));
    cursor = page.cursor.slice();
  } while (cursor.length > 0);
  return pages;
}

describe('a scan', () => {
  test('walks the partitions in order, each key once, in full pages', async () => {
    const pages = await walk([2, 0, 5, 1], REQUEST);
    expect(pages.flat()).toEqual([
      [0, 1],
      [0, 2],
      [2, 1],
      [2, 2],
      [2, 3],
      [2, 4],
      [2, 5],
      [3, 1],
    ]);
    expect(pages.map((page) => page.length)).toEqual([4, 4]);
  });

  test('with values ends a page with the partition, but skips empty ones', async () => {
    const pages = await walk([2, 0, 1], { ...REQUEST, withValues: true });
    expect(pages).toEqual([
      [
        [0, 1],
        [0, 2],
      ],
      [[2, 1]],
    ]);
  });

  test('of nothing is one empty page', async () => {
    const { ask, asked } = partitionsOf([0, 0, 0]);
    expect(await scanAll(3, REQUEST, ask)).toEqual({ type: 'scan', entries: [], cursor: bytes() });
    expect(asked).toEqual([0, 1, 2]);
  });

  test('refuses a cursor behind the last partition', async () => {
    const { ask } = partitionsOf([1]);
    const attempt = scanAll(1, { ...REQUEST, cursor: bytes(0, 1, 5) }, ask);
    await expect(attempt).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

test('count adds the partitions up', async () => {
  const ask: Ask = (request) => {
    const keys = 'partition' in request ? (request.partition ?? 0) + 1 : 0;
    return Promise.resolve({ type: 'count', keys });
  };
  expect(await countAll(3, ask)).toEqual({ type: 'count', keys: 6 });
});

describe('flush', () => {
  const flushing = (failing: readonly number[]): Ask => {
    return (request) => {
      const partition = 'partition' in request ? (request.partition ?? 0) : 0;
      const failure = new DcacheError('NO_LEADER', 'no primary');
      return failing.includes(partition) ? Promise.reject(failure) : Promise.resolve({ type: 'flush', removed: 10 });
    };
  };

  test('adds up what the partitions removed', async () => {
    expect(await flushAll(3, flushing([]))).toEqual({ type: 'flush', removed: 30 });
  });

  test('that no partition has done is not done', async () => {
    await expect(flushAll(3, flushing([0, 1, 2]))).rejects.toMatchObject({ code: 'NO_LEADER' });
  });

  test('that some partitions have done is neither done nor not done', async () => {
    await expect(flushAll(3, flushing([1]))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });
});
