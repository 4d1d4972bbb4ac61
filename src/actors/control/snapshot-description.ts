/**
 * What Raft carries of a snapshot (`Snapshot.data`): the list of nodes and the cluster map at its index, and the file that
 * holds the rest of the state.
 *
 *   description := format(1 byte) name bytes checksum members map      (strings, members and map with their length before them)
 *
 * Format 1, which is still read, had no map.
 */
import { ByteReader, MalformedBytes } from '../../base/byte-reader.js';
import { ByteWriter } from '../../base/byte-writer.js';
import { EMPTY_MAP, type ClusterMap } from '../../cluster/cluster-map.js';
import { decodeMap, encodeMap } from '../../cluster/map-codec.js';
import { decodeMembers, encodeMembers } from '../../cluster/member-codec.js';
import type { Members } from '../../cluster/members.js';
import { indexOfSnapshot, type SnapshotFile } from '../snapshot-files.js';

const FORMAT = 2;
const FORMAT_WITHOUT_MAP = 1;

export interface SnapshotDescription {
  readonly file: SnapshotFile;
  readonly members: Members;
  /** Empty in raft mode. */
  readonly map: ClusterMap;
}

export function encodeDescription({ file, members, map }: SnapshotDescription): Uint8Array<ArrayBuffer> {
  return new ByteWriter()
    .uint8(FORMAT)
    .lengthAndBytes(new TextEncoder().encode(file.name))
    .varint(file.bytes)
    .varint(file.checksum)
    .lengthAndBytes(encodeMembers(members))
    .lengthAndBytes(encodeMap(map))
    .finish();
}

/** Throws MalformedBytes. */
export function decodeDescription(data: Uint8Array): SnapshotDescription {
  const reader = new ByteReader(data);
  const format = reader.uint8();
  if (format !== FORMAT && format !== FORMAT_WITHOUT_MAP)
    throw new MalformedBytes(`snapshot description of format ${format}, this version reads ${FORMAT}`);
  const name = new TextDecoder().decode(reader.lengthAndBytes());
  // It comes over the network and names a file: nothing but what snapshotName makes.
  if (indexOfSnapshot(name) === undefined) throw new MalformedBytes('not the name of a snapshot');
  const bytes = reader.varint();
  const checksum = reader.varint();
  const members = decodeMembers(reader.lengthAndBytes());
  const map = format === FORMAT_WITHOUT_MAP ? EMPTY_MAP : decodeMap(reader.lengthAndBytes());
  reader.end();
  return { file: { name, bytes, checksum }, members, map };
}
