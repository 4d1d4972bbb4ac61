/** A node that has nothing but data links, and one that a test plays by hand, frame by frame. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { DataLinkHandler, DataPeer } from '../../../src/actors/ecc/ports.js';
import { openDataLinks, type SocketDataLinks } from '../../../src/adapters/data-link/data-links.js';
import type { Frame } from '../../../src/adapters/data-link/frame.js';
import { FrameReader } from '../../../src/adapters/data-link/frame-reader.js';
import type { LinkSelf } from '../../../src/adapters/data-link/greeting.js';
import { MAX_PAYLOAD_BYTES } from '../../../src/adapters/data-link/message-frames.js';
import type { LinkTimings } from '../../../src/adapters/data-link/outgoing-link.js';
import { MetricsRecorder } from '../../../src/adapters/metrics/recorder.js';
import { isIncarnation, isNodeId, type Incarnation, type NodeId } from '../../../src/base/ids.js';
import type { GroupMember } from '../../../src/cluster/cluster-map.js';
import type { Append, DataMessage } from '../../../src/replication/messages.js';
import { recordingLogger } from '../../support/recording-logger.js';

export const CLUSTER = 'c1'.repeat(16);
export const FAST: LinkTimings = { pulseMs: 1_000, greetingMs: 5_000, firstPauseMs: 5, longestPauseMs: 40 };

export function nodeId(text: string): NodeId {
  if (!isNodeId(text)) throw new Error(`${text} is no node id`);
  return text;
}

export function incarnation(value: number): Incarnation {
  if (!isIncarnation(value)) throw new Error(`${value} is no incarnation`);
  return value;
}

export function linkSelf(name: string, life = 1, other: { clusterId?: string; k?: number; m?: number } = {}): LinkSelf {
  const { clusterId = CLUSTER, k = 3, m = 2 } = other;
  return { nodeId: nodeId(name), incarnation: incarnation(life), clusterId: () => clusterId, k, m };
}

/** An Append with one entry of `bytes`. */
export function append(index: number, bytes: Uint8Array = new Uint8Array(10).fill(index)): Append {
  return {
    type: 'append',
    group: 0,
    position: 0,
    epoch: 1,
    joinIndex: 0,
    prevIndex: index - 1,
    prevEpoch: 1,
    commitIndex: 0,
    entries: [{ index, epoch: 1, bytes }],
    askedBytes: 0,
  };
}

/** Closes what a test opened; to be called after each. */
const opened: { close(): Promise<void> }[] = [];
export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((one) => one.close()));
}

export class LinkPeer implements DataLinkHandler {
  readonly self: LinkSelf;
  readonly metrics = new MetricsRecorder();
  readonly logger = recordingLogger();
  /** What the handler was told, in order. */
  readonly events: string[] = [];
  /** Messages by call. */
  readonly batches: (readonly DataMessage[])[] = [];
  private opening: SocketDataLinks | undefined;

  private constructor(self: LinkSelf) {
    this.self = self;
  }

  static async open(self: LinkSelf, timings = FAST, listen?: string): Promise<LinkPeer> {
    const peer = new LinkPeer(self);
    const { logger, metrics } = peer;
    const options = { self, handler: peer, logger, metrics, timings };
    peer.opening = await openDataLinks(listen === undefined ? options : { ...options, listen });
    opened.push(peer.links);
    return peer;
  }

  get links(): SocketDataLinks {
    if (this.opening === undefined) throw new Error('the peer is not open');
    return this.opening;
  }

  get address(): DataPeer {
    return { nodeId: this.self.nodeId, dataAddress: `127.0.0.1:${this.links.port}` };
  }

  get received(): readonly DataMessage[] {
    return this.batches.flat();
  }

  /** Indexes of the Appends that have arrived. */
  get indexes(): number[] {
    return this.received.map((message) => (message.type === 'append' ? message.prevIndex + 1 : NaN));
  }

  /** By label `reason`. */
  counted(name: 'dataLinkFaults' | 'dataLinkRefusals'): Record<string, number> {
    return Object.fromEntries(
      this.metrics.countersOf(name).map(({ labels, value }) => [labels['reason'] ?? '', value.total]),
    );
  }

  get warnings(): string[] {
    const warnings = this.logger.records.filter(({ level }) => level === 'warn');
    return warnings.map(({ fields, message }) => `${message}: ${String(fields['refusal'] ?? fields['cause'])}`);
  }

  onMessages(from: GroupMember, messages: readonly DataMessage[]): void {
    this.batches.push(messages);
    if (this.events.at(-1) !== `messages ${name(from)}`) this.events.push(`messages ${name(from)}`);
  }

  onConnected(peer: GroupMember): void {
    this.events.push(`connected ${name(peer)}`);
  }

  onDisconnected(peer: GroupMember): void {
    this.events.push(`disconnected ${name(peer)}`);
  }

  onIncoming(peer: GroupMember): void {
    this.events.push(`incoming ${name(peer)}`);
  }
}

function name({ nodeId: id, incarnation: life }: GroupMember): string {
  return `${id}/${life}`;
}

/** One end of a connection that a test plays by hand. */
export class HandEnd {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  closed = false;
  private readonly reader = new FrameReader(MAX_PAYLOAD_BYTES);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (piece) => this.frames.push(...this.reader.take(piece)));
    socket.on('error', () => undefined); // a reset; `closed` tells
    socket.on('close', () => (this.closed = true));
    opened.push({ close: () => Promise.resolve(void socket.destroy()) });
  }

  static dial({ dataAddress }: DataPeer): HandEnd {
    return new HandEnd(connect(Number(dataAddress.split(':')[1]), '127.0.0.1'));
  }

  /** Types of the frames that came. */
  get types(): string[] {
    return this.frames.map(({ type }) => type);
  }
}

/** Takes connections to be played by hand. */
export class HandServer {
  readonly ends: HandEnd[] = [];
  private readonly server: Server;

  private constructor(onEnd: (end: HandEnd) => void) {
    this.server = createServer((socket) => {
      const end = new HandEnd(socket);
      this.ends.push(end);
      onEnd(end);
    });
  }

  static async open(onEnd: (end: HandEnd) => void): Promise<HandServer> {
    const hand = new HandServer(onEnd);
    await new Promise<void>((resolve) => hand.server.listen(0, '127.0.0.1', resolve));
    opened.push({
      close: () =>
        new Promise((resolve) => {
          hand.server.close(() => resolve());
          for (const { socket } of hand.ends) socket.destroy();
        }),
    });
    return hand;
  }

  peer(name: string): DataPeer {
    return { nodeId: nodeId(name), dataAddress: `127.0.0.1:${(this.server.address() as AddressInfo).port}` };
  }
}
