/**
 * The DataLinks of a simulated node: one virtual TCP connection a pair and direction, made by the node that speaks. What arrives
 * on it arrives in order and once; when it breaks, what was under way is lost, and the two ends notice at different times. A
 * process that is paused leaves what has arrived in its sockets and takes it when it runs again.
 *
 * Messages travel as the bytes of message-codec.ts, written when they are sent. Some are written once more when they arrive: a
 * message that was handed over must not change.
 */
import type { DataLinkHandler, DataLinks, DataPeer } from '../../../src/actors/ecc/ports.js';
import { ByteReader } from '../../../src/base/byte-reader.js';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import type { Incarnation, NodeId } from '../../../src/base/ids.js';
import type { Prng } from '../../../src/base/prng.js';
import { sameMember, type GroupMember } from '../../../src/cluster/cluster-map.js';
import { readDataMessage, writeDataMessage } from '../../../src/replication/message-codec.js';
import type { DataMessage } from '../../../src/replication/messages.js';
import type { SimThread } from '../thread.js';
import type { DataConnection } from './data-connection.js';
import type { DataNet } from './data-net.js';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** Of the messages, this part is compared with itself after the way. */
const COMPARE_ONE_IN = 8;

export interface DataLinksParts {
  readonly net: DataNet;
  readonly host: string;
  readonly thread: SimThread;
  readonly self: GroupMember;
  readonly handler: DataLinkHandler;
  readonly prng: Prng;
  /** Messages are about to be taken by this node. */
  onDelivery(from: GroupMember, messages: readonly DataMessage[]): void;
}

interface Link {
  readonly peer: DataPeer;
  connection: DataConnection | undefined;
  /** Who was found at the other end; undefined until the connection stands. */
  remote: GroupMember | undefined;
  waiting: DataMessage[];
  pauseMs: number;
  /** While this end waits to connect again. */
  stopWaiting: (() => void) | undefined;
  /** The last life of the peer for whose greeting a pause was cut short, and when. */
  hurried: { readonly member: GroupMember; readonly atMs: number } | undefined;
  closed: boolean;
}

export class SimDataLinks implements DataLinks {
  readonly host: string;
  readonly thread: SimThread;
  readonly self: GroupMember;
  private readonly parts: DataLinksParts;
  private readonly links = new Map<NodeId, Link>();
  /** By node, the newest connection that it has made to this one. */
  private readonly incoming = new Map<NodeId, { readonly connection: DataConnection; readonly from: GroupMember }>();
  private closed = false;

  constructor(parts: DataLinksParts) {
    this.parts = parts;
    this.host = parts.host;
    this.thread = parts.thread;
    this.self = parts.self;
    parts.net.listen(this);
  }

  setPeers(peers: readonly DataPeer[]): void {
    if (this.closed) return;
    const wanted = new Map(peers.map((peer) => [peer.nodeId, peer]));
    for (const [nodeId, link] of this.links) {
      if (wanted.get(nodeId)?.dataAddress === link.peer.dataAddress) continue;
      link.closed = true;
      link.connection?.close();
      this.links.delete(nodeId);
    }
    for (const [nodeId, peer] of wanted) {
      if (this.links.has(nodeId)) continue;
      const link: Link = {
        peer,
        connection: undefined,
        remote: undefined,
        waiting: [],
        pauseMs: FIRST_PAUSE_MS,
        stopWaiting: undefined,
        hurried: undefined,
        closed: false,
      };
      this.links.set(nodeId, link);
      this.connect(link);
    }
  }

  send(to: NodeId, message: DataMessage): void {
    const link = this.links.get(to);
    if (link?.remote === undefined) return;
    link.waiting.push(message);
    if (link.waiting.length === 1) this.thread.soon(() => this.flush(link));
  }

  backlogBytes(to: NodeId): number {
    return this.links.get(to)?.connection?.backlogBytes ?? 0;
  }

  connectedTo(nodeId: NodeId): Incarnation | undefined {
    return this.links.get(nodeId)?.remote?.incarnation;
  }

