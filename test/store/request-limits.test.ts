import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../../src/base/limits.js';
import { checkRequest } from '../../src/store/request-limits.js';
import { ALWAYS, FOREVER, type KvRequest } from '../../src/store/requests.js';
import { someRequest } from '../support/request-arbitraries.js';

const key = Uint8Array.of(1);
const set = (changed: object): KvRequest => {
  const request = { type: 'set', key, value: key, lifetime: FOREVER, condition: ALWAYS, returnOld: false } as const;
  return { ...request, ...changed };
};
const scan = (changed: object): KvRequest => {
  const request = { type: 'scan', prefix: key, cursor: new Uint8Array(0), limit: 1, withValues: false } as const;
  return { ...request, ...changed };
};

test('requests of every kind within the limits pass', () => {
  fc.assert(fc.property(someRequest, (request) => checkRequest(request)));
});

test('the largest of everything passes', () => {
  const longestKey = new Uint8Array(LIMITS.maxKeyBytes);
  checkRequest(set({ key: longestKey, value: new Uint8Array(LIMITS.maxValueBytes) }));
  checkRequest(set({ lifetime: { type: 'ttl', ttlMs: LIMITS.maxTtlMs } }));
  checkRequest(scan({ prefix: longestKey, limit: LIMITS.maxScanPage }));
  checkRequest({ type: 'increment', key, delta: 2n ** 63n - 1n });
});

test.each<[string, KvRequest, string, RegExp]>([
  [
    'an empty key',
    { type: 'get', key: new Uint8Array(0) },
    'KEY_TOO_LARGE',
    /^the key is empty; a key has 1 to 65536 bytes$/,
  ],
  ['a key too long', { type: 'inspect', key: new Uint8Array(65_537) }, 'KEY_TOO_LARGE', /^the key has 65537 bytes; /],
  [
    'a value too large',
    set({ value: new Uint8Array(LIMITS.maxValueBytes + 1) }),
    'VALUE_TOO_LARGE',
    /67108865 bytes, at most 67108864/,
  ],
  [
    'an appended value too large',
    { type: 'append', key, value: new Uint8Array(LIMITS.maxValueBytes + 1) },
    'VALUE_TOO_LARGE',
    /at most/,
  ],
  [
    'no time to live at all',
    set({ lifetime: { type: 'ttl', ttlMs: 0 } }),
    'INVALID_ARGUMENT',
    /^the time to live in ms is 0; it must be a whole number from 1 to/,
  ],
  [
    'half a millisecond to live',
    { type: 'expire', key, lifetime: { type: 'ttl', ttlMs: 0.5 } },
    'INVALID_ARGUMENT',
    /is 0.5;/,
  ],
  [
    'a time to live beyond a century',
    set({ lifetime: { type: 'ttl', ttlMs: LIMITS.maxTtlMs + 1 } }),
    'INVALID_ARGUMENT',
    /time to live/,
  ],
  [
    'version 0 as a condition',
    { type: 'delete', key, condition: { type: 'version', version: 0 } },
    'INVALID_ARGUMENT',
    /version of a condition is 0/,
  ],
  ['an increment beyond 64 bits', { type: 'increment', key, delta: 2n ** 63n }, 'INVALID_ARGUMENT', /64 bits/],
  ['a page of nothing', scan({ limit: 0 }), 'INVALID_ARGUMENT', /page limit is 0; .* from 1 to 10000/],
  ['a page too long', scan({ limit: LIMITS.maxScanPage + 1 }), 'INVALID_ARGUMENT', /page limit/],
  ['a prefix longer than a key', scan({ prefix: new Uint8Array(65_537) }), 'INVALID_ARGUMENT', /prefix/],
  [
    'a cursor that cannot be one',
    scan({ cursor: new Uint8Array(LIMITS.maxCursorBytes + 1) }),
    'INVALID_ARGUMENT',
    /cursor/,
  ],
])('%s is refused, naming the limit', (_, request, code, message) => {
  expect(() => checkRequest(request)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
  );
});
