/**
 * The PeerTransport of a simulated node. As the real one (adapters/grpc/peer-link.ts) it greets a peer before it sends, sends
 * from then on to that life of that peer only, and begins again when the connection breaks; unlike the real one it may
 * lose, double and reorder what it sends, which Raft has to bear.
 */
import type { JoinAnswer, PeerAddress, PeerHandler, PeerTransport } from '../../src/actors/control/ports.js';
import { DcacheError } from '../../src/base/errors.js';
import type { Incarnation } from '../../src/base/ids.js';
import type { Prng } from '../../src/base/prng.js';
import type { Speaker } from '../../src/cluster/speaker.js';
import { decodePeerMessage, encodePeerMessage } from '../../src/raft/message-codec.js';
import type { PeerMessage, SnapshotMessage } from '../../src/raft/messages.js';
import { call, type Party } from './call.js';
import { streamSnapshot } from './snapshot-stream.js';
import type { Network } from './network.js';
import type { VirtualTime } from './virtual-time.js';

const HELLO_TIMEOUT_MS = 1_000;
/** A stream on which nothing moves for that long is taken for broken. */
const STREAM_TIMEOUT_MS = 2_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** One life of a node, as it listens on its control port. */
export interface PeerListener extends Party {
  readonly handler: PeerHandler;
}

/** The place of a control address. */
export interface PeerPort {
  readonly host: string;
  readonly listener: PeerListener | undefined;
}

export interface PeerWorld {
  readonly time: VirtualTime;
  readonly network: Network;
  peerPort(controlAddress: string): PeerPort;
  onDefect(host: string, error: unknown): void;
  onReceived(host: string, message: PeerMessage): void;
  onSnapshotSent(host: string, message: SnapshotMessage): void;
}

/** One connection, to one life of the peer. */
interface Session {
  readonly listener: PeerListener;
  readonly speaker: Speaker;
  admitted: boolean;
  breaking: boolean;
}

interface Link {
  readonly peer: PeerAddress;
  session: Session | undefined;
  pauseMs: number;
  closed: boolean;
}

export class SimPeerTransport implements PeerTransport {
  private readonly world: PeerWorld;
  private readonly self: Party;
  private readonly prng: Prng;
  /** Called with what leaves, before it does. */
  private readonly onSend: (message: PeerMessage) => void;
  private readonly links = new Map<number, Link>();
  private handler: PeerHandler | undefined;

  constructor(world: PeerWorld, self: Party, prng: Prng, onSend: (message: PeerMessage) => void) {
    this.world = world;
    this.self = self;
    this.prng = prng;
    this.onSend = onSend;
  }

  serve(handler: PeerHandler): void {
    this.handler = handler;
  }

  send(messages: readonly PeerMessage[]): void {
    if (!this.self.thread.alive) return;
    for (const message of messages) {
      this.onSend(message);
      const link = this.links.get(message.to);
      if (link?.session === undefined) continue;
      const frame = encodePeerMessage(message);
      this.transmit(link, link.session, (listener) => this.deliver(listener, frame));
    }
  }

  sendControl(to: number, bytes: Uint8Array): void {
    if (!this.self.thread.alive) return;
    const link = this.links.get(to);
    if (link?.session === undefined) return;
    const { nodeId, raftId, incarnation } = link.session.speaker;
    const from = { nodeId, raftId, incarnation: incarnation as Incarnation };
    this.transmit(link, link.session, ({ handler }) => handler.onControl(from, bytes));
  }

  setPeers(peers: readonly PeerAddress[]): void {
    const wanted = new Map(peers.map((peer) => [peer.raftId, peer]));
    for (const [raftId, link] of this.links) {
      if (wanted.get(raftId)?.controlAddress === link.peer.controlAddress) continue;
      link.closed = true;
      this.links.delete(raftId);
    }
    for (const [raftId, peer] of wanted) {
      if (this.links.has(raftId)) continue;
      const link: Link = { peer, session: undefined, pauseMs: FIRST_PAUSE_MS, closed: false };
      this.links.set(raftId, link);
      void this.connect(link);
    }
  }

  connected(): ReadonlySet<number> {
    return new Set([...this.links].filter(([, link]) => link.session !== undefined).map(([raftId]) => raftId));
  }

  hello(controlAddress: string, timeoutMs: number): Promise<Speaker> {
    const speaker = this.speaker();
    return this.call(controlAddress, timeoutMs, ({ handler }) => {
      handler.admitSpeaker(speaker);
      return handler.speaker();
    });
  }

  join(controlAddress: string, replaces: boolean, timeoutMs: number): Promise<JoinAnswer> {
    const speaker = this.speaker();
    return this.call(controlAddress, timeoutMs, ({ handler }) => handler.onJoinRequest(speaker, replaces));
  }

