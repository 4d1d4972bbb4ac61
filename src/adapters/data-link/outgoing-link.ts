/**
 * What this node says to one peer: a connection of its own making, made again after a pause that grows whenever it ends. All
 * messages of a turn travel in one frame, or a few when they are large.
 *
 * Answers travel on the connection of the one who answers. A peer that has just come back sends and hears nothing until this end
 * notices, and everybody who waits for its commits waits for that; so its greeting cuts the pause short (`hurry`).
 */
import { connect } from 'node:net';
import type { DataLinkHandler, DataPeer } from '../../actors/ecc/ports.js';
import type { Scheduler } from '../../actors/runtime/scheduler.js';
import { parseAddress, type Address } from '../../base/address.js';
import { LIMITS } from '../../base/limits.js';
import { sameMember, type GroupMember } from '../../cluster/cluster-map.js';
import type { DataMessage } from '../../replication/messages.js';
import { Connection, type ConnectionTimings } from './connection.js';
import { LinkFault, type Frame } from './frame.js';
import {
  greetingFrame,
  MAX_GREETING_BYTES,
  readGreeting,
  readRefusal,
  refusalFrame,
  refuseGreeting,
  type LinkSelf,
  type Refusal,
} from './greeting.js';
import type { LinkRecord } from './link-record.js';
import { framesOf, sized, type SizedMessage } from './message-frames.js';

export interface LinkTimings extends ConnectionTimings {
  /** Pauses before a connection is made again, half to one and a half times as long by chance. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/** What all links of a node have in common. */
export interface LinkParts {
  readonly self: LinkSelf;
  readonly handler: DataLinkHandler;
  readonly scheduler: Scheduler;
  readonly timings: LinkTimings;
  readonly record: LinkRecord;
}

export class OutgoingLink {
  readonly peer: DataPeer;
  private readonly address: Address | undefined;
  private readonly parts: LinkParts;
  private connection: Connection | undefined;
  /** The process life that has greeted back on `connection`, and since when it stands. */
  private greeted: { readonly member: GroupMember; readonly sinceMs: number } | undefined;
  private outbox: SizedMessage[] = [];
  private outboxBytes = 0;
  private pauseMs: number;
  /** Why it was refused, last; told once, however often it is tried. */
  private refusal = '';
  /** While this end waits to connect again. */
  private cancelRetry: (() => void) | undefined;
  /** The last life of the peer for whose greeting a pause was cut short, and when. */
  private hurried: { readonly member: GroupMember; readonly atMs: number } | undefined;
  private closed = false;
  private silent = false;

  constructor(peer: DataPeer, parts: LinkParts) {
    this.peer = peer;
    this.address = parseAddress(peer.dataAddress);
    this.parts = parts;
    this.pauseMs = parts.timings.firstPauseMs;
    this.dial();
  }

  get connectedTo(): GroupMember | undefined {
    return this.connection?.isOpen === true ? this.greeted?.member : undefined;
  }

  get backlogBytes(): number {
    return this.connectedTo === undefined ? 0 : this.outboxBytes + (this.connection?.backlogBytes ?? 0);
  }

  send(message: DataMessage): void {
    if (this.connectedTo === undefined) return;
    const waiting = sized(message);
    const backlogBytes = this.backlogBytes + waiting.sizeBytes;
    if (backlogBytes > LIMITS.maxLinkBacklogBytes) {
      this.connection?.fail(new LinkFault('backlog', `${backlogBytes} bytes were waiting for ${this.peer.nodeId}`));
      return;
    }
    this.outbox.push(waiting);
    this.outboxBytes += waiting.sizeBytes;
    if (this.outbox.length === 1) this.parts.scheduler.soon(() => this.flush());
  }

  /**
   * `peer` has connected to this node, so it can be connected to as well: the pause is over. For one life of a peer only once in the longest
   * pause, or two ends whose connections break as soon as they stand would drive each other on.
   */
  hurry(peer: GroupMember): void {
    if (this.closed || this.connectedTo !== undefined) return;
    const { scheduler, timings } = this.parts;
    const nowMs = scheduler.nowMs();
    const { hurried } = this;
    if (hurried !== undefined && sameMember(hurried.member, peer) && nowMs - hurried.atMs < timings.longestPauseMs)
      return;
    this.hurried = { member: peer, atMs: nowMs };
    this.pauseMs = timings.firstPauseMs;
    if (this.cancelRetry === undefined) return; // being made
    this.cancelRetry();
    this.dial();
  }

