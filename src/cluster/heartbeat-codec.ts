/**
 * Heartbeats and their replies as bytes between control threads. Integers are varints; a list is its length and its items.
 *
 *   heartbeat := format(1 byte) nodeId incarnation sequence mapIndex (group epoch)* declaration* (group joinIndex)*
 *                (nodeId ageMs)* (group index)* freeBytes leaving(1 byte) answeredIn refillPaused(1 byte)
 *                damaged:(group epoch)*
 *   reply     := format(1 byte) incarnation sequence leaseMs mapIndex (group epoch)* trouble* handOver:(group epoch)* leaveRefused(1 byte) term
 *   trouble   := group epoch over: nodeId* silent: nodeId* isLost(1 byte)
 */
import { ByteReader } from '../base/byte-reader.js';
import { ByteWriter } from '../base/byte-writer.js';
import {
  readFlag,
  readFormat,
  readIncarnation,
  readList,
  readMember,
  readNodeId,
  writeList,
  writeMember,
  writeNodeId,
} from './field-codec.js';
import type { GroupEpoch, GroupTrouble, Heartbeat, HeartbeatReply } from './heartbeat.js';
import type { Declaration } from './map-commands.js';

const FORMAT = 1;

/** Ages may be fractions of a millisecond; they are rounded up. */
export function encodeHeartbeat(heartbeat: Heartbeat): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().uint8(FORMAT);
  writeMember(writer, heartbeat);
  writer.varint(heartbeat.sequence).varint(heartbeat.mapIndex);
  writeEpochs(writer, heartbeat.letGo);
  writeList(writer, heartbeat.declarations, (declaration) => writeDeclaration(writer, declaration));
  writeList(writer, heartbeat.brokenJoins, ({ group, joinIndex }) => writer.varint(group).varint(joinIndex));
  writeList(writer, heartbeat.unacknowledged, ({ nodeId, ageMs }) => {
    writeNodeId(writer, nodeId);
    writer.varint(Math.ceil(ageMs));
  });
  writeList(writer, heartbeat.lastIndexes, ({ group, index }) => writer.varint(group).varint(index));
  writer
    .varint(heartbeat.freeBytes)
    .uint8(heartbeat.leaving ? 1 : 0)
    .varint(heartbeat.answeredIn)
    .uint8(heartbeat.refillPaused ? 1 : 0);
  writeEpochs(writer, heartbeat.damaged);
  return writer.finish();
}

/** Throws MalformedBytes. */
export function decodeHeartbeat(bytes: Uint8Array): Heartbeat {
  const reader = new ByteReader(bytes);
  readFormat(reader, 'heartbeat', FORMAT);
  const heartbeat = {
    ...readMember(reader),
    sequence: reader.varint(),
    mapIndex: reader.varint(),
    letGo: readEpochs(reader),
    declarations: readList(reader, () => readDeclaration(reader)),
    brokenJoins: readList(reader, () => ({ group: reader.varint(), joinIndex: reader.varint() })),
    unacknowledged: readList(reader, () => ({ nodeId: readNodeId(reader), ageMs: reader.varint() })),
    lastIndexes: readList(reader, () => ({ group: reader.varint(), index: reader.varint() })),
    freeBytes: reader.varint(),
    leaving: readFlag(reader, 'leaving'),
    answeredIn: reader.varint(),
    refillPaused: readFlag(reader, 'refillPaused'),
    damaged: readEpochs(reader),
  };
  reader.end();
  return heartbeat;
}

export function encodeHeartbeatReply(reply: HeartbeatReply): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().uint8(FORMAT).varint(reply.incarnation).varint(reply.sequence);
  writer.varint(reply.leaseMs).varint(reply.mapIndex);
  writeEpochs(writer, reply.letGo);
  writeList(writer, reply.troubles, (trouble) => writeTrouble(writer, trouble));
  writeEpochs(writer, reply.handOver);
  return writer
    .uint8(reply.leaveRefused ? 1 : 0)
    .varint(reply.term)
    .finish();
}

/** Throws MalformedBytes. */
export function decodeHeartbeatReply(bytes: Uint8Array): HeartbeatReply {
  const reader = new ByteReader(bytes);
  readFormat(reader, 'heartbeat reply', FORMAT);
  const reply = {
    incarnation: readIncarnation(reader),
    sequence: reader.varint(),
    leaseMs: reader.varint(),
    mapIndex: reader.varint(),
    letGo: readEpochs(reader),
    troubles: readList(reader, () => readTrouble(reader)),
    handOver: readEpochs(reader),
    leaveRefused: readFlag(reader, 'leaveRefused'),
    term: reader.varint(),
  };
  reader.end();
  return reply;
}

function writeTrouble(writer: ByteWriter, { group, epoch, over, silent, isLost }: GroupTrouble): void {
  writer.varint(group).varint(epoch);
  for (const list of [over, silent]) writeList(writer, list, (nodeId) => writeNodeId(writer, nodeId));
  writer.uint8(isLost ? 1 : 0);
}

function readTrouble(reader: ByteReader): GroupTrouble {
  return {
    group: reader.varint(),
    epoch: reader.varint(),
    over: readList(reader, () => readNodeId(reader)),
    silent: readList(reader, () => readNodeId(reader)),
    isLost: reader.uint8() !== 0,
  };
}

function writeDeclaration(writer: ByteWriter, declaration: Declaration): void {
  writer.varint(declaration.group).varint(declaration.position).varint(declaration.epoch);
  writeMember(writer, declaration.learner);
  writer.varint(declaration.joinIndex);
}

function readDeclaration(reader: ByteReader): Declaration {
  return {
    group: reader.varint(),
    position: reader.varint(),
    epoch: reader.varint(),
    learner: readMember(reader),
    joinIndex: reader.varint(),
  };
}

function writeEpochs(writer: ByteWriter, list: readonly GroupEpoch[]): void {
  writeList(writer, list, ({ group, epoch }) => writer.varint(group).varint(epoch));
}

function readEpochs(reader: ByteReader): readonly GroupEpoch[] {
  return readList(reader, () => ({ group: reader.varint(), epoch: reader.varint() }));
}
