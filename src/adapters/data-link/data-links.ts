/**
 * The data port of a node: the DataLinks of ecc mode over plain TCP. A port and connections of their own, because a grpc-js stream
 * takes several times as long over the same bytes (test/bench/NOTES.md). Loopback by default, and no authentication.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { DataLinkHandler, DataLinks, DataPeer } from '../../actors/ecc/ports.js';
import { eventLoopScheduler, type Scheduler } from '../../actors/runtime/scheduler.js';
import { parseAddress } from '../../base/address.js';
import { assert } from '../../base/assert.js';
import { DcacheError } from '../../base/errors.js';
import type { Incarnation, NodeId } from '../../base/ids.js';
import { LIMITS } from '../../base/limits.js';
import { errorFields, type Logger } from '../../base/log.js';
import type { Metrics } from '../../base/metrics.js';
import { sameMember, type GroupMember } from '../../cluster/cluster-map.js';
import type { DataMessage } from '../../replication/messages.js';
import type { LinkSelf } from './greeting.js';
import { IncomingLink } from './incoming-link.js';
import { LinkRecord } from './link-record.js';
import { OutgoingLink, type LinkParts, type LinkTimings } from './outgoing-link.js';

export interface DataLinksOptions {
  /** host:port to listen on; loopback and any free port if left out. */
  readonly listen?: string;
  readonly self: LinkSelf;
  /** Called in turns of their own, never from within a method of DataLinks. */
  readonly handler: DataLinkHandler;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly scheduler?: Scheduler;
  readonly timings?: LinkTimings;
}

/** A peer that is gone without a word is given up after four pulses. */
const DEFAULT_TIMINGS: LinkTimings = { pulseMs: 750, greetingMs: 2_000, firstPauseMs: 50, longestPauseMs: 1_000 };
const DEFAULT_LISTEN = '127.0.0.1:0';

export class SocketDataLinks implements DataLinks {
  private readonly server: Server;
  private readonly parts: LinkParts;
  private readonly outgoing = new Map<NodeId, OutgoingLink>();
  /** Those that have not greeted included. */
  private readonly accepted = new Set<IncomingLink>();
  /** The newest of each node. */
  private readonly incoming = new Map<NodeId, { readonly link: IncomingLink; readonly from: GroupMember }>();
  private closed = false;

  /** For openDataLinks. `server` is not listening yet. */
  constructor(server: Server, parts: LinkParts) {
    this.server = server;
    this.parts = parts;
    server.maxConnections = LIMITS.maxIncomingLinks;
    server.on('connection', (socket) => this.accept(socket));
    server.on('drop', () =>
      parts.record.warn('drop', { limit: LIMITS.maxIncomingLinks }, 'too many incoming data links'),
    );
  }

  get port(): number {
    const address = this.server.address();
    assert(address !== null && typeof address === 'object', 'the data port is open');
    return address.port;
  }

  setPeers(peers: readonly DataPeer[]): void {
    if (this.closed) return;
    const wanted = new Map(peers.map((peer) => [peer.nodeId, peer]));
    for (const [nodeId, link] of this.outgoing) {
      if (wanted.get(nodeId)?.dataAddress === link.peer.dataAddress) continue;
      link.close();
      this.outgoing.delete(nodeId);
    }
    for (const [nodeId, peer] of wanted) {
      if (!this.outgoing.has(nodeId)) this.outgoing.set(nodeId, new OutgoingLink(peer, this.parts));
    }
  }

  send(to: NodeId, message: DataMessage): void {
    this.outgoing.get(to)?.send(message);
  }

  backlogBytes(to: NodeId): number {
    return this.outgoing.get(to)?.backlogBytes ?? 0;
  }

  connectedTo(nodeId: NodeId): Incarnation | undefined {
    return this.outgoing.get(nodeId)?.connectedTo?.incarnation;
  }

  /** Ends all connections at once; what waits is dropped, and the handler hears nothing any more. */
  async close(): Promise<void> {
    this.closed = true;
    const stopped = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const link of this.outgoing.values()) link.close(true);
    for (const link of this.accepted) link.close();
    this.outgoing.clear();
    await stopped;
  }

  private accept(socket: Socket): void {
    const link = new IncomingLink(socket, this.parts, {
      onGreeted: (greeted, from) => this.onGreeted(greeted, from),
      onClosed: (ended, from) => this.onIncomingClosed(ended, from),
    });
    this.accepted.add(link);
    if (this.closed) link.close();
  }

  /** A peer that connects anew has lost its earlier connection, though it may not have been noticed here. */
  private onGreeted(link: IncomingLink, from: GroupMember): void {
    const before = this.incoming.get(from.nodeId);
    this.incoming.set(from.nodeId, { link, from });
    before?.link.close();
    if (before !== undefined && !sameMember(before.from, from)) this.parts.handler.onIncoming(before.from);
    this.parts.handler.onIncoming(from);
    this.outgoing.get(from.nodeId)?.hurry(from);
  }

  private onIncomingClosed(link: IncomingLink, from: GroupMember | undefined): void {
    this.accepted.delete(link);
    if (from === undefined || this.incoming.get(from.nodeId)?.link !== link) return;
    this.incoming.delete(from.nodeId);
    if (!this.closed) this.parts.handler.onIncoming(from);
  }
}

/** @throws {DcacheError} PORT_IN_USE or CONFIG_INVALID when the port cannot be opened; nothing is left open then */
export async function openDataLinks(options: DataLinksOptions): Promise<SocketDataLinks> {
  const { listen = DEFAULT_LISTEN, self, handler, scheduler = eventLoopScheduler, timings = DEFAULT_TIMINGS } = options;
  const record = new LinkRecord(options.logger, options.metrics, () => scheduler.nowMs());
  const server = createServer();
  const links = new SocketDataLinks(server, { self, handler, scheduler, timings, record });
  await bind(server, listen);
  server.on('error', (error) => options.logger.error(errorFields(error), 'the data port failed'));
  return links;
}

async function bind(server: Server, listen: string): Promise<void> {
  const address = parseAddress(listen);
  if (address === undefined) throw new DcacheError('CONFIG_INVALID', `${listen} is not host:port`);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, listen)));
    server.listen({ ...address, exclusive: true }, resolve);
  });
  server.removeAllListeners('error');
}

function listenError(error: NodeJS.ErrnoException, listen: string): DcacheError {
  if (error.code === 'EADDRINUSE') {
    return new DcacheError(
      'PORT_IN_USE',
      `another process listens on ${listen}; stop it, or choose another address with --data-listen`,
      { cause: error },
    );
  }
  return new DcacheError(
    'CONFIG_INVALID',
    `cannot listen on ${listen} (${error.message}); choose another with --data-listen`,
    { cause: error },
  );
}
