/**
 * What has become of a request on a Session that ends without an answer: definitely not done (UNREACHABLE, CANCELLED) until the
 * node may have had all of it (`exposed`); from then on a write's outcome is unknown.
 */
import { DcacheError } from '../../base/errors.js';
import { isWrite, type KvRequest } from '../../store/requests.js';

export interface Exposable {
  readonly request: KvRequest;
  readonly exposed: boolean;
}

export function brokenError({ request, exposed }: Exposable, reason: string): DcacheError {
  if (exposed && isWrite(request)) {
    return new DcacheError('OUTCOME_UNKNOWN', `${reason} while the write was under way; it may or may not be done`);
  }
  return new DcacheError('UNREACHABLE', reason);
}

export function timeoutError({ request, exposed }: Exposable, address: string, timeoutMs: number): DcacheError {
  const waited = `${address} gave no answer within ${timeoutMs} ms`;
  if (!exposed) return new DcacheError('UNREACHABLE', waited);
  const outcome = isWrite(request) ? 'the write may or may not be done' : 'nothing was changed';
  return new DcacheError('DEADLINE_EXCEEDED', `${waited}; ${outcome}`);
}

export function abortError({ request, exposed }: Exposable): DcacheError {
  if (exposed && isWrite(request)) {
    return new DcacheError('OUTCOME_UNKNOWN', 'aborted while the write was under way; it may or may not be done');
  }
  return new DcacheError('CANCELLED', 'aborted before anything was done');
}