  async sendSnapshot(message: SnapshotMessage, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const address = this.links.get(message.to)?.peer.controlAddress;
    if (address === undefined) throw new DcacheError('UNREACHABLE', `no address is known for raft id ${message.to}`);
    const port = this.world.peerPort(address);
    const { listener } = port;
    if (listener === undefined) throw new DcacheError('UNREACHABLE', `nobody listens at ${address}`);
    const speaker = this.speaker();
    this.world.onSnapshotSent(this.self.host, message);
    await streamSnapshot({
      from: this.self,
      to: listener,
      handler: listener.handler,
      speaker,
      message,
      pieces,
      ask: (serve) =>
        call({
          network: this.world.network,
          from: this.self,
          toHost: port.host,
          listener: () => (listener.thread.alive ? listener : undefined),
          serve,
          timeoutMs: STREAM_TIMEOUT_MS,
          onTimeout: () => new DcacheError('UNREACHABLE', `the stream to ${address} broke`),
          onBroken: () => new DcacheError('UNREACHABLE', `the stream to ${address} broke`),
          onDefect: (error) => this.world.onDefect(port.host, error),
        }),
    });
  }

  /** Breaks one connection that stands, if there is any. */
  breakOne(prng: Prng): boolean {
    const standing = [...this.links.values()].filter(({ session }) => session !== undefined);
    if (standing.length === 0) return false;
    const link = prng.pick(standing);
    if (link.session !== undefined) this.breakSoon(link, link.session);
    return true;
  }

  private speaker(): Speaker {
    if (this.handler === undefined) throw new Error('the transport is used before it serves');
    return this.handler.speaker();
  }

  private call<Answer>(
    address: string,
    timeoutMs: number,
    serve: (listener: PeerListener) => Answer | Promise<Answer>,
  ): Promise<Answer> {
    const { network } = this.world;
    const port = this.world.peerPort(address);
    return call({
      network,
      from: this.self,
      toHost: port.host,
      listener: () => port.listener,
      serve,
      timeoutMs,
      onTimeout: () => new DcacheError('DEADLINE_EXCEEDED', `${address} did not answer within ${timeoutMs} ms`),
      onBroken: () => new DcacheError('UNREACHABLE', `nobody listens at ${address}`),
      onDefect: (error) => this.world.onDefect(port.host, error),
    });
  }

  /** Never rejects. */
  private async connect(link: Link): Promise<void> {
    const { controlAddress, raftId, nodeId } = link.peer;
    const port = this.world.peerPort(controlAddress);
    const { listener } = port;
    try {
      const other = await this.hello(controlAddress, HELLO_TIMEOUT_MS);
      if (other.raftId !== raftId) {
        throw new DcacheError('UNREACHABLE', `${controlAddress} should be ${nodeId} with raft id ${raftId}`);
      }
      if (listener === undefined || port.listener !== listener) {
        throw new DcacheError('UNREACHABLE', `${controlAddress} has been started anew meanwhile`);
      }
      if (link.closed || !this.self.thread.alive) return;
      const session = { listener, speaker: this.speaker(), admitted: false, breaking: false };
      link.session = session;
      link.pauseMs = FIRST_PAUSE_MS;
      listener.thread.whenEnded(() => this.breakSoon(link, session));
      this.handler?.onPeerConnected();
    } catch (error) {
      if (!(error instanceof DcacheError)) this.world.onDefect(this.self.host, error);
      else this.onBroken(link, error);
    }
  }

  private transmit(link: Link, session: Session, deliver: (listener: PeerListener) => void): void {
    const { network } = this.world;
    const { listener } = session;
    const { thread, host } = this.self;
    const sent = network.send(host, listener.host, 'datagram', thread.effectMs, () => {
      if (!listener.thread.alive) this.breakSoon(link, session);
      else listener.thread.post(() => this.receive(link, session, deliver));
    });
    if (!sent && !network.reaches(host, listener.host)) this.breakSoon(link, session);
  }

  /** On the peer's thread. */
  private receive(link: Link, session: Session, deliver: (listener: PeerListener) => void): void {
    const { handler } = session.listener;
    if (!session.admitted) {
      try {
        handler.admitSpeaker(session.speaker);
      } catch (error) {
        if (!(error instanceof DcacheError)) throw error;
        this.breakSoon(link, session, error);
        return;
      }
      session.admitted = true;
    }
    deliver(session.listener);
  }

  private deliver({ handler, host }: PeerListener, frame: Uint8Array): void {
    const message = decodePeerMessage(frame);
    this.world.onReceived(host, message);
    handler.onPeerMessages([message]);
  }

  /** This end notices after a while that the connection is broken. */
  private breakSoon(link: Link, session: Session, refusal?: DcacheError): void {
    if (session.breaking || !this.self.thread.alive) return;
    session.breaking = true;
    this.world.time.after(this.world.network.noticeMs(), () =>
      this.self.thread.post(() => {
        if (link.session !== session) return;
        this.onBroken(link, refusal ?? new DcacheError('UNREACHABLE', 'the connection broke'));
      }),
    );
  }

  private onBroken(link: Link, error: DcacheError): void {
    link.session = undefined;
    if (link.closed || !this.self.thread.alive) return;
    const { code, message } = error;
    if (code !== 'UNREACHABLE' && code !== 'DEADLINE_EXCEEDED' && code !== 'SHUTTING_DOWN')
      this.handler?.onRefusedByPeer(link.peer.nodeId, message);
    this.handler?.onPeerUnreachable(link.peer.raftId);
    this.self.thread.after((link.pauseMs * this.prng.between(50, 150)) / 100, () => {
      if (!link.closed) void this.connect(link);
    });
    link.pauseMs = Math.min(LONGEST_PAUSE_MS, link.pauseMs * 2);
  }
}
