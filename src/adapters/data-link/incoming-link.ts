/** What one peer says to this node: a connection that the peer has made. Until it has greeted, it may be anybody. */
import type { Socket } from 'node:net';
import type { GroupMember } from '../../cluster/cluster-map.js';
import type { DataMessage } from '../../replication/messages.js';
import { Connection } from './connection.js';
import { LinkFault, type Frame } from './frame.js';
import { greetingFrame, readGreeting, readRefusal, refusalFrame, refuseGreeting, refuseVersion, type Refusal } from './greeting.js'; // prettier-ignore
import { MAX_PAYLOAD_BYTES, messagesIn } from './message-frames.js';
import type { LinkParts } from './outgoing-link.js';

/** Whom a link tells of its beginning and end. */
export interface IncomingLinkListener {
  /** It has greeted and was taken in: it takes the place of an earlier one of the same node. */
  onGreeted(link: IncomingLink, from: GroupMember): void;
  /** Once, after the last messages. `from`: who it was, if it had greeted. */
  onClosed(link: IncomingLink, from: GroupMember | undefined): void;
}

export class IncomingLink {
  private readonly parts: LinkParts;
  private readonly listener: IncomingLinkListener;
  private readonly connection: Connection;
  private readonly remoteHost: string;
  private from: GroupMember | undefined;

  constructor(socket: Socket, parts: LinkParts, listener: IncomingLinkListener) {
    this.parts = parts;
    this.listener = listener;
    this.remoteHost = socket.remoteAddress ?? 'an unknown address';
    this.connection = new Connection(socket, false, parts.timings, parts.scheduler, {
      onFrames: (frames) => this.onFrames(frames),
      farewell: ({ reason }) => (reason === 'version' ? refusalFrame(refuseVersion(parts.self)) : undefined),
      onClosed: (fault) => this.onClosed(fault),
    });
  }

  /** Nothing that arrives afterwards is handed on. */
  close(): void {
    this.connection.close();
  }

  private onFrames(frames: readonly Frame[]): void {
    const messages: DataMessage[] = [];
    const { received } = this.parts.record;
    for (const { type, payload } of frames) {
      if (type === 'refusal') {
        this.noteRefusal(readRefusal(payload));
        this.connection.close();
        return;
      }
      if (type === 'greeting' && this.from === undefined) {
        this.onGreeting(payload);
        if (!this.connection.isOpen) return;
      } else if (type === 'messages' && this.from !== undefined) {
        received.bytes.add(payload.length);
        messages.push(...messagesIn(payload));
      } else throw new LinkFault('malformed', `a frame of type ${type} where none is expected`);
    }
    if (this.from === undefined || messages.length === 0) return;
    received.messages.add(messages.length);
    this.parts.handler.onMessages(this.from, messages);
  }

  private onGreeting(payload: Uint8Array): void {
    const { self } = this.parts;
    const greeting = readGreeting(payload);
    const refusal = refuseGreeting(self, greeting);
    if (refusal !== undefined) {
      this.noteRefusal(refusal, greeting.nodeId);
      this.connection.closeWith(refusalFrame(refusal));
      return;
    }
    this.from = { nodeId: greeting.nodeId, incarnation: greeting.incarnation };
    this.connection.send(greetingFrame(self, greeting.nodeId));
    this.connection.establish(MAX_PAYLOAD_BYTES);
    this.listener.onGreeted(this, this.from);
  }

  private noteRefusal({ reason, message }: Refusal, from: string = this.from?.nodeId ?? this.remoteHost): void {
    const { record } = this.parts;
    record.countRefusal(reason);
    const fields = { peer: from, reason, refusal: message };
    if (reason === 'not-founded') record.logger.debug(fields, 'an incoming data link was refused');
    else record.warn(`${from} ${reason}`, fields, 'an incoming data link was refused');
  }

  private onClosed(fault: LinkFault | undefined): void {
    const { from, parts } = this;
    if (fault !== undefined) parts.record.noteFault(from?.nodeId ?? this.remoteHost, fault);
    this.listener.onClosed(this, from);
  }
}
