/**
 * Raft messages as bytes for the wire. Hand-written: entries are most of what nodes send each other.
 *
 *   message := kind(1 byte) to from term fields        (numbers are varints, byte strings have their length before them)
 *
 * The format belongs to the protocol between nodes: a change raises PEER_PROTOCOL (cluster/speaker.ts). What comes out of
 * `decode` is well-formed, but not believed: the core checks it (message-guard.ts).
 */
import { assertNever } from '../base/assert.js';
import { ByteReader, MalformedBytes } from '../base/byte-reader.js';
import { ByteWriter } from '../base/byte-writer.js';
import type { PeerMessage, Proposal } from './messages.js';
import type { ConfState, Entry, EntryType, Snapshot } from './types.js';

/** Position is the number on the wire. */
const KINDS = [
  'append',
  'append-response',
  'heartbeat',
  'heartbeat-response',
  'snapshot',
  'vote',
  'pre-vote',
  'vote-response',
  'pre-vote-response',
  'propose',
  'read-index',
  'read-index-response',
  'transfer-leader',
  'timeout-now',
] as const satisfies readonly PeerMessage['type'][];

const ENTRY_TYPES: readonly EntryType[] = ['normal', 'conf-change', 'conf-change-v2'];

/** Bytes that belong to the caller; the message's buffers are copied. */
export function encodePeerMessage(message: PeerMessage): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(message.type === 'append' ? 64 + appendBytes(message.entries) : 64);
  writer.uint8(KINDS.indexOf(message.type)).varint(message.to).varint(message.from).varint(message.term);
  encodeFields(writer, message);
  return writer.finishView();
}

/** Throws MalformedBytes. Byte strings in the message are views of `bytes`, which must not change any more. */
export function decodePeerMessage(bytes: Uint8Array): PeerMessage {
  const reader = new ByteReader(bytes);
  const type = KINDS[reader.uint8()];
  if (type === undefined) throw new MalformedBytes('Raft message of unknown kind');
  const envelope = { to: reader.varint(), from: reader.varint(), term: reader.varint() };
  const message = decodeFields(reader, type, envelope);
  reader.end();
  return message;
}

function appendBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entry.data.length + 24, 0);
}

function encodeFields(writer: ByteWriter, message: PeerMessage): void {
  switch (message.type) {
    case 'append':
      writer.varint(message.prevIndex).varint(message.prevTerm).varint(message.commit).varint(message.entries.length);
      for (const entry of message.entries) encodeEntry(writer, entry);
      return;
    case 'append-response':
      writer
        .varint(message.index)
        .uint8(message.rejected ? 1 : 0)
        .varint(message.hintIndex)
        .varint(message.hintTerm);
      return;
    case 'heartbeat':
      writer.varint(message.commit).varint(message.readCounter);
      return;
    case 'heartbeat-response':
      writer.varint(message.readCounter);
      return;
    case 'snapshot':
      encodeSnapshot(writer, message.snapshot);
      return;
    case 'vote':
    case 'pre-vote':
      writer
        .varint(message.lastIndex)
        .varint(message.lastTerm)
        .uint8(message.transfer ? 1 : 0);
      return;
    case 'vote-response':
    case 'pre-vote-response':
      writer.uint8(message.rejected ? 1 : 0);
      return;
    case 'propose':
      writer.varint(message.proposals.length);
      for (const { type, data } of message.proposals) writer.uint8(ENTRY_TYPES.indexOf(type)).lengthAndBytes(data);
      return;
    case 'read-index':
      writer.lengthAndBytes(message.context);
      return;
    case 'read-index-response':
      writer.varint(message.index).lengthAndBytes(message.context);
      return;
    case 'transfer-leader':
      writer.varint(message.transferee);
      return;
    case 'timeout-now':
      return;
    default:
      assertNever(message, 'Raft message');
  }
}

type Envelope = Pick<PeerMessage, 'to' | 'from' | 'term'>;

