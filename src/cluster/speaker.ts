/**
 * Who speaks on a connection between nodes, and whether this node listens to it. Every stream begins with a Speaker.
 *
 * A node belongs to its cluster once it knows the cluster's id for good (actors/control/cluster-identity.ts). Until then it
 * may be founding one, and talks to the others that are founding from the same list of first members.
 */
import { Fnv32 } from '../base/fnv.js';
import type { Mode, NodeId } from '../base/ids.js';

/** Raised when peers of the older version could misunderstand what this one says. */
export const PEER_PROTOCOL = 2;

export interface Speaker {
  readonly nodeId: NodeId;
  /** 0 while the node has no place in a cluster. */
  readonly raftId: number;
  /** Empty while the node does not belong to one for good. */
  readonly clusterId: string;
  readonly mode: Mode;
  readonly incarnation: number;
  /** Digest of the first members that the node was started with; see foundersDigest. */
  readonly founders: string;
  readonly protocol: number;
  readonly controlAddress: string;
  readonly clientAddress: string;
  readonly httpAddress: string;
  /** Empty in raft mode. */
  readonly dataAddress: string;
  /** Data and parity positions of a group that the node was started with; 0 in raft mode. */
  readonly k: number;
  readonly m: number;
}

/** One of the nodes that found a cluster together, as given at start. */
export interface Founder {
  readonly nodeId: NodeId;
  readonly controlAddress: string;
}

/** In the order of their places: the first has raft id 1. */
export function sortedFounders(founders: readonly Founder[]): readonly Founder[] {
  return [...founders].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
}

/** Equal for equal lists, in whatever order they were given. Addresses do not count: a node may know itself by another. */
export function foundersDigest(founders: readonly Founder[]): string {
  const hash = new Fnv32();
  for (const { nodeId } of sortedFounders(founders)) hash.text(nodeId);
  return hash.hex();
}

export interface SpeakerRefusal {
  readonly code: 'CONFIG_INVALID' | 'WRONG_CLUSTER' | 'NODE_ID_IN_USE';
  readonly message: string;
}

/** Why `self` must not take messages from `other`, or undefined when it may. */
export function refuseSpeaker(self: Speaker, other: Speaker): SpeakerRefusal | undefined {
  if (other.protocol !== PEER_PROTOCOL) {
    return {
      code: 'CONFIG_INVALID',
      message: `${self.nodeId} speaks version ${PEER_PROTOCOL} of the protocol between nodes, ${other.nodeId} version ${other.protocol}: run the same version of dcache on both`,
    };
  }
  if (other.mode !== self.mode) {
    return {
      code: 'CONFIG_INVALID',
      message: `${self.nodeId} runs in ${self.mode} mode, ${other.nodeId} in ${other.mode} mode: start all nodes of a cluster with the same --mode`,
    };
  }
  if (other.k !== self.k || other.m !== self.m) {
    return {
      code: 'CONFIG_INVALID',
      message: `${self.nodeId} runs with RS(${self.k},${self.m}), ${other.nodeId} with RS(${other.k},${other.m}): start all nodes of a cluster with the same k and m`,
    };
  }
  if (self.clusterId !== '' && other.clusterId !== '' && self.clusterId !== other.clusterId) {
    return {
      code: 'WRONG_CLUSTER',
      message: `${self.nodeId} belongs to cluster ${self.clusterId}, ${other.nodeId} to cluster ${other.clusterId}: give one of them another data folder or other --peers`,
    };
  }
  if (self.clusterId === '' && other.clusterId === '' && self.founders !== other.founders) {
    return {
      code: 'CONFIG_INVALID',
      message: `${self.nodeId} and ${other.nodeId} were started with different lists of first members: give both the same --peers (or --nodes)`,
    };
  }
  return undefined;
}