  close(): Promise<void> {
    this.closed = true;
    for (const link of this.links.values()) {
      link.closed = true;
      link.connection?.close();
    }
    this.links.clear();
    return Promise.resolve();
  }

  /** Breaks one connection that this node has made, and says to whom; undefined if none stands. */
  resetOne(prng: Prng): string | undefined {
    const standing = [...this.links.values()].filter(({ remote }) => remote !== undefined);
    if (standing.length === 0) return undefined;
    const { connection, peer } = prng.pick(standing);
    connection?.break();
    return peer.nodeId;
  }

  /** At the other end: a greeting has come. */
  onGreeting(connection: DataConnection, from: GroupMember): void {
    if (this.closed) return;
    const before = this.incoming.get(from.nodeId);
    this.incoming.set(from.nodeId, { connection, from });
    before?.connection.close();
    if (before !== undefined && !sameMember(before.from, from)) this.parts.handler.onIncoming(before.from);
    this.parts.handler.onIncoming(from);
    const link = this.links.get(from.nodeId);
    if (link !== undefined) this.hurry(link, from);
  }

  /** At the other end: no more will come on this connection. */
  onIncomingEnded(connection: DataConnection, from: GroupMember): void {
    if (this.closed || this.incoming.get(from.nodeId)?.connection !== connection) return;
    this.incoming.delete(from.nodeId);
    this.parts.handler.onIncoming(from);
  }

  /** At the other end: a frame that came on the newest connection of its sender. */
  onFrame(connection: DataConnection, from: GroupMember, frame: Uint8Array, sent: readonly DataMessage[]): void {
    if (this.closed || this.incoming.get(from.nodeId)?.connection !== connection) return;
    const reader = new ByteReader(frame);
    const messages: DataMessage[] = [];
    while (reader.remaining > 0) messages.push(readDataMessage(reader));
    reader.end();
    if (this.parts.prng.chance(1, COMPARE_ONE_IN)) this.parts.net.expectUnchanged(frame, framed(sent), from);
    this.parts.onDelivery(from, messages);
    this.parts.handler.onMessages(from, messages);
  }

  /** As OutgoingLink.hurry. */
  private hurry(link: Link, peer: GroupMember): void {
    if (link.remote !== undefined) return;
    const nowMs = this.thread.nowMs();
    const { hurried } = link;
    if (hurried !== undefined && sameMember(hurried.member, peer) && nowMs - hurried.atMs < LONGEST_PAUSE_MS) return;
    link.hurried = { member: peer, atMs: nowMs };
    link.pauseMs = FIRST_PAUSE_MS;
    if (link.stopWaiting === undefined) return;
    link.stopWaiting();
    this.connect(link);
  }

  private connect(link: Link): void {
    link.stopWaiting = undefined;
    if (link.closed || !this.thread.alive) return;
    const connection = this.parts.net.connect(this, link.peer.dataAddress, {
      onEstablished: (remote) => {
        if (link.closed || link.connection !== connection) return;
        link.remote = remote;
        link.pauseMs = FIRST_PAUSE_MS;
        this.parts.handler.onConnected(remote);
      },
      onBroken: () => {
        if (link.connection !== connection) return;
        const { remote } = link;
        link.connection = undefined;
        link.remote = undefined;
        link.waiting = [];
        if (link.closed) return;
        if (remote !== undefined) this.parts.handler.onDisconnected(remote);
        const pauseMs = (link.pauseMs * this.parts.prng.between(50, 150)) / 100;
        link.stopWaiting = this.thread.after(pauseMs, () => this.connect(link));
        link.pauseMs = Math.min(LONGEST_PAUSE_MS, link.pauseMs * 2);
      },
    });
    link.connection = connection;
  }

  private flush(link: Link): void {
    const { waiting, connection } = link;
    link.waiting = [];
    if (waiting.length === 0 || connection === undefined || link.remote === undefined) return;
    connection.send(framed(waiting), waiting);
  }
}

function framed(messages: readonly DataMessage[]): Uint8Array {
  const writer = new ByteWriter();
  for (const message of messages) writeDataMessage(writer, message);
  return writer.finish();
}
