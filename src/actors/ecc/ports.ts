/** What the data side of ecc mode needs of the world. Adapters implement these on sockets and threads; the simulator on virtual time. */
import type { Incarnation, NodeId } from '../../base/ids.js';
import type { GroupMember } from '../../cluster/cluster-map.js';
import type { DataMessage } from '../../replication/messages.js';
import type { Haste } from './rebuild-turns.js';

export interface DataPeer {
  readonly nodeId: NodeId;
  /** host:port */
  readonly dataAddress: string;
}

/**
 * One connection a pair and direction: what this node says goes over connections that it makes, what it hears over those that
 * others make. Messages of one connection arrive in order and once; when it breaks, those under way are lost.
 */
export interface DataLinks {
  /** Whom to keep a connection to; others are dropped. */
  setPeers(peers: readonly DataPeer[]): void;
  /** Sends with everything else of this turn. Dropped without a connection. Bytes in `message` must not change any more. */
  send(to: NodeId, message: DataMessage): void;
  /** Bytes handed over for `to` that its socket has not taken yet. */
  backlogBytes(to: NodeId): number;
  /** The process life at the other end of the connection to `nodeId`; undefined while there is none. */
  connectedTo(nodeId: NodeId): Incarnation | undefined;
  close(): Promise<void>;
}

export interface DataLinkHandler {
  /** Messages that arrived together, in order, from the process life that the handshake has proven. */
  onMessages(from: GroupMember, messages: readonly DataMessage[]): void;
  /** A new connection to `peer` stands; all that was sent over an earlier one may be lost. */
  onConnected(peer: GroupMember): void;
  onDisconnected(peer: GroupMember): void;
  /** `peer` has made a new connection to this node, or lost one: what it was sending over the one before may be lost. */
  onIncoming(peer: GroupMember): void;
}

export interface SegmentRebuilder {
  /**
   * Gives the bytes of sealed segments of a partition back to its store; they are there in the turn in which it resolves. Segments
   * that are there or gone by then are none to it. Rejects with a DcacheError when they could not be rebuilt in reasonable time.
   * @param haste urgent if left out.
   */
  rebuild(position: number, numbers: readonly number[], haste?: Haste): Promise<void>;
}
