/** Requests between their own types and the generated ones. `read` validates; buffers are passed on, not copied. */
import { DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { checkRequest } from '../../store/request-limits.js';
import { ALWAYS, FOREVER, type Condition, type KvRequest, type Lifetime } from '../../store/requests.js';
import type { Condition as WireCondition, KvRequest as WireEnvelope, SetRequest } from './generated/dcache/v1/kv.js';

export type WireRequest = NonNullable<WireEnvelope['request']>;

/** Throws a DcacheError when the request is missing, malformed or over a limit. */
export function readRequest(wire: WireRequest | undefined): KvRequest {
  if (wire === undefined)
    throw new DcacheError('INVALID_ARGUMENT', 'the request is missing or of a kind that this version does not know');
  const request = convert(wire);
  checkRequest(request);
  return request;
}

function convert(wire: WireRequest): KvRequest {
  switch (wire.$case) {
    case 'get':
      return { type: 'get', key: wire.value.key };
    case 'set':
      return readSet(wire.value);
    case 'delete':
      return { type: 'delete', key: wire.value.key, condition: readCondition(wire.value.condition) };
    case 'inspect':
      return { type: 'inspect', key: wire.value.key };
    case 'expire': {
      const { key, ttlMs } = wire.value;
      return { type: 'expire', key, lifetime: ttlMs === 0 ? FOREVER : { type: 'ttl', ttlMs } };
    }
    case 'increment':
      return { type: 'increment', key: wire.value.key, delta: BigInt(wire.value.delta) };
    case 'append':
      return { type: 'append', key: wire.value.key, value: wire.value.value };
    case 'scan': {
      const { prefix, cursor, withValues, partition } = wire.value;
      const limit = wire.value.limit === 0 ? LIMITS.defaultScanPage : wire.value.limit;
      return { type: 'scan', prefix, cursor, withValues, limit, ...onlyPartition(partition) };
    }
    case 'count':
      return { type: 'count', ...onlyPartition(wire.value.partition) };
    case 'flush':
      return { type: 'flush', ...onlyPartition(wire.value.partition) };
  }
}

function onlyPartition(partition: number | undefined): { partition?: number } {
  return partition === undefined ? {} : { partition };
}

function readSet({ key, value, ttlMs, keepTtl, condition, returnOld }: SetRequest): KvRequest {
  if (keepTtl && ttlMs !== 0) throw new DcacheError('INVALID_ARGUMENT', 'keep_ttl and ttl_ms exclude each other');
  const lifetime: Lifetime = keepTtl ? { type: 'keep' } : ttlMs === 0 ? FOREVER : { type: 'ttl', ttlMs };
  return { type: 'set', key, value, lifetime, returnOld, condition: readCondition(condition) };
}

/** `false` for absent or present is the same as not asking. */
function readCondition(wire: WireCondition | undefined): Condition {
  const { condition } = wire ?? {};
  switch (condition?.$case) {
    case undefined:
      return ALWAYS;
    case 'absent':
      return condition.value ? { type: 'absent' } : ALWAYS;
    case 'present':
      return condition.value ? { type: 'present' } : ALWAYS;
    case 'version':
      return { type: 'version', version: condition.value };
  }
}

export function writeRequest(request: KvRequest): WireRequest {
  switch (request.type) {
    case 'get':
      return { $case: 'get', value: { key: request.key } };
    case 'set': {
      const { key, value, lifetime, condition, returnOld } = request;
      const ttlMs = lifetime.type === 'ttl' ? lifetime.ttlMs : 0;
      const keepTtl = lifetime.type === 'keep';
      return { $case: 'set', value: { key, value, ttlMs, keepTtl, condition: writeCondition(condition), returnOld } };
    }
    case 'delete':
      return { $case: 'delete', value: { key: request.key, condition: writeCondition(request.condition) } };
    case 'inspect':
      return { $case: 'inspect', value: { key: request.key } };
    case 'expire': {
      const ttlMs = request.lifetime.type === 'ttl' ? request.lifetime.ttlMs : 0;
      return { $case: 'expire', value: { key: request.key, ttlMs } };
    }
    case 'increment':
      return { $case: 'increment', value: { key: request.key, delta: request.delta.toString() } };
    case 'append':
      return { $case: 'append', value: { key: request.key, value: request.value } };
    case 'scan': {
      const { prefix, cursor, limit, withValues, partition } = request;
      return { $case: 'scan', value: { prefix, cursor, limit, withValues, partition } };
    }
    case 'count':
      return { $case: 'count', value: { partition: request.partition } };
    case 'flush':
      return { $case: 'flush', value: { partition: request.partition } };
  }
}

function writeCondition(condition: Condition): WireCondition | undefined {
  switch (condition.type) {
    case 'always':
      return undefined;
    case 'absent':
      return { condition: { $case: 'absent', value: true } };
    case 'present':
      return { condition: { $case: 'present', value: true } };
    case 'version':
      return { condition: { $case: 'version', value: condition.version } };
  }
}
