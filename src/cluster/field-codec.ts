/** Fields that the formats of the cluster room share. Everything read throws MalformedBytes when it is not what it should be. */
import { MalformedBytes, type ByteReader } from '../base/byte-reader.js';
import type { ByteWriter } from '../base/byte-writer.js';
import { isIncarnation, isNodeId, type Incarnation, type NodeId } from '../base/ids.js';
import type { GroupMember } from './cluster-map.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function writeNodeId(writer: ByteWriter, nodeId: NodeId): void {
  writer.lengthAndBytes(encoder.encode(nodeId));
}

export function readNodeId(reader: ByteReader): NodeId {
  const text = decoder.decode(reader.lengthAndBytes());
  if (!isNodeId(text)) throw new MalformedBytes('not a node id');
  return text;
}

export function readIncarnation(reader: ByteReader): Incarnation {
  const number = reader.varint();
  if (!isIncarnation(number)) throw new MalformedBytes('not an incarnation');
  return number;
}

export function writeMember(writer: ByteWriter, { nodeId, incarnation }: GroupMember): void {
  writeNodeId(writer, nodeId);
  writer.varint(incarnation);
}

export function readMember(reader: ByteReader): GroupMember {
  return { nodeId: readNodeId(reader), incarnation: readIncarnation(reader) };
}

/** A byte that is 0 or 1. */
export function readFlag(reader: ByteReader, what: string): boolean {
  const flag = reader.uint8();
  if (flag > 1) throw new MalformedBytes(`${what} is ${flag}, neither 0 nor 1`);
  return flag === 1;
}

/** Their number, then each. */
export function writeList<T>(writer: ByteWriter, list: readonly T[], write: (item: T) => void): void {
  writer.varint(list.length);
  for (const item of list) write(item);
}

export function readList<T>(reader: ByteReader, read: () => T): T[] {
  const count = reader.varint();
  // Every item takes at least a byte: a wrong count is found before memory is taken for it.
  if (count > reader.remaining) throw new MalformedBytes(`a list of ${count} in ${reader.remaining} bytes`);
  return Array.from({ length: count }, read);
}

export function readFormat(reader: ByteReader, what: string, expected: number): void {
  const format = reader.uint8();
  if (format !== expected) throw new MalformedBytes(`${what} of format ${format}, this version reads ${expected}`);
}
