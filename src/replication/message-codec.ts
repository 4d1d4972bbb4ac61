/**
 * Data messages as bytes: what data links carry, and what the simulator hands from node to node.
 *
 *   message := kind(1 byte) fields        (numbers are varints, byte strings have their length before them)
 *
 * A message says itself where it ends, so several follow one another in a frame. Bytes that somebody will compute on (segments,
 * shards) lie at multiples of 8 from the writer's first byte and are read in place. The format belongs to the protocol between
 * nodes: a change raises DATA_LINK_VERSION (adapters/data-link/frame.ts). What is read is well-formed and of allowed sizes, but
 * not believed: the partition protocol checks epochs, indexes and checksums.
 */
import { assert, assertNever } from '../base/assert.js';
import { type ByteReader, MalformedBytes } from '../base/byte-reader.js';
import type { ByteWriter } from '../base/byte-writer.js';
import type { Append, AppendReply, DataMessage, LogEntry } from './messages.js';
import { PRESSURES } from './node-memory.js';
import { readChecksum, readIndexAfter, readList, readPartition, writePartition } from './message-fields.js';
import { readShardReply, shardReplyBytes, writeShardReply } from './shard-codec.js';
import {
  beginBytes,
  factsBytes,
  keptBytes,
  readBegin,
  readFacts,
  readKept,
  readSegment,
  segmentBytes,
  writeBegin,
  writeFacts,
  writeKept,
  writeSegment,
} from './transfer-codec.js';

/** Numbers on the wire. */
const KINDS = {
  append: 0,
  'append-reply': 1,
  'transfer-begin': 2,
  'transfer-segment': 3,
  'transfer-taken': 4,
  'transfer-verify': 5,
  'shard-request': 6,
  'shard-reply': 7,
  'shard-suspect': 25,
  'transfer-kept': 20,
  'transfer-facts': 21,
} as const satisfies Readonly<Record<DataMessage['type'], number>>;
const TYPES = new Map(
  (Object.keys(KINDS) as readonly DataMessage['type'][]).map((type) => [KINDS[type] as number, type]),
);

const STATUSES = ['matched', 'gap', 'not-yet', 'stale'] as const satisfies readonly AppendReply['status'][];

/** Kind and numbers of any message are at most this long. */
const FIXED_BYTES = 80;
/** Epoch and length of an entry. */
const ENTRY_BYTES = 16;

/** At least as many bytes as the message takes, and not many more. */
export function dataMessageBytes(message: DataMessage): number {
  switch (message.type) {
    case 'append':
      return message.entries.reduce((sum, { bytes }) => sum + bytes.length + ENTRY_BYTES, FIXED_BYTES);
    case 'transfer-begin':
      return FIXED_BYTES + beginBytes(message);
    case 'transfer-segment':
      return FIXED_BYTES + segmentBytes(message);
    case 'transfer-facts':
      return FIXED_BYTES + factsBytes(message);
    case 'transfer-kept':
      return FIXED_BYTES + keptBytes(message);
    case 'shard-reply':
      return FIXED_BYTES + shardReplyBytes(message);
    case 'append-reply':
    case 'transfer-taken':
    case 'transfer-verify':
    case 'shard-request':
    case 'shard-suspect':
      return FIXED_BYTES;
    default:
      return assertNever(message, 'data message');
  }
}

/** Copies all bytes of the message. */
export function writeDataMessage(writer: ByteWriter, message: DataMessage): void {
  writer.uint8(KINDS[message.type]);
  switch (message.type) {
    case 'append':
      return writeAppend(writer, message);
    case 'append-reply':
      writePartition(writer, message).uint8(STATUSES.indexOf(message.status));
      writer.varint(message.epoch).varint(message.joinIndex).varint(message.index);
      writer.varint(message.appliedIndex).varint(message.freeBytes).uint8(PRESSURES.indexOf(message.pressure));
      return;
    case 'transfer-begin':
      return writeBegin(writer, message);
    case 'transfer-segment':
      return writeSegment(writer, message);
    case 'transfer-kept':
      return writeKept(writer, message);
    case 'transfer-facts':
      return writeFacts(writer, message);
    case 'transfer-taken':
      writePartition(writer, message).varint(message.joinIndex);
      writer.varint(message.number).varint(message.index).float64(message.digest);
      return;
    case 'transfer-verify':
      writePartition(writer, message).varint(message.joinIndex).varint(message.index);
      return;
    case 'shard-request':
      writer.varint(message.group).varint(message.requestId).varint(message.stripe);
      return;
    case 'shard-reply':
      return writeShardReply(writer, message);
    case 'shard-suspect':
      writer.varint(message.group).varint(message.stripe);
      return;
    default:
      assertNever(message, 'data message');
  }
}

