/** What a holder answers to a shard request, as bytes. Part of message-codec.ts. Readers throw MalformedBytes. */
import { type ByteReader, MalformedBytes } from '../base/byte-reader.js';
import type { ByteWriter } from '../base/byte-writer.js';
import { LIMITS } from '../base/limits.js';
import { BLOCK_BYTES, readBelow, readBlock, readChecksum, readList, writeBlock } from './message-fields.js';
import type { Contribution, DataShard, ShardReply } from './messages.js';

type Parity = NonNullable<ShardReply['parity']>;

/** Position and checksum. */
const CONTRIBUTION_BYTES = 9;

export function shardReplyBytes({ data, parity }: ShardReply): number {
  const dataBytes = data.reduce((sum, { bytes }) => sum + CONTRIBUTION_BYTES + BLOCK_BYTES + bytes.length, 0);
  if (parity === null) return dataBytes;
  return dataBytes + parity.contributions.length * CONTRIBUTION_BYTES + BLOCK_BYTES + parity.bytes.length;
}

export function writeShardReply(writer: ByteWriter, message: ShardReply): void {
  writer.varint(message.group).varint(message.requestId).varint(message.epoch).varint(message.data.length);
  for (const shard of message.data) {
    writeContribution(writer, shard);
    writeBlock(writer, shard.bytes);
  }
  writer.uint8(message.parity === null ? 0 : 1);
  if (message.parity !== null) writeParity(writer, message.parity);
}

export function readShardReply(reader: ByteReader): ShardReply {
  const group = reader.varint();
  const requestId = reader.varint();
  const epoch = reader.varint();
  const data = readList(reader, () => readShard(reader), LIMITS.maxDataPositions);
  refuseRepeated(data);
  const parity = readBelow(reader, 2, 'number of parity shards') === 1 ? readParity(reader) : null;
  return { type: 'shard-reply', group, requestId, epoch, data, parity };
}

function writeParity(writer: ByteWriter, { index, contributions, bytes }: Parity): void {
  writer.varint(index).varint(contributions.length);
  for (const contribution of contributions) writeContribution(writer, contribution);
  writeBlock(writer, bytes);
}

function readParity(reader: ByteReader): Parity {
  const index = readBelow(reader, LIMITS.maxParityPositions, 'parity index');
  const contributions = readList(reader, () => readContribution(reader), LIMITS.maxDataPositions);
  refuseRepeated(contributions);
  return { index, contributions, bytes: readBlock(reader) };
}

function writeContribution(writer: ByteWriter, { position, checksum }: Contribution): void {
  writer.varint(position).float64(checksum);
}

function readContribution(reader: ByteReader): Contribution {
  const position = readBelow(reader, LIMITS.maxDataPositions, 'data position');
  return { position, checksum: readChecksum(reader) };
}

/** A position is given once. */
function refuseRepeated(shards: readonly Contribution[]): void {
  if (new Set(shards.map(({ position }) => position)).size < shards.length) {
    throw new MalformedBytes('a position is given twice');
  }
}

function readShard(reader: ByteReader): DataShard {
  const { position, checksum } = readContribution(reader);
  return { position, checksum, bytes: readBlock(reader) };
}
