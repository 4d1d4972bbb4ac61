/** The PeerTransport of a real node: one PeerLink a peer, and single calls for greetings and joining. */
import type { JoinAnswer, PeerAddress, PeerHandler, PeerTransport } from '../../actors/control/ports.js';
import { DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import type { Speaker } from '../../cluster/speaker.js';
import type { PeerMessage, SnapshotMessage } from '../../raft/messages.js';
import { openChannel } from './channel.js';
import { greetPeer, joinThrough } from './peer-calls.js';
import { streamSnapshot } from './snapshot-stream.js';
import { PEER_PAUSES, PeerLink, type PeerLinkListener, type PeerPauses } from './peer-link.js';

export class GrpcPeerTransport implements PeerTransport {
  private readonly pauses: PeerPauses;
  private readonly links = new Map<number, PeerLink>();
  private handler: PeerHandler | undefined;

  constructor(pauses: PeerPauses = PEER_PAUSES) {
    this.pauses = pauses;
  }

  /** Before anything is sent. */
  serve(handler: PeerHandler): void {
    this.handler = handler;
  }

  send(messages: readonly PeerMessage[]): void {
    for (const message of messages) this.links.get(message.to)?.send(message);
  }

  sendControl(to: number, bytes: Uint8Array): void {
    this.links.get(to)?.sendControl(bytes);
  }

  setPeers(peers: readonly PeerAddress[]): void {
    const wanted = new Map(peers.map((peer) => [peer.raftId, peer]));
    for (const [raftId, link] of this.links) {
      if (wanted.get(raftId)?.controlAddress === link.peer.controlAddress) continue;
      link.close();
      this.links.delete(raftId);
    }
    for (const [raftId, peer] of wanted) {
      if (!this.links.has(raftId)) this.links.set(raftId, new PeerLink(peer, this.linkListener(), this.pauses));
    }
  }

  /** Somebody has greeted this node, so it need not wait any longer to connect to there. */
  onGreeted({ raftId, incarnation }: Speaker): void {
    this.links.get(raftId)?.hurry(incarnation);
  }

  connected(): ReadonlySet<number> {
    return new Set([...this.links].filter(([, link]) => link.connected).map(([raftId]) => raftId));
  }

  async sendSnapshot(message: SnapshotMessage, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const address = this.links.get(message.to)?.peer.controlAddress;
    if (address === undefined) throw new DcacheError('UNREACHABLE', `no address is known for raft id ${message.to}`);
    await this.once(address, (client) => streamSnapshot(client, address, this.speaker(), message, pieces));
  }

  hello(controlAddress: string, timeoutMs: number): Promise<Speaker> {
    return this.once(controlAddress, (client) => greetPeer(client, controlAddress, this.speaker(), timeoutMs));
  }

  join(controlAddress: string, replaces: boolean, timeoutMs: number): Promise<JoinAnswer> {
    return this.once(controlAddress, (client) =>
      joinThrough(client, controlAddress, this.speaker(), replaces, timeoutMs),
    );
  }

  close(): void {
    for (const link of this.links.values()) link.close();
    this.links.clear();
  }

  private speaker(): Speaker {
    if (this.handler === undefined) throw new Error('the transport is used before it serves');
    return this.handler.speaker();
  }

  private async once<T>(address: string, call: (client: ReturnType<typeof openChannel>) => Promise<T>): Promise<T> {
    const client = openChannel(address, LIMITS.maxPeerMessageBytes);
    try {
      return await call(client);
    } finally {
      client.close();
    }
  }

  private linkListener(): PeerLinkListener {
    return {
      speaker: () => this.speaker(),
      onConnected: () => this.handler?.onPeerConnected(),
      onBroken: (peer) => this.handler?.onPeerUnreachable(peer.raftId),
      onRefused: (peer, message) => this.handler?.onRefusedByPeer(peer.nodeId, message),
    };
  }
}
