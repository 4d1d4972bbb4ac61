/**
 * This node's connection to one peer: a channel, a greeting that proves who is there, then two streams of messages.
 * Heartbeats and votes have a stream of their own, so that they do not wait behind entries; the heartbeats of nodes travel on
 * it, too. All messages of a turn travel in one frame a stream, or a few when they are large. When anything breaks,
 * everything is closed and begun again after a pause that grows.
 */
import type { Client, ClientWritableStream } from '@grpc/grpc-js';
import type { PeerAddress } from '../../actors/control/ports.js';
import { asDcacheError, DcacheError, type ErrorCode } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import type { Speaker } from '../../cluster/speaker.js';
import { encodePeerMessage } from '../../raft/message-codec.js';
import type { PeerMessage } from '../../raft/messages.js';
import { openChannel } from './channel.js';
import type { MessagesReply, RaftMessages } from './generated/dcache/v1/raft.js';
import { greetPeer, openMessageStream } from './peer-calls.js';
import { fromGrpcError } from './status.js';

const HELLO_TIMEOUT_MS = 1_000;
/** Appends beyond this many unsent bytes are dropped; Raft sends them again when the peer keeps up. */
const MAX_UNSENT_BYTES = LIMITS.maxInflightAppendBytes + LIMITS.maxPeerMessageBytes;

/** The messages of a turn can be more than one gRPC message may hold: a window of appends, then one of a large value. */
const FRAME_BYTES = LIMITS.maxAppendBytes;

/** Of a peer that cannot be reached or has gone away: nothing that it said. */
const BROKEN_CODES: ReadonlySet<ErrorCode> = new Set([
  'UNREACHABLE',
  'DEADLINE_EXCEEDED',
  'OUTCOME_UNKNOWN',
  'SHUTTING_DOWN',
]);

/** Before a connection is made again: the pause doubles with each attempt, and is half to one and a half times as long by chance. */
export interface PeerPauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

export const PEER_PAUSES: PeerPauses = { firstMs: 50, longestMs: 1_000 };

export interface PeerLinkListener {
  speaker(): Speaker;
  onConnected(peer: PeerAddress): void;
  /** The connection broke, or could not be made. */
  onBroken(peer: PeerAddress): void;
  onRefused(peer: PeerAddress, message: string): void;
}

type Stream = ClientWritableStream<RaftMessages>;

export class PeerLink {
  readonly peer: PeerAddress;
  private readonly listener: PeerLinkListener;
  private readonly pauses: PeerPauses;
  private client: Client | undefined;
  private streams: { readonly urgent: Stream; readonly bulk: Stream } | undefined;
  private readonly outbox = { urgent: noBytes(), control: noBytes(), bulk: noBytes() };
  private unsentBytes = 0;
  private flushScheduled = false;
  private pauseMs: number;
  /** What the peer said when it last refused to listen; told once, however often it is tried. */
  private refusal = '';
  /** While this end waits to connect again. */
  private retry: NodeJS.Timeout | undefined;
  /** The last life of the peer for whose greeting a pause was cut short, and when. */
  private hurried: { readonly incarnation: number; readonly atMs: number } | undefined;
  private closed = false;

  constructor(peer: PeerAddress, listener: PeerLinkListener, pauses: PeerPauses) {
    this.peer = peer;
    this.listener = listener;
    this.pauses = pauses;
    this.pauseMs = pauses.firstMs;
    void this.connect();
  }

  get connected(): boolean {
    return this.streams !== undefined;
  }

  send(message: PeerMessage): void {
    if (this.streams === undefined) return;
    if (isUrgent(message)) this.outbox.urgent.push(encodePeerMessage(message));
    else {
      if (this.unsentBytes > MAX_UNSENT_BYTES) return;
      const bytes = encodePeerMessage(message);
      this.unsentBytes += bytes.length;
      this.outbox.bulk.push(bytes);
    }
    this.flushLater();
  }

  /** Heartbeats of nodes and answers to them. */
  sendControl(bytes: Uint8Array): void {
    if (this.streams === undefined) return;
    this.outbox.control.push(bytes);
    this.flushLater();
  }

  /**
   * That life of the peer has greeted this node, so it can be reached: the pause is over. For one life only once in the longest pause, or
   * two ends that refuse each other's messages would drive each other on.
   */
  hurry(incarnation: number): void {
    if (this.retry === undefined) return;
    const nowMs = performance.now();
    const { hurried } = this;
    if (hurried?.incarnation === incarnation && nowMs - hurried.atMs < this.pauses.longestMs) return;
    this.hurried = { incarnation, atMs: nowMs };
    this.pauseMs = this.pauses.firstMs;
    clearTimeout(this.retry);
    void this.connect();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.retry = undefined;
    this.hangUp();
  }