/** Byte strings of the message are views of what `reader` reads from, which must not change any more. Throws MalformedBytes. */
export function readDataMessage(reader: ByteReader): DataMessage {
  const type = TYPES.get(reader.uint8());
  switch (type) {
    case undefined:
      throw new MalformedBytes('data message of unknown kind');
    case 'append':
      return readAppend(reader);
    case 'append-reply':
      return readAppendReply(reader);
    case 'transfer-begin':
      return readBegin(reader);
    case 'transfer-segment':
      return readSegment(reader);
    case 'transfer-kept':
      return readKept(reader);
    case 'transfer-facts':
      return readFacts(reader);
    case 'transfer-taken': {
      const name = readPartition(reader);
      const joinIndex = reader.varint();
      const number = reader.varint();
      const index = reader.varint();
      return { type, ...name, joinIndex, number, index, digest: readChecksum(reader) };
    }
    case 'transfer-verify': {
      const name = readPartition(reader);
      const joinIndex = reader.varint();
      return { type, ...name, joinIndex, index: reader.varint() };
    }
    case 'shard-request': {
      const group = reader.varint();
      const requestId = reader.varint();
      return { type, group, requestId, stripe: reader.varint() };
    }
    case 'shard-reply':
      return readShardReply(reader);
    case 'shard-suspect': {
      const group = reader.varint();
      return { type, group, stripe: reader.varint() };
    }
    default:
      return assertNever(type, 'data message');
  }
}

/** The indexes of the entries follow from prevIndex and do not travel. */
function writeAppend(writer: ByteWriter, message: Append): void {
  writePartition(writer, message).varint(message.epoch).varint(message.joinIndex);
  writer.varint(message.prevIndex).varint(message.prevEpoch).varint(message.commitIndex);
  writer.varint(message.entries.length);
  let index = message.prevIndex;
  for (const entry of message.entries) {
    assert(entry.index === ++index, 'entries of an Append follow one another');
    writer.varint(entry.epoch).lengthAndBytes(entry.bytes);
  }
  writer.varint(message.askedBytes);
}

function readAppend(reader: ByteReader): Append {
  const name = readPartition(reader);
  const epoch = reader.varint();
  const joinIndex = reader.varint();
  const prevIndex = reader.varint();
  const prevEpoch = reader.varint();
  const commitIndex = reader.varint();
  const entries = readList(reader, (at): LogEntry => {
    const index = readIndexAfter(prevIndex, at);
    const entryEpoch = reader.varint();
    return { index, epoch: entryEpoch, bytes: reader.lengthAndBytes() };
  });
  const askedBytes = reader.varint();
  return { type: 'append', ...name, epoch, joinIndex, prevIndex, prevEpoch, commitIndex, entries, askedBytes };
}

function readAppendReply(reader: ByteReader): AppendReply {
  const name = readPartition(reader);
  const status = STATUSES[reader.uint8()];
  if (status === undefined) throw new MalformedBytes('reply to an Append with an unknown status');
  const epoch = reader.varint();
  const joinIndex = reader.varint();
  const index = reader.varint();
  const appliedIndex = reader.varint();
  const freeBytes = reader.varint();
  const pressure = PRESSURES[reader.uint8()];
  if (pressure === undefined) throw new MalformedBytes('reply to an Append with an unknown pressure');
  return { type: 'append-reply', ...name, status, epoch, joinIndex, index, appliedIndex, freeBytes, pressure };
}
