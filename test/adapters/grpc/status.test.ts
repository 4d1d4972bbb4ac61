import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { fromGrpcError, toGrpcStatus } from '../../../src/adapters/grpc/status.js';
import { DcacheError, ERROR_CODES, ERRORS } from '../../../src/base/errors.js';

/** What grpc-js makes of a status that arrives. */
function arrived({ code, details, metadata }: Pick<ServiceError, 'code' | 'details' | 'metadata'>): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata });
}

/** A status that no dcache node sent: a proxy, or grpc-js itself. */
const foreign = (code: status, details = 'why'): ServiceError => arrived({ code, details, metadata: new Metadata() });

test.each(ERROR_CODES)('%s arrives as it left', (code) => {
  const left = new DcacheError(code, 'what happened');
  const sent = toGrpcStatus(left);
  expect(sent.code).toBe(status[ERRORS[code].grpcStatus]);
  const received = fromGrpcError(arrived(sent), 'n2');
  expect(received).toBeInstanceOf(DcacheError);
  expect([received.code, received.outcome]).toEqual([code, left.outcome]);
  if (code !== 'INTERNAL') expect(received.message).toBe('what happened');
});

test('what was not expected tells the other side no more than that', () => {
  const sent = toGrpcStatus(new TypeError('secret is undefined'));
  expect(sent.code).toBe(status.INTERNAL);
  expect(sent.details).not.toContain('secret');
});

test.each([
  [status.UNAVAILABLE, 'UNREACHABLE'],
  [status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED'],
  [status.CANCELLED, 'OUTCOME_UNKNOWN'],
  [status.UNIMPLEMENTED, 'INVALID_ARGUMENT'],
  [status.RESOURCE_EXHAUSTED, 'INVALID_ARGUMENT'],
  [status.INTERNAL, 'OUTCOME_UNKNOWN'],
  [status.UNKNOWN, 'OUTCOME_UNKNOWN'],
  [status.DATA_LOSS, 'OUTCOME_UNKNOWN'],
])('gRPC status %d of somebody else means %s', (grpcCode, code) => {
  const error = fromGrpcError(foreign(grpcCode), 'n2');
  expect(error.code).toBe(code);
  expect(error.message).toContain('n2');
});

test('a code of a later version falls back to what its status means', () => {
  const metadata = new Metadata();
  metadata.set('dcache-code', 'NOT_INVENTED_YET');
  expect(fromGrpcError(arrived({ code: status.UNAVAILABLE, details: '', metadata }), 'n2').code).toBe('UNREACHABLE');
});

test('an error that did not come from gRPC stays what it is', () => {
  const own = new DcacheError('KEY_TOO_LARGE', 'too large');
  expect(fromGrpcError(own, 'n2')).toBe(own);
  expect(fromGrpcError(new TypeError('oops'), 'n2').code).toBe('INTERNAL');
});