  /** The handler is told of it if the connection stood; not so with `silently`. */
  close(silently = false): void {
    this.closed = true;
    this.silent = silently;
    this.cancelRetry?.();
    this.connection?.close();
  }

  private flush(): void {
    const { outbox, connection } = this;
    this.outbox = [];
    this.outboxBytes = 0;
    if (this.connectedTo === undefined || connection === undefined) return;
    const { sent } = this.parts.record;
    sent.messages.add(outbox.length);
    for (const frame of framesOf(outbox)) {
      sent.bytes.add(frame.length);
      connection.send(frame);
    }
  }

  private dial(): void {
    const { address, parts, peer } = this;
    this.cancelRetry = undefined;
    if (address === undefined) {
      parts.record.warn(
        peer.nodeId,
        { peer: peer.nodeId, address: peer.dataAddress },
        'a data address is not host:port',
      );
      return;
    }
    const connection = new Connection(connect(address), true, parts.timings, parts.scheduler, {
      onFrames: (frames) => this.onFrames(connection, frames),
      onClosed: (fault, cause) => this.onClosed(fault, cause),
    });
    this.connection = connection;
    connection.send(greetingFrame(parts.self, peer.nodeId));
  }

  private onFrames(connection: Connection, frames: readonly Frame[]): void {
    for (const { type, payload } of frames) {
      if (type === 'refusal') {
        this.noteRefusal(readRefusal(payload));
        connection.close();
        return;
      }
      if (type !== 'greeting' || this.greeted !== undefined) {
        throw new LinkFault('malformed', `a frame of type ${type} where none is expected`);
      }
      this.onGreeting(connection, payload);
    }
  }

  private onGreeting(connection: Connection, payload: Uint8Array): void {
    const { self, scheduler, handler, record } = this.parts;
    const greeting = readGreeting(payload);
    const refusal = refuseGreeting(self, greeting) ?? this.refuseOther(greeting);
    if (refusal !== undefined) {
      this.noteRefusal(refusal);
      connection.closeWith(refusalFrame(refusal));
      return;
    }
    const { nodeId, incarnation } = greeting;
    this.greeted = { member: { nodeId, incarnation }, sinceMs: scheduler.nowMs() };
    this.refusal = '';
    connection.establish(MAX_GREETING_BYTES);
    record.logger.info({ peer: nodeId, incarnation }, 'data link connected');
    handler.onConnected(this.greeted.member);
  }

  private refuseOther({ nodeId }: GroupMember): Refusal | undefined {
    if (nodeId === this.peer.nodeId) return undefined;
    return { reason: 'node', message: `${this.peer.dataAddress} should be ${this.peer.nodeId}, but is ${nodeId}` };
  }

  private noteRefusal({ reason, message }: Refusal): void {
    const { record } = this.parts;
    record.countRefusal(reason);
    if (message === this.refusal) return;
    this.refusal = message;
    const fields = { peer: this.peer.nodeId, reason, refusal: message };
    // It passes by itself when the cluster has been founded.
    if (reason === 'not-founded') record.logger.debug(fields, 'a data link was refused');
    else record.logger.warn(fields, 'a data link was refused');
  }

  private onClosed(fault: LinkFault | undefined, cause: string): void {
    const { greeted, parts, peer } = this;
    const { record, scheduler, timings } = parts;
    this.connection = undefined;
    this.greeted = undefined;
    if (fault !== undefined) record.noteFault(peer.nodeId, fault);
    if (greeted === undefined) record.logger.debug({ peer: peer.nodeId, cause }, 'data link cannot be made');
    else {
      record.logger.info({ peer: peer.nodeId, cause }, 'data link disconnected');
      // One that breaks as soon as it stands is not made again at full speed.
      if (scheduler.nowMs() - greeted.sinceMs >= timings.longestPauseMs) this.pauseMs = timings.firstPauseMs;
    }
    if (!this.closed) {
      this.cancelRetry = scheduler.after(this.pauseMs * (0.5 + Math.random()), () => this.dial());
      this.pauseMs = Math.min(timings.longestPauseMs, this.pauseMs * 2);
    }
    if (greeted !== undefined && !this.silent) parts.handler.onDisconnected(greeted.member);
  }
}
