/**
 * A batch of writes as the data of one log entry: the unit in which the router proposes and the store applies.
 *
 *   batch   := ENTRY_KIND.writes format(1 byte) timeMs(varint) rules count(varint) mark(varint)* count(varint) write*
 *   rules   := 0(1 byte) | 1(1 byte) maxBytes(varint, 0: no cap) policy(1 byte)
 *   write   := kind(1 byte) fields
 *
 * `timeMs` is the proposing leader's clock; time to live counts from it (DESIGN.md, "Expiry"). An empty batch only
 * moves the time on. The leader's memory rules are in a batch when the store has others. The format is on disk: a change
 * takes a new format number.
 */
import { assertNever } from '../base/assert.js';
import { ENTRY_KIND } from '../base/entry-kind.js';
import { ByteReader, MalformedBytes } from '../base/byte-reader.js';
import { ByteWriter } from '../base/byte-writer.js';
import type { EvictionPolicy, MemoryRules } from './memory-cap.js';
import { loggedKeyAndValueBytes, type LoggedWrite } from './logged-writes.js';
import { ALWAYS, FOREVER, requestBytes, type Condition, type Lifetime } from './requests.js';

const FORMAT = 3;
/** Format 2 has no pieces of large values; what it has is the same. */
const OLDEST_FORMAT = 2;

const KIND = { set: 1, delete: 2, expire: 3, increment: 4, append: 5, flush: 6, piece: 7, finish: 8, drop: 9 } as const;
const CONDITION = { always: 0, absent: 1, present: 2, version: 3 } as const;
const POLICY = { noeviction: 0, lru: 1, ttl: 2 } as const;
const LIFETIME = { forever: 0, keep: 1, ttl: 2 } as const;

export interface WriteBatch {
  readonly timeMs: number;
  /** In force from this batch on; undefined: those before. */
  readonly memoryRules: MemoryRules | undefined;
  /** What the leader's `takeReadMarks` gave: signed 32-bit integers. */
  readonly readMarks: readonly number[];
  readonly writes: readonly LoggedWrite[];
}

/** Most bytes that one write adds to a batch beyond its key and value. */
export const WRITE_OVERHEAD_BYTES = 48;

/** An entry of the caller's own; the writes' buffers are copied. */
export function encodeWriteBatch(batch: WriteBatch): Uint8Array<ArrayBuffer> {
  let size = 40 + 5 * batch.readMarks.length;
  for (const write of batch.writes) size += loggedBytes(write);
  const writer = new ByteWriter(size);
  writer.uint8(ENTRY_KIND.writes).uint8(FORMAT).varint(batch.timeMs);
  encodeRules(writer, batch.memoryRules);
  writer.varint(batch.readMarks.length);
  for (const mark of batch.readMarks) writer.varint(mark >>> 0);
  writer.varint(batch.writes.length);
  for (const write of batch.writes) encodeWrite(writer, write);
  return writer.finish();
}

/** Throws MalformedBytes. Keys and values are views into `bytes`, which must not change as long as they are in use. */
export function decodeWriteBatch(bytes: Uint8Array): WriteBatch {
  const reader = new ByteReader(bytes);
  if (reader.uint8() !== ENTRY_KIND.writes) throw new MalformedBytes('not a write batch');
  const format = reader.uint8();
  if (format < OLDEST_FORMAT || format > FORMAT) {
    throw new MalformedBytes(`write batch of format ${format}, this version reads ${OLDEST_FORMAT} to ${FORMAT}`);
  }
  const timeMs = reader.varint();
  const memoryRules = decodeRules(reader);
  const markCount = reader.varint();
  const readMarks: number[] = [];
  for (let i = 0; i < markCount; i++) readMarks.push(reader.varint() | 0);
  const count = reader.varint();
  const writes: LoggedWrite[] = [];
  for (let i = 0; i < count; i++) writes.push(decodeWrite(reader));
  reader.end();
  return { timeMs, memoryRules, readMarks, writes };
}

function loggedBytes(write: LoggedWrite): number {
  switch (write.type) {
    case 'piece':
    case 'finish':
    case 'drop':
      return loggedKeyAndValueBytes(write) + WRITE_OVERHEAD_BYTES;
    default:
      return requestBytes(write) + WRITE_OVERHEAD_BYTES;
  }
}

