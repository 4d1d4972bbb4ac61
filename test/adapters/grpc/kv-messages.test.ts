/** Requests and replies on their way through the generated messages and back. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KvReply, KvRequest } from '../../../src/adapters/grpc/generated/dcache/v1/kv.js';
import { readReply, writeError, writeReply } from '../../../src/adapters/grpc/kv-replies.js';
import { readRequest, writeRequest } from '../../../src/adapters/grpc/kv-requests.js';
import { requestTimeout } from '../../../src/adapters/grpc/request-timeout.js';
import { DcacheError, ERROR_CODES } from '../../../src/base/errors.js';
import { LIMITS } from '../../../src/base/limits.js';
import { someReply, someRequest } from '../../support/request-arbitraries.js';

const ENVELOPE = { id: 1, timeoutMs: 0, forwarded: false, valueBytes: 0 };

test('a request of any kind arrives as it left', () => {
  fc.assert(
    fc.property(someRequest, (request) => {
      const bytes = KvRequest.encode({ ...ENVELOPE, request: writeRequest(request) }).finish();
      expect(readRequest(KvRequest.decode(bytes).request)).toEqual(request);
    }),
  );
});

test.each(['count', 'flush'] as const)('a %s of one partition arrives as it left, of partition 0 as well', (type) => {
  for (const partition of [0, 24]) {
    const bytes = KvRequest.encode({ ...ENVELOPE, request: writeRequest({ type, partition }) }).finish();
    expect(readRequest(KvRequest.decode(bytes).request)).toEqual({ type, partition });
  }
});

test('a page of one partition is asked for with the cursor of its store', () => {
  const page = { prefix: Uint8Array.of(1), cursor: Uint8Array.of(2), limit: 5, withValues: true, partition: 3 };
  const bytes = KvRequest.encode({ ...ENVELOPE, request: writeRequest({ type: 'scan', ...page }) }).finish();
  expect(readRequest(KvRequest.decode(bytes).request)).toEqual({ type: 'scan', ...page });
});

test('a reply of any kind arrives as it left', () => {
  fc.assert(
    fc.property(someReply, (reply) => {
      const bytes = KvReply.encode({ id: 1, valueBytes: 0, reply: writeReply(reply) }).finish();
      expect(readReply(KvReply.decode(bytes).reply)).toEqual(reply);
    }),
  );
});

test.each(ERROR_CODES)('an error %s arrives as it left', (code) => {
  const bytes = KvReply.encode({ id: 1, valueBytes: 0, reply: writeError(new DcacheError(code, 'why')) }).finish();
  const attempt = (): unknown => readReply(KvReply.decode(bytes).reply);
  expect(attempt).toThrow(expect.objectContaining({ name: 'DcacheError', code, message: 'why' }));
});

test('a write that was rejected when it was decided arrives as an error', () => {
  const wire = writeReply({ type: 'rejected', code: 'VALUE_TOO_LARGE', message: 'too large' });
  expect(() => readReply(wire)).toThrow(expect.objectContaining({ code: 'VALUE_TOO_LARGE', message: 'too large' }));
});

test('what a later version might send is not taken for something else', () => {
  expect(() => readRequest(undefined)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  expect(() => readReply(undefined)).toThrow(expect.objectContaining({ code: 'OUTCOME_UNKNOWN' }));
  const later = { $case: 'error' as const, value: { code: 'NOT_INVENTED_YET', message: 'why' } };
  expect(() => readReply(later)).toThrow(expect.objectContaining({ code: 'OUTCOME_UNKNOWN', message: 'why' }));
});

test('a set cannot both keep and replace its time to live', () => {
  const key = Uint8Array.of(1);
  const value = { key, value: key, ttlMs: 5, keepTtl: true, condition: undefined, returnOld: false };
  expect(() => readRequest({ $case: 'set', value })).toThrow('keep_ttl and ttl_ms exclude each other');
});

test('a condition that is spelled out as false asks for nothing', () => {
  const key = Uint8Array.of(1);
  for (const $case of ['absent', 'present'] as const) {
    const value = { key, condition: { condition: { $case, value: false } } };
    expect(readRequest({ $case: 'delete', value })).toMatchObject({ condition: { type: 'always' } });
  }
});

test('a scan without a limit gets the default page', () => {
  const value = { prefix: Uint8Array.of(), cursor: Uint8Array.of(), limit: 0, withValues: false };
  expect(readRequest({ $case: 'scan', value })).toMatchObject({ limit: LIMITS.defaultScanPage });
});

test('a time to wait is the default when none is given, and bounded', () => {
  expect(requestTimeout(0)).toBe(LIMITS.defaultRequestTimeoutMs);
  expect(requestTimeout(250)).toBe(250);
  expect(requestTimeout(2 ** 32 - 1)).toBe(LIMITS.maxRequestTimeoutMs);
});
