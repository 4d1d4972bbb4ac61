/**
 * The server's end of a Session stream: batches of requests in, batches of replies out, in any order. Replies that are
 * ready in the same turn of the event loop leave together. While the client does not take replies, no requests are read.
 * The topology goes ahead of everything, and out again whenever it has changed. Large values come and go in pieces
 * (session-uploads.ts, session-replies.ts); what is small does not wait for them.
 *
 * A node that stops says so in its last message, after the replies to everything that it has accepted. So the client knows of
 * each request whether it is done, also of those that were on their way: they are never looked at.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { asDcacheError, type DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { errorFields, type Logger } from '../../base/log.js';
import { releaseReply, type KvReply, type KvRequest } from '../../store/requests.js';
import type { ClientBackend } from './backend.js';
import { SessionRequest, type KvRequest as WireKvRequest, type SessionResponse } from './generated/dcache/v1/kv.js';
import { writeError } from './kv-replies.js';
import { readRequest } from './kv-requests.js';
import { requestTimeout } from './request-timeout.js';
import { decodeRequest } from './service-definition.js';
import { EMPTY_RESPONSE, SessionReplies } from './session-replies.js';
import { SessionUploads, type LargeValueBudgets } from './session-uploads.js';
import { toGrpcStatus } from './status.js';

type Call = ServerDuplexStream<Buffer, SessionResponse>;

export interface SessionServerParts {
  readonly call: Call;
  readonly backend: ClientBackend;
  /** Of the node. */
  readonly budgets: LargeValueBudgets;
  readonly logger: Logger;
  /** A request of that kind has been answered, with that code of the table of errors or OK. */
  onAnswered(rpc: string, code: string, startedAtMs: number): void;
}

/** A request with what there is to know about it. */
interface Work {
  readonly id: number;
  readonly rpc: string;
  readonly request: KvRequest;
  readonly forwarded: boolean;
  readonly timeoutMs: number;
  readonly startedAtMs: number;
  /** Gives back the memory of its value. */
  readonly release?: () => void;
}

export class SessionServer {
  private readonly parts: SessionServerParts;
  private readonly replies: SessionReplies;
  private readonly uploads: SessionUploads;
  private topologyDue = true;
  private readonly forgetTopology: () => void;
  /** The client takes large values in pieces. */
  private takesPieces = false;
  private open = 0;
  /** Pages with values under way, and those that wait for them. */
  private scans = 0;
  private readonly waitingScans: Work[] = [];
  private inputEnded = false;
  private shuttingDown = false;
  private closed = false;

  /** Serves the call until either end closes it. */
  constructor(parts: SessionServerParts) {
    this.parts = parts;
    const { call, backend, budgets, logger } = parts;
    this.replies = new SessionReplies(
      call,
      () => this.takeTopology(),
      () => this.onFlushed(),
    );
    this.uploads = new SessionUploads({
      budgets,
      onGrant: (id) => this.replies.addGrant(id),
      onWhole: ({ id, request, forwarded, timeLeftMs, release }) => {
        const work = { id, rpc: request.type, request, forwarded, timeoutMs: timeLeftMs, release };
        void this.serve({ ...work, startedAtMs: performance.now() });
      },
      onRefused: (id, error) => this.refuse(id, 'set', error, performance.now()),
    });
    this.forgetTopology = backend.onTopology(() => {
      this.topologyDue = true;
      this.replies.flushLater();
    });
    this.replies.flushLater();
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
    // Their values will not be whole: they are definitely not done, as the last message says.
    this.uploads.dropAll();
    this.maybeEnd();
  }

  /** A batch that cannot be understood ends the session: nobody knows which requests were in it. */
  private onBatch(bytes: Buffer): void {
    if (this.closed) return;
    try {
      const batch = decodeRequest(SessionRequest, bytes);
      this.takesPieces ||= batch.takesPieces;
      for (const id of batch.grants) this.replies.onGranted(id);
      for (const { id, givenUp } of batch.pieces) if (givenUp) this.forget(id);
      if (this.shuttingDown) return;
      for (const request of batch.requests) this.onRequest(request);
      for (const { id, data, givenUp } of batch.pieces) if (!givenUp) this.uploads.onPiece(id, data);
    } catch (error) {
      this.close();
      this.parts.call.emit('error', toGrpcStatus(error));
    }
  }

