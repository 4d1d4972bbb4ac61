/**
 * The cluster map and its commands as bytes: snapshots and entries of the Raft log. On disk and on the wire, so a change takes a
 * new format number. Integers are varints; a list is its length and its items.
 *
 *   map     := format(1 byte) k m group*
 *   group   := holder* epoch member* (member joinIndex)* acting* lossGeneration loss(1 byte) logStart* versionFloor
 *   acting  := 0 (nobody) or position of the acting node + 1
 *   loss    := place in LOSS_NOTICES
 *   command := ENTRY_KIND.map format(1 byte) kind(1 byte) fields in the order of map-commands.ts
 */
import { assertNever } from '../base/assert.js';
import { ByteReader, MalformedBytes } from '../base/byte-reader.js';
import { ByteWriter } from '../base/byte-writer.js';
import { ENTRY_KIND } from '../base/entry-kind.js';
import type { NodeId } from '../base/ids.js';
import { LOSS_NOTICES, type ClusterMap, type Group, type GroupMember, type LossNotice } from './cluster-map.js';
import { readFormat, readList, readMember, readNodeId, writeList, writeMember, writeNodeId } from './field-codec.js';
import type { AttributedDeclaration, MapCommand } from './map-commands.js';

const FORMAT = 1;
const KIND = {
  'create-groups': 1,
  remove: 2,
  renew: 3,
  join: 4,
  'stop-joining': 5,
  promote: 6,
  'raise-floor': 7,
  'cold-start': 8,
  'accept-loss': 20,
  'acknowledge-loss': 21,
  'replace-holder': 26,
} as const;

export function encodeMap(map: ClusterMap): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().uint8(FORMAT).varint(map.k).varint(map.m);
  writeList(writer, map.groups, (group) => writeGroup(writer, group));
  return writer.finish();
}

/** Throws MalformedBytes. */
export function decodeMap(bytes: Uint8Array): ClusterMap {
  const reader = new ByteReader(bytes);
  readFormat(reader, 'cluster map', FORMAT);
  const k = reader.varint();
  const m = reader.varint();
  let id = 0;
  const groups = readList(reader, () => readGroup(reader, id++));
  reader.end();
  return { k, m, groups };
}

export function encodeMapCommand(command: MapCommand): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().uint8(ENTRY_KIND.map).uint8(FORMAT).uint8(KIND[command.type]);
  writeCommand(writer, command);
  return writer.finish();
}

/** Throws MalformedBytes. */
export function decodeMapCommand(bytes: Uint8Array): MapCommand {
  const reader = new ByteReader(bytes);
  if (reader.uint8() !== ENTRY_KIND.map) throw new MalformedBytes('not a map command');
  readFormat(reader, 'map command', FORMAT);
  const command = readCommand(reader);
  reader.end();
  return command;
}

function writeGroup(writer: ByteWriter, group: Group): void {
  writeNodeIds(writer, group.holders);
  writer.varint(group.epoch);
  writeMembers(writer, group.inSync);
  writeList(writer, group.joining, (learner) => {
    writeMember(writer, learner);
    writer.varint(learner.joinIndex);
  });
  writeList(writer, group.acting, (nodeId) => {
    writer.varint(nodeId === null ? 0 : group.holders.indexOf(nodeId) + 1);
  });
  writer.varint(group.lossGeneration).uint8(LOSS_NOTICES.indexOf(group.loss));
  writeList(writer, group.logStarts, (index) => writer.varint(index));
  writer.varint(group.versionFloor);
}

function readGroup(reader: ByteReader, id: number): Group {
  const holders = readNodeIds(reader);
  return {
    id,
    holders,
    epoch: reader.varint(),
    inSync: readMembers(reader),
    joining: readList(reader, () => ({ ...readMember(reader), joinIndex: reader.varint() })),
    acting: readList(reader, () => readActing(reader, holders)),
    lossGeneration: reader.varint(),
    loss: readLossNotice(reader),
    logStarts: readList(reader, () => reader.varint()),
    versionFloor: reader.varint(),
  };
}

function readLossNotice(reader: ByteReader): LossNotice {
  const place = reader.uint8();
  const notice = LOSS_NOTICES[place];
  if (notice === undefined) throw new MalformedBytes(`no loss notice has number ${place}`);
  return notice;
}

function readActing(reader: ByteReader, holders: readonly NodeId[]): NodeId | null {
  const number = reader.varint();
  if (number === 0) return null;
  const nodeId = holders[number - 1];
  if (nodeId === undefined) throw new MalformedBytes('nobody is at the position of the acting node');
  return nodeId;
}

