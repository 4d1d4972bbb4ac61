/**
 * The first frame either way: who is there. Whoever does not fit is told why in a refusal, and the connection ends. Tells apart
 * what a mistake can mix up (cluster, node, code); it is no defence against somebody who forges.
 */
import { ByteReader, MalformedBytes } from '../../base/byte-reader.js';
import { ByteWriter } from '../../base/byte-writer.js';
import { isClusterId, isIncarnation, isNodeId, type NodeId } from '../../base/ids.js';
import type { GroupMember } from '../../cluster/cluster-map.js';
import { DATA_LINK_VERSION, FRAME_HEADER_BYTES, type FrameType, LinkFault, PAYLOAD_UNIT_BYTES, sealFrame } from './frame.js'; // prettier-ignore

/** Of greetings and refusals, and of everything before a greeting was taken. */
export const MAX_GREETING_BYTES = 1024;
const MAX_REASON_LENGTH = 500;

/** Who this node is, to all that it has to do with. */
export interface LinkSelf extends GroupMember {
  /** Empty while this node belongs to no cluster for good. */
  clusterId(): string;
  /** Data and parity positions of a group. */
  readonly k: number;
  readonly m: number;
}

export interface Greeting extends GroupMember {
  /** For whom it is meant. */
  readonly to: NodeId;
  /** Empty as that of LinkSelf. */
  readonly clusterId: string;
  readonly k: number;
  readonly m: number;
}

/** They label metrics. All but `not-founded` are for a person to put right. */
const REFUSALS = ['not-founded', 'version', 'cluster', 'node', 'code', 'other'] as const;

export interface Refusal {
  readonly reason: (typeof REFUSALS)[number];
  readonly message: string;
}

/** Why `self` must not be linked with `other`, or undefined when it may. */
export function refuseGreeting(self: LinkSelf, other: Greeting): Refusal | undefined {
  const clusterId = self.clusterId();
  if (clusterId === '' || other.clusterId === '') {
    const { nodeId } = clusterId === '' ? self : other;
    return { reason: 'not-founded', message: `${nodeId} does not belong to a cluster yet` };
  }
  if (other.clusterId !== clusterId) {
    const message = `${self.nodeId} belongs to cluster ${clusterId}, ${other.nodeId} to cluster ${other.clusterId}: give one of them another data folder or other addresses`;
    return { reason: 'cluster', message };
  }
  if (other.to !== self.nodeId || other.nodeId === self.nodeId) {
    const message = `${other.nodeId} looks for ${other.to}, but this is ${self.nodeId}: the data address of one of them is wrong`;
    return { reason: 'node', message };
  }
  if (other.k !== self.k || other.m !== self.m) {
    const message = `${self.nodeId} codes ${self.k}+${self.m}, ${other.nodeId} ${other.k}+${other.m}: start all nodes of a cluster with the same code`;
    return { reason: 'code', message };
  }
  return undefined;
}

/** What to tell an end that speaks another version. */
export function refuseVersion(self: LinkSelf): Refusal {
  const message = `${self.nodeId} speaks version ${DATA_LINK_VERSION} of the data link: run the same version of dcache on both`;
  return { reason: 'version', message };
}

export function greetingFrame(self: LinkSelf, to: NodeId): Uint8Array {
  return smallFrame('greeting', (writer) => {
    for (const text of [self.clusterId(), self.nodeId, to]) writeText(writer, text);
    writer.varint(self.incarnation).varint(self.k).varint(self.m);
  });
}

/** @throws LinkFault */
export function readGreeting(payload: Uint8Array): Greeting {
  return readSmall(payload, (reader) => {
    const clusterId = readText(reader);
    const nodeId = readText(reader);
    const to = readText(reader);
    const incarnation = reader.varint();
    const k = reader.varint();
    const m = reader.varint();
    if (clusterId !== '' && !isClusterId(clusterId)) throw new MalformedBytes('no cluster id');
    if (!isNodeId(nodeId) || !isNodeId(to)) throw new MalformedBytes('no node id');
    if (!isIncarnation(incarnation)) throw new MalformedBytes('no incarnation');
    return { clusterId, nodeId, to, incarnation, k, m };
  });
}

export function refusalFrame({ reason, message }: Refusal): Uint8Array {
  return smallFrame('refusal', (writer) => {
    writeText(writer, reason);
    writeText(writer, message.slice(0, MAX_REASON_LENGTH));
  });
}

/** A reason that only a later version knows becomes `other`. Throws LinkFault. */
export function readRefusal(payload: Uint8Array): Refusal {
  return readSmall(payload, (reader) => {
    const name = readText(reader);
    return { reason: REFUSALS.find((reason) => reason === name) ?? 'other', message: readText(reader) };
  });
}

function smallFrame(type: FrameType, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter().raw(new Uint8Array(FRAME_HEADER_BYTES));
  write(writer);
  const frame = writer.align(PAYLOAD_UNIT_BYTES).finish();
  sealFrame(type, frame);
  return frame;
}

function readSmall<T>(payload: Uint8Array, read: (reader: ByteReader) => T): T {
  try {
    const reader = new ByteReader(payload);
    const result = read(reader);
    reader.align(PAYLOAD_UNIT_BYTES);
    reader.end();
    return result;
  } catch (error) {
    if (error instanceof MalformedBytes)
      throw new LinkFault('malformed', `a greeting cannot be read: ${error.message}`);
    throw error;
  }
}

function writeText(writer: ByteWriter, text: string): void {
  writer.lengthAndBytes(new TextEncoder().encode(text));
}

/** What is no UTF-8 becomes replacement characters. */
function readText(reader: ByteReader): string {
  return new TextDecoder().decode(reader.lengthAndBytes());
}
