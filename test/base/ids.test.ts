import { describe, expect, test } from 'vitest';
import { isClusterId, isIncarnation, isNodeId, isRaftId } from '../../src/base/ids.js';

describe('a node id', () => {
  test.each(['n1', 'a', 'cache-eu-1', `n${'1'.repeat(31)}`])('may be %s', (text) => {
    expect(isNodeId(text)).toBe(true);
  });

  // It names a folder and a log field: no path separators, no upper case that some file systems fold, no spaces.
  test.each(['', '1n', '-n', 'N1', 'n_1', 'n/1', '../n', 'n 1', 'n1\n', `n${'1'.repeat(32)}`])(
    'may not be %j',
    (text) => {
      expect(isNodeId(text)).toBe(false);
    },
  );
});

describe('a cluster id', () => {
  test('is 32 lower-case hexadecimal digits', () => {
    expect(isClusterId('0123456789abcdef0123456789abcdef')).toBe(true);
  });

  test.each(['', '0123456789ABCDEF0123456789ABCDEF', 'f'.repeat(31), 'f'.repeat(33), 'g'.repeat(32)])(
    'may not be %j',
    (text) => {
      expect(isClusterId(text)).toBe(false);
    },
  );
});

test('a raft id is a positive safe integer: 0 means nobody', () => {
  expect([1, 2 ** 53 - 1].every(isRaftId)).toBe(true);
  expect([0, -1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY].some(isRaftId)).toBe(false);
});

test('an incarnation fits 48 bits and is not 0', () => {
  expect([1, 2 ** 48 - 1].every(isIncarnation)).toBe(true);
  expect([0, -1, 0.5, 2 ** 48, Number.NaN].some(isIncarnation)).toBe(false);
});