function writeCommand(writer: ByteWriter, command: MapCommand): void {
  switch (command.type) {
    case 'create-groups':
      writer.varint(command.k).varint(command.m);
      writeList(writer, command.groups, (holders) => writeNodeIds(writer, holders));
      return writeMembers(writer, command.members);
    case 'remove':
      writer.varint(command.group).varint(command.epoch);
      return writeMember(writer, command.member);
    case 'renew':
      writer.varint(command.group).varint(command.epoch);
      return;
    case 'join':
      writer.varint(command.group).varint(command.epoch);
      writeMember(writer, command.member);
      writer.varint(command.replaces);
      return;
    case 'stop-joining':
      writer.varint(command.group);
      writeMember(writer, command.member);
      writer.varint(command.joinIndex);
      return;
    case 'promote':
      writer.varint(command.group).varint(command.epoch);
      writeMember(writer, command.member);
      writer.varint(command.joinIndex);
      return writeList(writer, command.declarations, (declaration) => writeDeclaration(writer, declaration));
    case 'raise-floor':
      writer.varint(command.group).varint(command.versionFloor);
      return;
    case 'cold-start':
      writeList(writer, command.epochs, (epoch) => writer.varint(epoch));
      return writeMembers(writer, command.members);
    case 'accept-loss':
      writer.varint(command.group).varint(command.epoch);
      writeMembers(writer, command.survivors);
      return writeMembers(writer, command.beginners);
    case 'replace-holder':
      writer.varint(command.group).varint(command.epoch);
      writeNodeId(writer, command.holder);
      return writeNodeId(writer, command.by);
    case 'acknowledge-loss':
      writer.varint(command.group).varint(command.lossGeneration);
      return;
    default:
      return assertNever(command, 'map command');
  }
}

/** Fields are read in the order in which they stand here, which is the order in which they were written. */
function readCommand(reader: ByteReader): MapCommand {
  const kind = reader.uint8();
  const group = (): number => reader.varint();
  const epoch = (): number => reader.varint();
  switch (kind) {
    case KIND['create-groups']:
      return {
        type: 'create-groups',
        k: reader.varint(),
        m: reader.varint(),
        groups: readList(reader, () => readNodeIds(reader)),
        members: readMembers(reader),
      };
    case KIND.remove:
      return { type: 'remove', group: group(), epoch: epoch(), member: readMember(reader) };
    case KIND.renew:
      return { type: 'renew', group: group(), epoch: epoch() };
    case KIND.join:
      return { type: 'join', group: group(), epoch: epoch(), member: readMember(reader), replaces: reader.varint() };
    case KIND['stop-joining']:
      return { type: 'stop-joining', group: group(), member: readMember(reader), joinIndex: reader.varint() };
    case KIND.promote:
      return {
        type: 'promote',
        group: group(),
        epoch: epoch(),
        member: readMember(reader),
        joinIndex: reader.varint(),
        declarations: readList(reader, () => readDeclaration(reader)),
      };
    case KIND['raise-floor']:
      return { type: 'raise-floor', group: group(), versionFloor: reader.varint() };
    case KIND['cold-start']:
      return { type: 'cold-start', epochs: readList(reader, epoch), members: readMembers(reader) };
    case KIND['accept-loss']: {
      const named = { group: group(), epoch: epoch() };
      return { type: 'accept-loss', ...named, survivors: readMembers(reader), beginners: readMembers(reader) };
    }
    case KIND['replace-holder']:
      return {
        type: 'replace-holder',
        group: group(),
        epoch: epoch(),
        holder: readNodeId(reader),
        by: readNodeId(reader),
      };
    case KIND['acknowledge-loss']:
      return { type: 'acknowledge-loss', group: group(), lossGeneration: reader.varint() };
    default:
      throw new MalformedBytes(`map command of unknown kind ${kind}`);
  }
}

function writeDeclaration(writer: ByteWriter, declaration: AttributedDeclaration): void {
  writer.varint(declaration.group).varint(declaration.position).varint(declaration.epoch);
  writeMember(writer, declaration.learner);
  writer.varint(declaration.joinIndex);
  writeMember(writer, declaration.by);
}

function readDeclaration(reader: ByteReader): AttributedDeclaration {
  return {
    group: reader.varint(),
    position: reader.varint(),
    epoch: reader.varint(),
    learner: readMember(reader),
    joinIndex: reader.varint(),
    by: readMember(reader),
  };
}

function writeMembers(writer: ByteWriter, members: readonly GroupMember[]): void {
  writeList(writer, members, (member) => writeMember(writer, member));
}

function readMembers(reader: ByteReader): readonly GroupMember[] {
  return readList(reader, () => readMember(reader));
}

function writeNodeIds(writer: ByteWriter, nodeIds: readonly NodeId[]): void {
  writeList(writer, nodeIds, (nodeId) => writeNodeId(writer, nodeId));
}

function readNodeIds(reader: ByteReader): readonly NodeId[] {
  return readList(reader, () => readNodeId(reader));
}
