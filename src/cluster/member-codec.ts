/**
 * Members and member commands as bytes: entries of the log, contexts of membership changes, and snapshots. On disk and on
 * the wire, so a change takes a new format number.
 *
 *   member  := raftId nodeId controlAddress clientAddress httpAddress dataAddress
 *                                                                          (varint, then strings: length and UTF-8)
 *   command := ENTRY_KIND.members format(1 byte) kind(1 byte) fields
 *   members := format(1 byte) clusterId nextRaftId count expected* count founder* count member*
 *                                                                          (clusterId empty: none)
 *
 * Format 1, which is still read, had no dataAddress.
 */
import { ByteReader, MalformedBytes } from '../base/byte-reader.js';
import { ByteWriter } from '../base/byte-writer.js';
import { ENTRY_KIND } from '../base/entry-kind.js';
import { isClusterId, isNodeId, isRaftId, type NodeId } from '../base/ids.js';
import type { Member, MemberCommand, Members } from './members.js';

const FORMAT = 2;
const FORMAT_WITHOUT_DATA_ADDRESS = 1;
const KIND = { found: 1, update: 2, expect: 3, unexpect: 4 } as const;

export function encodeMemberCommand(command: MemberCommand): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().uint8(ENTRY_KIND.members).uint8(FORMAT).uint8(KIND[command.type]);
  switch (command.type) {
    case 'found':
      writeText(writer, command.clusterId);
      writeMembers(writer, command.founders);
      return writer.finish();
    case 'update':
      writeMember(writer, command.member);
      return writer.finish();
    case 'expect':
    case 'unexpect':
      writeText(writer, command.nodeId);
      return writer.finish();
  }
}

/** Throws MalformedBytes. */
export function decodeMemberCommand(bytes: Uint8Array): MemberCommand {
  const reader = new ByteReader(bytes);
  if (reader.uint8() !== ENTRY_KIND.members) throw new MalformedBytes('not a member command');
  const command = readCommand(reader, readFormat(reader));
  reader.end();
  return command;
}

function readCommand(reader: ByteReader, format: number): MemberCommand {
  const kind = reader.uint8();
  switch (kind) {
    case KIND.found: {
      const clusterId = readText(reader);
      if (!isClusterId(clusterId)) throw new MalformedBytes('not a cluster id');
      return { type: 'found', clusterId, founders: readMembers(reader, format) };
    }
    case KIND.update:
      return { type: 'update', member: readMember(reader, format) };
    case KIND.expect:
      return { type: 'expect', nodeId: readNodeId(reader) };
    case KIND.unexpect:
      return { type: 'unexpect', nodeId: readNodeId(reader) };
    default:
      throw new MalformedBytes(`member command of unknown kind ${kind}`);
  }
}

/** The context of a membership change: the members that it adds. */
export function encodeAddedMembers(added: readonly Member[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().uint8(FORMAT);
  writeMembers(writer, added);
  return writer.finish();
}

/** Throws MalformedBytes. An empty context adds nobody. */
export function decodeAddedMembers(context: Uint8Array): readonly Member[] {
  if (context.length === 0) return [];
  const reader = new ByteReader(context);
  const added = readMembers(reader, readFormat(reader));
  reader.end();
  return added;
}

export function encodeMembers(members: Members): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().uint8(FORMAT);
  writeText(writer, members.clusterId ?? '');
  writer.varint(members.nextRaftId).varint(members.expected.length);
  for (const nodeId of members.expected) writeText(writer, nodeId);
  writer.varint(members.founders.length);
  for (const raftId of members.founders) writer.varint(raftId);
  writeMembers(writer, members.list);
  return writer.finish();
}

/** Throws MalformedBytes. */
export function decodeMembers(bytes: Uint8Array): Members {
  const reader = new ByteReader(bytes);
  const format = readFormat(reader);
  const text = readText(reader);
  const clusterId = text === '' ? undefined : text;
  if (clusterId !== undefined && !isClusterId(clusterId)) throw new MalformedBytes('not a cluster id');
  const nextRaftId = reader.varint();
  const expectedCount = reader.varint();
  const expected: string[] = [];
  for (let i = 0; i < expectedCount; i++) expected.push(readNodeId(reader));
  const founderCount = reader.varint();
  const founders: number[] = [];
  for (let i = 0; i < founderCount; i++) founders.push(reader.varint());
  const list = readMembers(reader, format);
  reader.end();
  return { clusterId, nextRaftId, expected, founders, list };
}

function readFormat(reader: ByteReader): number {
  const format = reader.uint8();
  if (format !== FORMAT && format !== FORMAT_WITHOUT_DATA_ADDRESS)
    throw new MalformedBytes(`list of nodes of format ${format}, this version reads ${FORMAT}`);
  return format;
}

function writeMembers(writer: ByteWriter, members: readonly Member[]): void {
  writer.varint(members.length);
  for (const member of members) writeMember(writer, member);
}

function readMembers(reader: ByteReader, format: number): readonly Member[] {
  const count = reader.varint();
  const members: Member[] = [];
  for (let i = 0; i < count; i++) members.push(readMember(reader, format));
  return members;
}

function writeMember(writer: ByteWriter, member: Member): void {
  writer.varint(member.raftId);
  const { nodeId, controlAddress, clientAddress, httpAddress, dataAddress } = member;
  for (const text of [nodeId, controlAddress, clientAddress, httpAddress, dataAddress]) writeText(writer, text);
}

function readMember(reader: ByteReader, format: number): Member {
  const raftId = reader.varint();
  if (!isRaftId(raftId)) throw new MalformedBytes('not a raft id');
  const nodeId = readNodeId(reader);
  const controlAddress = readText(reader);
  const clientAddress = readText(reader);
  const httpAddress = readText(reader);
  const dataAddress = format === FORMAT_WITHOUT_DATA_ADDRESS ? '' : readText(reader);
  return { raftId, nodeId, controlAddress, clientAddress, httpAddress, dataAddress };
}

function readNodeId(reader: ByteReader): NodeId {
  const nodeId = readText(reader);
  if (!isNodeId(nodeId)) throw new MalformedBytes('not a node id');
  return nodeId;
}

function writeText(writer: ByteWriter, text: string): void {
  writer.lengthAndBytes(new TextEncoder().encode(text));
}

function readText(reader: ByteReader): string {
  return new TextDecoder().decode(reader.lengthAndBytes());
}
