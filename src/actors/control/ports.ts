/** What the control actor needs of the world. Adapters implement these on gRPC; the simulator on virtual time. */
import type { Incarnation, NodeId, RaftId } from '../../base/ids.js';
import type { Speaker } from '../../cluster/speaker.js';
import type { PeerMessage, SnapshotMessage } from '../../raft/messages.js';

export interface PeerAddress {
  readonly raftId: number;
  readonly nodeId: string;
  readonly controlAddress: string;
}

export type JoinAnswer =
  /** The caller is a member now, under this raft id. */
  | {
      readonly type: 'admitted';
      readonly raftId: RaftId;
      readonly clusterId: string;
      /** Raft ids that voted before the first entry of the log. */
      readonly founders: readonly number[];
    }
  /** Ask there; undefined: no leader is known at the moment. */
  | { readonly type: 'ask-leader'; readonly controlAddress: string | undefined };

/** Who has sent a control message, as the stream that it came on introduced itself. */
export interface ControlSender {
  readonly nodeId: NodeId;
  readonly raftId: number;
  readonly incarnation: Incarnation;
}

export interface PeerTransport {
  /** Takes messages to raft ids of the last `setPeers`. What cannot be sent now is dropped; Raft sends again. */
  send(messages: readonly PeerMessage[]): void;
  /**
   * Takes a small message between control threads (heartbeats of nodes) to a raft id of the last `setPeers`, ahead of entries that
   * wait. May be lost, doubled and overtaken. `bytes` are handed over.
   */
  sendControl(to: number, bytes: Uint8Array): void;
  /**
   * Takes a snapshot to the peer that `message` is for: the message, and `pieces` of the file that it names. Resolves when the
   * peer has made it durable and taken the message in; rejects when any of that failed.
   */
  sendSnapshot(message: SnapshotMessage, pieces: AsyncIterable<Uint8Array>): Promise<void>;
  setPeers(peers: readonly PeerAddress[]): void;
  /** Raft ids of the peers that a connection stands to. */
  connected(): ReadonlySet<number>;
  /** Who listens at `controlAddress`. Rejects when nobody answers within `timeoutMs`, or refuses. */
  hello(controlAddress: string, timeoutMs: number): Promise<Speaker>;
  /** @param replaces see PeerHandler. Rejects with a DcacheError when nobody answers within `timeoutMs`, or refuses. */
  join(controlAddress: string, replaces: boolean, timeoutMs: number): Promise<JoinAnswer>;
}

export interface SnapshotReceiver {
  write(piece: Uint8Array): Promise<void>;
  /** Rejects when the bytes are not those that were announced. */
  finish(): Promise<void>;
  abort(): Promise<void>;
}

/** What the transport asks of the control actor. */
export interface PeerHandler {
  /** This node as it introduces itself. */
  speaker(): Speaker;
  /** Throws a DcacheError that says why `speaker` is not listened to. Called before the first message of each stream. */
  admitSpeaker(speaker: Speaker): void;
  onPeerMessages(messages: readonly PeerMessage[]): void;
  /** `bytes` are handed over. Throws MalformedBytes for what cannot be read. */
  onControl(from: ControlSender, bytes: Uint8Array): void;
  /**
   * A peer sends a snapshot. Pieces go into the writer; then `finish` makes it durable and takes the message in. Rejects when
   * the message names no snapshot. Throws MalformedBytes for a message that cannot be read.
   */
  onSnapshotStream(message: SnapshotMessage): Promise<SnapshotReceiver>;
  /** @param replaces whether it is to take the place of the node of its name even if that one was at another address. */
  onJoinRequest(speaker: Speaker, replaces: boolean): Promise<JoinAnswer>;
  onPeerConnected(): void;
  /** The connection to a peer has broken. */
  onPeerUnreachable(raftId: number): void;
  /** A peer refuses to listen to this node, and says why. */
  onRefusedByPeer(nodeId: string, message: string): void;
}
