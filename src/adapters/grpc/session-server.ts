/**
 * The server's end of a Session stream: batches of requests in, batches of replies out, in any order. Replies that are
 * ready in the same turn of the event loop leave together. While the client does not take replies, no requests are read.
 * The topology goes ahead of everything, and out again whenever it has changed.
 *
 * A node that stops says so in its last message, after the replies to everything that it has accepted. So the client knows of
 * each request whether it is done, also of those that were on their way: they are never looked at.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { asDcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { errorFields, type Logger } from '../../base/log.js';
import type { ClientBackend } from './backend.js';
import { SessionRequest, type KvRequest, type SessionResponse } from './generated/dcache/v1/kv.js';
import { writeError, writeReply, type WireReply } from './kv-replies.js';
import { readRequest } from './kv-requests.js';
import { requestTimeout } from './request-timeout.js';
import { decodeRequest } from './service-definition.js';
import { toGrpcStatus } from './status.js';

/** Of numbers, flags and lengths. */
const REPLY_OVERHEAD_BYTES = 32;

type Call = ServerDuplexStream<Buffer, SessionResponse>;
type Answered = (rpc: string, reply: WireReply, startedAtMs: number) => void;

interface Answer {
  readonly id: number;
  readonly reply: WireReply;
}

export class SessionServer {
  private readonly call: Call;
  private readonly backend: ClientBackend;
  private readonly onAnswered: Answered;
  private replies: Answer[] = [];
  /** The client has not taken what was written. */
  private blocked = false;
  private topologyDue = true;
  private readonly forgetTopology: () => void;
  private open = 0;
  private flushScheduled = false;
  private inputEnded = false;
  private shuttingDown = false;
  private closed = false;

  /** Serves `call` until either end closes it. */
  constructor(call: Call, backend: ClientBackend, logger: Logger, onAnswered: Answered) {
    this.call = call;
    this.backend = backend;
    this.onAnswered = onAnswered;
    this.forgetTopology = backend.onTopology(() => {
      this.topologyDue = true;
      this.flushLater();
    });
    this.flushLater();
    call.on('data', (bytes: Buffer) => {
      this.onBatch(bytes);
      if (this.open > LIMITS.maxRequestsInFlight / 2) call.pause();
    });
    call.on('end', () => {
      this.inputEnded = true;
      this.maybeEnd();
    });
    call.on('cancelled', () => this.close());
    call.on('error', (error) => {
      logger.debug(errorFields(error), 'a session broke');
      this.close();
    });
  }

  /** Answers what has been accepted, accepts nothing more, and ends the session. */
  shutDown(): void {
    this.shuttingDown = true;
    this.maybeEnd();
  }

  /** A batch that cannot be decoded ends the session: nobody knows which requests were in it. */
  private onBatch(bytes: Buffer): void {
    if (this.closed || this.shuttingDown) return;
    try {
      for (const request of decodeRequest(SessionRequest, bytes).requests) void this.serve(request);
    } catch (error) {
      this.close();
      this.call.emit('error', toGrpcStatus(error));
    }
  }

  /** Never rejects: whatever goes wrong is the reply. */
  private async serve(envelope: KvRequest): Promise<void> {
    const startedAtMs = performance.now();
    this.open++;
    const reply = await this.replyTo(envelope);
    this.open--;
    this.onAnswered(envelope.request?.$case ?? 'unknown', reply, startedAtMs);
    if (this.closed) return;
    this.replies.push({ id: envelope.id, reply });
    this.flushLater();
  }

  private async replyTo({ request, timeoutMs, forwarded }: KvRequest): Promise<WireReply> {
    try {
      return writeReply(await this.backend.execute(readRequest(request), requestTimeout(timeoutMs), forwarded));
    } catch (error) {
      return writeError(asDcacheError(error));
    }
  }

  private flushLater(): void {
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    setImmediate(() => {
      this.flushScheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    while (!this.closed && !this.blocked && (this.replies.length > 0 || this.topologyDue)) this.writeBatch();
    const mayReadOn = !this.blocked && this.open <= LIMITS.maxRequestsInFlight / 4;
    if (mayReadOn && this.call.isPaused()) this.call.resume();
    this.maybeEnd();
  }

  private writeBatch(): void {
    const topology = this.topologyDue ? this.topology() : undefined;
    this.topologyDue = false;
    if (this.call.write({ replies: this.takeBatch(), topology, closing: false })) return;
    this.blocked = true;
    this.call.pause();
    this.call.once('drain', () => {
      this.blocked = false;
      this.flush();
    });
  }

  private takeBatch(): Answer[] {
    let bytes = 0;
    const end = this.replies.findIndex(({ reply }, place) => {
      bytes += bytesOf(reply);
      return place > 0 && bytes > LIMITS.maxSessionBatchBytes;
    });
    return this.replies.splice(0, end < 0 ? this.replies.length : end);
  }

  private topology(): SessionResponse['topology'] {
    const topology = this.backend.topology();
    return { ...topology, nodes: [...topology.nodes], primaries: [...topology.primaries] };
  }

  private maybeEnd(): void {
    const ending = this.inputEnded || this.shuttingDown;
    if (this.closed || !ending || this.open > 0 || this.replies.length > 0) return;
    this.close();
    if (this.shuttingDown) this.call.write({ replies: [], topology: undefined, closing: true });
    this.call.end();
  }

  private close(): void {
    this.closed = true;
    this.replies = [];
    this.forgetTopology();
  }
}

/** About what the reply takes in a message. */
function bytesOf(reply: WireReply): number {
  return REPLY_OVERHEAD_BYTES + payloadBytes(reply);
}

function payloadBytes(reply: WireReply): number {
  switch (reply.$case) {
    case 'get':
      return reply.value.value.length;
    case 'set':
      return reply.value.oldValue.length;
    case 'scan':
      return reply.value.entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
    default:
      return 0;
  }
}