  private flushLater(): void {
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    queueMicrotask(() => {
      this.flushScheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    const { streams, outbox } = this;
    const urgent = outbox.urgent.splice(0);
    const control = outbox.control.splice(0);
    const bulk = outbox.bulk.splice(0);
    if (streams === undefined) return;
    if (urgent.length + control.length > 0) streams.urgent.write({ speaker: undefined, messages: urgent, control });
    for (const messages of cutFrames(bulk)) {
      const bytes = bytesOf(messages);
      streams.bulk.write({ speaker: undefined, messages, control: [] }, () => {
        if (this.streams === streams) this.unsentBytes -= bytes;
      });
    }
  }

  /** Never rejects. */
  private async connect(): Promise<void> {
    this.retry = undefined;
    const client = openChannel(this.peer.controlAddress, LIMITS.maxPeerMessageBytes);
    this.client = client;
    try {
      const other = await greetPeer(client, this.peer.controlAddress, this.listener.speaker(), HELLO_TIMEOUT_MS);
      this.checkIdentity(other);
      if (this.closed || this.client !== client) return;
      this.unsentBytes = 0;
      this.streams = { urgent: this.openStream(client), bulk: this.openStream(client) };
      this.pauseMs = this.pauses.firstMs;
      this.refusal = '';
      this.listener.onConnected(this.peer);
    } catch (error) {
      this.onBroken(client, error);
    }
  }

  private checkIdentity(other: Speaker): void {
    if (other.raftId === this.peer.raftId) return;
    const { nodeId, raftId, controlAddress } = this.peer;
    const found =
      other.raftId === 0
        ? `${other.nodeId} without a place in the cluster`
        : `${other.nodeId} with raft id ${other.raftId}`;
    throw new DcacheError(
      'UNREACHABLE',
      `${controlAddress} should be ${nodeId} with raft id ${raftId}, but is ${found}`,
    );
  }

  private openStream(client: Client): Stream {
    const stream = openMessageStream(client, (error: Error | null, _reply?: MessagesReply) => {
      this.onBroken(client, error ?? new DcacheError('UNREACHABLE', 'the peer ended the stream'));
    });
    stream.on('error', () => undefined); // the callback above is told as well
    stream.write({ speaker: this.listener.speaker(), messages: [], control: [] });
    return stream;
  }

  /** @param client the connection that broke; an older one than the present is of no interest any more. */
  private onBroken(client: Client, error: unknown): void {
    if (this.closed || this.client !== client) return;
    this.hangUp();
    const { code, message } =
      error instanceof DcacheError ? error : asDcacheError(fromGrpcError(error, this.peer.nodeId));
    const refused = !BROKEN_CODES.has(code);
    if (refused && message !== this.refusal) {
      this.refusal = message;
      this.listener.onRefused(this.peer, message);
    }
    this.listener.onBroken(this.peer);
    this.retry = setTimeout(() => void this.connect(), this.pauseMs * (0.5 + Math.random()));
    this.pauseMs = Math.min(this.pauses.longestMs, this.pauseMs * 2);
  }

  /**
   * Often called when one stream has been reset, which is while nghttp2 handles what it has read. A stream cancelled then and
   * there can send Node's HTTP/2 into an endless loop (a peer that was paused and continued did), so they are cancelled later.
   */
  private hangUp(): void {
    const { client, streams } = this;
    this.client = undefined;
    this.streams = undefined;
    setImmediate(() => {
      streams?.urgent.cancel();
      streams?.bulk.cancel();
      client?.close();
    });
  }
}

/** Frames of at most FRAME_BYTES, or of one message. */
function cutFrames(messages: readonly Uint8Array[]): Uint8Array[][] {
  const frames: Uint8Array[][] = [];
  let bytes = Infinity;
  for (const message of messages) {
    bytes += message.length;
    if (bytes > FRAME_BYTES) {
      frames.push([]);
      bytes = message.length;
    }
    frames.at(-1)?.push(message);
  }
  return frames;
}

function noBytes(): Uint8Array[] {
  return [];
}

function bytesOf(messages: readonly Uint8Array[]): number {
  return messages.reduce((sum, message) => sum + message.length, 0);
}

/** Small, and worth little when late. Everything else keeps its order among itself. */
function isUrgent(message: PeerMessage): boolean {
  switch (message.type) {
    case 'heartbeat':
    case 'heartbeat-response':
    case 'vote':
    case 'pre-vote':
    case 'vote-response':
    case 'pre-vote-response':
    case 'timeout-now':
      return true;
    default:
      return false;
  }
}
