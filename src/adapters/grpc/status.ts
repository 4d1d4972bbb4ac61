/** Errors of the table as gRPC statuses and back. The code travels in the trailing metadata `dcache-code`. */
import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { asDcacheError, DcacheError, ERRORS, isErrorCode } from '../../base/errors.js';

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
  const options = { cause: error };
  switch (error.code as number) {
    case status.UNAVAILABLE:
      return new DcacheError('UNREACHABLE', `${peer} does not answer (${error.details})`, options);
    case status.DEADLINE_EXCEEDED:
      return new DcacheError('DEADLINE_EXCEEDED', `${peer} did not answer in time; the outcome is unknown`, options);
    case status.CANCELLED:
      return new DcacheError('OUTCOME_UNKNOWN', `the request to ${peer} was cancelled while it was under way`, options);
    case status.UNIMPLEMENTED:
      return new DcacheError('INVALID_ARGUMENT', `${peer} does not know this request: ${error.details}`, options);
    case status.RESOURCE_EXHAUSTED:
      return new DcacheError('INVALID_ARGUMENT', `${peer} refused the size of a message: ${error.details}`, options);
    default:
      return new DcacheError('OUTCOME_UNKNOWN', `${peer} failed: ${error.details}`, options);
  }
}