  private onRequest({ id, request: wire, timeoutMs: askedMs, forwarded, valueBytes }: WireKvRequest): void {
    const rpc = wire?.$case ?? 'unknown';
    const startedAtMs = performance.now();
    const timeoutMs = requestTimeout(askedMs);
    try {
      const request = readRequest(wire);
      if (valueBytes > 0) this.uploads.announce(id, request, valueBytes, timeoutMs, forwarded);
      else this.maybeServe({ id, rpc, request: this.pinning(request), forwarded, timeoutMs, startedAtMs });
    } catch (error) {
      this.refuse(id, rpc, asDcacheError(error), startedAtMs);
    }
  }

  /** A client that takes pieces is sent a large value straight from the store. */
  private pinning(request: KvRequest): KvRequest {
    return this.takesPieces && request.type === 'get' ? { ...request, pin: true } : request;
  }

  /** Pages with values wait for one another, since each may come with a copy of a large one. */
  private maybeServe(work: Work): void {
    if (work.request.type !== 'scan' || !work.request.withValues) void this.serve(work);
    else if (this.scans < LIMITS.maxScansPerSession) void this.serveScan(work);
    else this.waitingScans.push(work);
  }

  private async serveScan(work: Work): Promise<void> {
    this.scans++;
    await this.serve(work);
    this.scans--;
    const next = this.waitingScans.shift();
    if (next !== undefined && !this.closed) void this.serveScan(next);
  }

  /** Never rejects: whatever goes wrong is the reply. */
  private async serve({ id, rpc, request, forwarded, timeoutMs, startedAtMs, release }: Work): Promise<void> {
    this.open++;
    try {
      const reply = await this.parts.backend.execute(request, timeoutMs, forwarded);
      this.open--;
      this.answer(id, rpc, reply, startedAtMs, timeoutMs);
    } catch (error) {
      this.open--;
      this.refuse(id, rpc, asDcacheError(error), startedAtMs);
    } finally {
      release?.();
    }
  }

  private answer(id: number, rpc: string, reply: KvReply, startedAtMs: number, timeoutMs: number): void {
    this.parts.onAnswered(rpc, reply.type === 'rejected' ? reply.code : 'OK', startedAtMs);
    if (this.closed) releaseReply(reply);
    else this.replies.add(id, reply, this.takesPieces, Math.max(0, startedAtMs + timeoutMs - performance.now()));
  }

  private refuse(id: number, rpc: string, error: DcacheError, startedAtMs: number): void {
    this.parts.onAnswered(rpc, error.code, startedAtMs);
    if (!this.closed) this.replies.addError(id, writeError(error));
  }

  private forget(id: number): void {
    this.uploads.drop(id);
    this.replies.drop(id);
  }

  private onFlushed(): void {
    const { call } = this.parts;
    if (this.replies.isBlocked) call.pause();
    const mayReadOn = !this.replies.isBlocked && this.open <= LIMITS.maxRequestsInFlight / 4;
    if (mayReadOn && call.isPaused()) call.resume();
    this.maybeEnd();
  }

  private takeTopology(): SessionResponse['topology'] {
    if (!this.topologyDue) return undefined;
    this.topologyDue = false;
    const topology = this.parts.backend.topology();
    return {
      ...topology,
      nodes: [...topology.nodes],
      primaries: [...topology.primaries],
      lossGenerations: [...topology.lossGenerations],
    };
  }

  private maybeEnd(): void {
    const ending = this.inputEnded || this.shuttingDown;
    if (this.closed || !ending || this.open + this.waitingScans.length > 0 || !this.replies.isEmpty) return;
    this.close();
    const { call } = this.parts;
    if (this.shuttingDown) call.write({ ...EMPTY_RESPONSE, closing: true });
    call.end();
  }

  private close(): void {
    this.closed = true;
    this.uploads.dropAll();
    this.replies.close();
    this.forgetTopology();
  }
}