function encodeWrite(writer: ByteWriter, write: LoggedWrite): void {
  writer.uint8(KIND[write.type]);
  switch (write.type) {
    case 'set':
      writer
        .lengthAndBytes(write.key)
        .lengthAndBytes(write.value)
        .uint8(write.returnOld ? 1 : 0);
      encodeLifetime(writer, write.lifetime);
      encodeCondition(writer, write.condition);
      return;
    case 'delete':
      writer.lengthAndBytes(write.key);
      encodeCondition(writer, write.condition);
      return;
    case 'expire':
      writer.lengthAndBytes(write.key);
      encodeLifetime(writer, write.lifetime);
      return;
    case 'increment':
      writer.lengthAndBytes(write.key).int64(write.delta);
      return;
    case 'append':
      writer.lengthAndBytes(write.key).lengthAndBytes(write.value);
      return;
    case 'flush':
      return;
    case 'piece':
      writer.varint(write.upload).varint(write.totalBytes).varint(write.at);
      writer.lengthAndBytes(write.key).lengthAndBytes(write.bytes);
      return;
    case 'finish':
      writer.varint(write.upload).varint(write.totalBytes);
      encodeWrite(writer, write.write);
      return;
    case 'drop':
      writer.varint(write.upload);
      return;
    default:
      assertNever(write, 'write');
  }
}

function decodeWrite(reader: ByteReader): LoggedWrite {
  const kind = reader.uint8();
  switch (kind) {
    case KIND.set: {
      const key = reader.lengthAndBytes();
      const value = reader.lengthAndBytes();
      const returnOld = reader.uint8() === 1;
      const lifetime = decodeLifetime(reader);
      return { type: 'set', key, value, returnOld, lifetime, condition: decodeCondition(reader) };
    }
    case KIND.delete: {
      const key = reader.lengthAndBytes();
      return { type: 'delete', key, condition: decodeCondition(reader) };
    }
    case KIND.expire: {
      const key = reader.lengthAndBytes();
      return { type: 'expire', key, lifetime: decodeLifetime(reader) };
    }
    case KIND.increment: {
      const key = reader.lengthAndBytes();
      return { type: 'increment', key, delta: reader.int64() };
    }
    case KIND.append: {
      const key = reader.lengthAndBytes();
      return { type: 'append', key, value: reader.lengthAndBytes() };
    }
    case KIND.flush:
      return { type: 'flush' };
    case KIND.piece: {
      const upload = reader.varint();
      const totalBytes = reader.varint();
      const at = reader.varint();
      const key = reader.lengthAndBytes();
      return { type: 'piece', upload, key, totalBytes, at, bytes: reader.lengthAndBytes() };
    }
    case KIND.finish: {
      const upload = reader.varint();
      const totalBytes = reader.varint();
      // Looked at first: a finish in a finish in a finish would take the stack.
      if (reader.peek() === KIND.finish)
        throw new MalformedBytes('a finish has no value that could have come in pieces');
      const write = decodeWrite(reader);
      if (write.type === 'set' || write.type === 'append') return { type: 'finish', upload, totalBytes, write };
      throw new MalformedBytes(`a ${write.type} has no value that could have come in pieces`);
    }
    case KIND.drop:
      return { type: 'drop', upload: reader.varint() };
    default:
      throw new MalformedBytes(`write of unknown kind ${kind}`);
  }
}

function encodeRules(writer: ByteWriter, rules: MemoryRules | undefined): void {
  writer.uint8(rules === undefined ? 0 : 1);
  if (rules === undefined) return;
  writer.varint(rules.maxBytes === Infinity ? 0 : rules.maxBytes).uint8(POLICY[rules.policy]);
}

function decodeRules(reader: ByteReader): MemoryRules | undefined {
  if (reader.uint8() === 0) return undefined;
  const maxBytes = reader.varint();
  return { maxBytes: maxBytes === 0 ? Infinity : maxBytes, policy: decodePolicy(reader.uint8()) };
}

function decodePolicy(kind: number): EvictionPolicy {
  switch (kind) {
    case POLICY.noeviction:
      return 'noeviction';
    case POLICY.lru:
      return 'lru';
    case POLICY.ttl:
      return 'ttl';
    default:
      throw new MalformedBytes(`eviction policy of unknown kind ${kind}`);
  }
}

function encodeLifetime(writer: ByteWriter, lifetime: Lifetime): void {
  writer.uint8(LIFETIME[lifetime.type]);
  if (lifetime.type === 'ttl') writer.varint(lifetime.ttlMs);
}

function decodeLifetime(reader: ByteReader): Lifetime {
  const kind = reader.uint8();
  switch (kind) {
    case LIFETIME.forever:
      return FOREVER;
    case LIFETIME.keep:
      return { type: 'keep' };
    case LIFETIME.ttl:
      return { type: 'ttl', ttlMs: reader.varint() };
    default:
      throw new MalformedBytes(`lifetime of unknown kind ${kind}`);
  }
}

function encodeCondition(writer: ByteWriter, condition: Condition): void {
  writer.uint8(CONDITION[condition.type]);
  if (condition.type === 'version') writer.varint(condition.version);
}

function decodeCondition(reader: ByteReader): Condition {
  const kind = reader.uint8();
  switch (kind) {
    case CONDITION.always:
      return ALWAYS;
    case CONDITION.absent:
      return { type: 'absent' };
    case CONDITION.present:
      return { type: 'present' };
    case CONDITION.version:
      return { type: 'version', version: reader.varint() };
    default:
      throw new MalformedBytes(`condition of unknown kind ${kind}`);
  }
}
