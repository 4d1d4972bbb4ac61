/** What a request must keep to. Checked once, where a request enters a node or leaves a client; trusted behind that. */
import { DcacheError } from '../base/errors.js';
import { LIMITS } from '../base/limits.js';
import { isInt64 } from './integer-value.js';
import type { Condition, KvRequest, Lifetime } from './requests.js';

/** Throws INVALID_ARGUMENT, KEY_TOO_LARGE or VALUE_TOO_LARGE, naming the field and the limit. */
export function checkRequest(request: KvRequest): void {
  switch (request.type) {
    case 'get':
    case 'inspect':
      return checkKey(request.key);
    case 'delete':
      checkKey(request.key);
      return checkCondition(request.condition);
    case 'set':
      checkKey(request.key);
      checkValue(request.value);
      checkCondition(request.condition);
      return checkLifetime(request.lifetime);
    case 'expire':
      checkKey(request.key);
      return checkLifetime(request.lifetime);
    case 'increment':
      checkKey(request.key);
      if (!isInt64(request.delta)) throw invalid('the increment must fit 64 bits');
      return;
    case 'append':
      checkKey(request.key);
      return checkValue(request.value);
    case 'scan':
      if (request.prefix.length > LIMITS.maxKeyBytes)
        throw invalid(`the prefix is longer than a key can be (${LIMITS.maxKeyBytes} bytes)`);
      if (request.cursor.length > LIMITS.maxCursorBytes)
        throw invalid(`the cursor has ${request.cursor.length} bytes, none has more than ${LIMITS.maxCursorBytes}`);
      checkWhole('the page limit', request.limit, 1, LIMITS.maxScanPage);
      return;
    case 'count':
    case 'flush':
      return;
  }
}

function checkKey(key: Uint8Array): void {
  if (key.length >= 1 && key.length <= LIMITS.maxKeyBytes) return;
  const what = key.length === 0 ? 'the key is empty' : `the key has ${key.length} bytes`;
  throw new DcacheError('KEY_TOO_LARGE', `${what}; a key has 1 to ${LIMITS.maxKeyBytes} bytes`);
}

function checkValue(value: Uint8Array): void {
  if (value.length <= LIMITS.maxValueBytes) return;
  throw new DcacheError(
    'VALUE_TOO_LARGE',
    `the value has ${value.length} bytes, at most ${LIMITS.maxValueBytes} are allowed; split it over several keys`,
  );
}

function checkCondition(condition: Condition): void {
  if (condition.type === 'version')
    checkWhole('the version of a condition', condition.version, 1, Number.MAX_SAFE_INTEGER);
}

function checkLifetime(lifetime: Lifetime): void {
  if (lifetime.type === 'ttl') checkWhole('the time to live in ms', lifetime.ttlMs, 1, LIMITS.maxTtlMs);
}

function checkWhole(what: string, value: number, low: number, high: number): void {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return;
  throw invalid(`${what} is ${value}; it must be a whole number from ${low} to ${high}`);
}

function invalid(message: string): DcacheError {
  return new DcacheError('INVALID_ARGUMENT', message);
}
