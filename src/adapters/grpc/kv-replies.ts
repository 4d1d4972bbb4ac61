/** Replies between their own types and the generated ones. Buffers are passed on, not copied. */
import { DcacheError, isErrorCode } from '../../base/errors.js';
import { assert } from '../../base/assert.js';
import { EMPTY_BYTES } from '../../base/bytes.js';
import type { KvReply } from '../../store/requests.js';
import type { KvReply as WireEnvelope } from './generated/dcache/v1/kv.js';

export type WireReply = NonNullable<WireEnvelope['reply']>;
/** A reply with its value in it. */
export type WholeReply = Exclude<KvReply, { type: 'pinned' }>;

export function writeReply(reply: WholeReply): WireReply {
  switch (reply.type) {
    case 'get': {
      const { value, version } = reply;
      return { $case: 'get', value: { found: value !== null, value: value ?? EMPTY_BYTES, version } };
    }
    case 'set': {
      const { applied, version, old } = reply;
      return { $case: 'set', value: { applied, version, oldFound: old !== null, oldValue: old ?? EMPTY_BYTES } };
    }
    case 'delete':
      return { $case: 'delete', value: { deleted: reply.deleted } };
    case 'inspect': {
      const { found, version, valueBytes, ttlMs } = reply;
      return { $case: 'inspect', value: { found, version, valueBytes, expires: ttlMs !== null, ttlMs: ttlMs ?? 0 } };
    }
    case 'expire':
      return { $case: 'expire', value: { changed: reply.changed } };
    case 'increment':
      return { $case: 'increment', value: { value: reply.value.toString(), version: reply.version } };
    case 'append':
      return { $case: 'append', value: { valueBytes: reply.valueBytes, version: reply.version } };
    case 'scan': {
      const entries = reply.entries.map((entry) => ({ ...entry, ttlMs: entry.ttlMs ?? 0 }));
      return { $case: 'scan', value: { entries, cursor: reply.cursor } };
    }
    case 'count':
      return { $case: 'count', value: { keys: reply.keys } };
    case 'flush':
      return { $case: 'flush', value: { removed: reply.removed } };
    case 'rejected':
      return { $case: 'error', value: { code: reply.code, message: reply.message } };
  }
}

export function writeError({ code, message }: DcacheError): WireReply {
  return { $case: 'error', value: { code, message } };
}

/** Throws the DcacheError that the reply is, or OUTCOME_UNKNOWN when it cannot be understood. */
export function readReply(wire: WireReply | undefined): WholeReply {
  switch (wire?.$case) {
    case undefined:
      throw new DcacheError('OUTCOME_UNKNOWN', 'the node answered in a way that this version does not know');
    case 'error': {
      const { code, message } = wire.value;
      throw new DcacheError(isErrorCode(code) ? code : 'OUTCOME_UNKNOWN', message);
    }
    case 'get': {
      const { found, value, version } = wire.value;
      return { type: 'get', value: found ? value : null, version };
    }
    case 'set': {
      const { applied, version, oldFound, oldValue } = wire.value;
      return { type: 'set', applied, version, old: oldFound ? oldValue : null };
    }
    case 'delete':
      return { type: 'delete', deleted: wire.value.deleted };
    case 'inspect': {
      const { found, version, valueBytes, expires, ttlMs } = wire.value;
      return { type: 'inspect', found, version, valueBytes, ttlMs: expires ? ttlMs : null };
    }
    case 'expire':
      return { type: 'expire', changed: wire.value.changed };
    case 'increment':
      return { type: 'increment', value: BigInt(wire.value.value), version: wire.value.version };
    case 'append':
      return { type: 'append', valueBytes: wire.value.valueBytes, version: wire.value.version };
    case 'scan': {
      const entries = wire.value.entries.map((entry) => ({ ...entry, ttlMs: entry.ttlMs === 0 ? null : entry.ttlMs }));
      return { type: 'scan', entries, cursor: wire.value.cursor };
    }
    case 'count':
      return { type: 'count', keys: wire.value.keys };
    case 'flush':
      return { type: 'flush', removed: wire.value.removed };
  }
}

export type ReplyMessage<Kind> = Extract<WireReply, { $case: Kind }> extends { value: infer Message } ? Message : never;

/** The message of one kind, for a unary call: the router answers a request with a reply of its own kind. */
export function replyMessage<Kind extends WireReply['$case']>(kind: Kind, reply: WireReply): ReplyMessage<Kind> {
  assert(reply.$case === kind, 'a request is answered by a reply of its own kind');
  return reply.value as ReplyMessage<Kind>;
}
