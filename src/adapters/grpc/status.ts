/** Errors of the table as gRPC statuses and back. The code travels in the trailing metadata `dcache-code`. */
import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { asDcacheError, DcacheError, ERRORS, isErrorCode, type ErrorCode } from '../../base/errors.js';

const CODE_KEY = 'dcache-code';

/** What a server ends a call with. An INTERNAL error tells the peer no more than that. */
export function toGrpcStatus(error: unknown): Pick<StatusObject, 'code' | 'details' | 'metadata'> {
  const { code, message } = asDcacheError(error);
  const metadata = new Metadata();
  metadata.set(CODE_KEY, code);
  const details = code === 'INTERNAL' ? 'internal error; the log of the node has the details' : message;
  return { code: status[ERRORS[code].grpcStatus], details, metadata };
}

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}

/** What a failed call means to its caller. @param peer whom was asked, for the message. */
export function fromGrpcError(error: unknown, peer: string): DcacheError {
  if (!isServiceError(error)) return asDcacheError(error);
  const sent = error.metadata?.get(CODE_KEY)[0];
  if (typeof sent === 'string' && isErrorCode(sent)) return new DcacheError(sent, error.details, { cause: error });
  const [code, message] = meaningOf(error.code, peer, error.details);
  return new DcacheError(code, message, { cause: error });
}

/** What a status means that did not come from a dcache node, but from gRPC itself. */
function meaningOf(grpcCode: status, peer: string, details: string): readonly [ErrorCode, string] {
  if (grpcCode === status.UNAVAILABLE) return ['UNREACHABLE', `${peer} does not answer (${details})`];
  if (grpcCode === status.DEADLINE_EXCEEDED) {
    return ['DEADLINE_EXCEEDED', `${peer} did not answer in time; the outcome is unknown`];
  }
  if (grpcCode === status.CANCELLED) {
    return ['OUTCOME_UNKNOWN', `the request to ${peer} was cancelled while it was under way`];
  }
  if (grpcCode === status.UNIMPLEMENTED) return ['INVALID_ARGUMENT', `${peer} does not know this request: ${details}`];
  if (grpcCode === status.RESOURCE_EXHAUSTED) {
    return ['INVALID_ARGUMENT', `${peer} refused the size of a message: ${details}`];
  }
  return ['OUTCOME_UNKNOWN', `${peer} failed: ${details}`];
}