function decodeFields(reader: ByteReader, type: PeerMessage['type'], envelope: Envelope): PeerMessage {
  switch (type) {
    case 'append': {
      const prevIndex = reader.varint();
      const prevTerm = reader.varint();
      const commit = reader.varint();
      return { type, ...envelope, prevIndex, prevTerm, commit, entries: list(reader, decodeEntry) };
    }
    case 'append-response': {
      const index = reader.varint();
      const rejected = flag(reader);
      const hintIndex = reader.varint();
      return { type, ...envelope, index, rejected, hintIndex, hintTerm: reader.varint() };
    }
    case 'heartbeat': {
      const commit = reader.varint();
      return { type, ...envelope, commit, readCounter: reader.varint() };
    }
    case 'heartbeat-response':
      return { type, ...envelope, readCounter: reader.varint() };
    case 'snapshot':
      return { type, ...envelope, snapshot: decodeSnapshot(reader) };
    case 'vote':
    case 'pre-vote': {
      const lastIndex = reader.varint();
      const lastTerm = reader.varint();
      return { type, ...envelope, lastIndex, lastTerm, transfer: flag(reader) };
    }
    case 'vote-response':
    case 'pre-vote-response':
      return { type, ...envelope, rejected: flag(reader) };
    case 'propose':
      return { type, ...envelope, proposals: list(reader, decodeProposal) };
    case 'read-index':
      return { type, ...envelope, context: reader.lengthAndBytes() };
    case 'read-index-response': {
      const index = reader.varint();
      return { type, ...envelope, index, context: reader.lengthAndBytes() };
    }
    case 'transfer-leader':
      return { type, ...envelope, transferee: reader.varint() };
    case 'timeout-now':
      return { type, ...envelope };
    default:
      return assertNever(type, 'Raft message');
  }
}

function encodeEntry(writer: ByteWriter, entry: Entry): void {
  writer.varint(entry.term).varint(entry.index).uint8(ENTRY_TYPES.indexOf(entry.type)).lengthAndBytes(entry.data);
}

function decodeEntry(reader: ByteReader): Entry {
  const term = reader.varint();
  const index = reader.varint();
  const type = entryType(reader);
  return { term, index, type, data: reader.lengthAndBytes() };
}

function decodeProposal(reader: ByteReader): Proposal {
  const type = entryType(reader);
  return { type, data: reader.lengthAndBytes() };
}

function encodeSnapshot(writer: ByteWriter, { metadata, data }: Snapshot): void {
  const { confState } = metadata;
  writer
    .varint(metadata.index)
    .varint(metadata.term)
    .uint8(confState.autoLeave ? 1 : 0);
  for (const ids of [confState.voters, confState.votersOutgoing, confState.learners, confState.learnersNext]) {
    writer.varint(ids.length);
    for (const id of ids) writer.varint(id);
  }
  writer.lengthAndBytes(data);
}

function decodeSnapshot(reader: ByteReader): Snapshot {
  const index = reader.varint();
  const term = reader.varint();
  const autoLeave = flag(reader);
  const ids = (): number[] => list(reader, (from) => from.varint());
  const confState: ConfState = {
    voters: ids(),
    votersOutgoing: ids(),
    learners: ids(),
    learnersNext: ids(),
    autoLeave,
  };
  return { metadata: { index, term, confState }, data: reader.lengthAndBytes() };
}

function list<T>(reader: ByteReader, decode: (reader: ByteReader) => T): T[] {
  const count = reader.varint();
  if (count > reader.remaining) throw new MalformedBytes(`list of ${count} in ${reader.remaining} bytes`);
  return Array.from({ length: count }, () => decode(reader));
}

function flag(reader: ByteReader): boolean {
  const byte = reader.uint8();
  if (byte > 1) throw new MalformedBytes('flag is neither 0 nor 1');
  return byte === 1;
}

function entryType(reader: ByteReader): EntryType {
  const type = ENTRY_TYPES[reader.uint8()];
  if (type === undefined) throw new MalformedBytes('entry of unknown type');
  return type;
}
