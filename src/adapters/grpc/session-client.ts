/**
 * The client's end of a Session stream to one node: what the client library and the forwarding between nodes use. Requests of
 * one turn of the event loop leave together, or a little later with others (batch-pacer.ts). The stream is opened with the first
 * request and again after it broke.
 *
 * Outcomes: until all of a request has been handed to a connected stream it is definitely not done (UNREACHABLE); from then on a
 * broken stream leaves a write's outcome unknown, unless the node said before that it would do nothing more.
 *
 * Large values go and come in pieces (value-pieces.ts), one piece at a time between the batches, so that nothing waits for them. A
 * request with a large value waits until the node has said that it takes pieces, in its first message.
 */
import type { Client, ClientDuplexStream } from '@grpc/grpc-js';
import { EMPTY_BYTES } from '../../base/bytes.js';
import { asDcacheError, DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { largeValueOf, requestBytes, type KvReply, type KvRequest } from '../../store/requests.js';
import type { Topology } from './backend.js';
import { BatchPacer } from './batch-pacer.js';
import type { ByteBudget } from './byte-budget.js';
import { openChannel, waitUntilReady } from './channel.js';
import {
  KvDefinition,
  type KvReply as WireKvReply,
  type KvRequest as WireKvRequest,
  type SessionRequest,
  type SessionResponse,
} from './generated/dcache/v1/kv.js';
import { readReply } from './kv-replies.js';
import { writeRequest } from './kv-requests.js';
import { serviceDefinition } from './service-definition.js';
import { SessionDownloads } from './session-downloads.js';
import { abortError, brokenError, timeoutError } from './session-outcomes.js';
import { fromGrpcError } from './status.js';
import { OutgoingValues } from './value-pieces.js';

const METHODS = serviceDefinition(KvDefinition);
/** A node answers within the request's own time; this is for the way there and back. */
const GRACE_MS = 100;
const CONNECT_TIMEOUT_MS = 1_000;
/**
 * What grpc-js says of a stream that the server turned away, because it was about to stop: nothing on it was looked at (RFC 9113,
 * section 8.7), so nothing is unknown.
 */
const REFUSED = 'Stream refused by server';
/** How often deadlines are looked at, while there are requests under way. */
const SWEEP_MS = 20;

type Stream = ClientDuplexStream<SessionRequest, SessionResponse>;

interface Open {
  readonly id: number;
  readonly request: KvRequest;
  readonly timeoutMs: number;
  /** When this end gives up, by performance.now(). */
  readonly deadlineMs: number;
  readonly forwarded: boolean;
  /** Whether all of it has been handed to a connected stream, so that the node may do it. */
  exposed: boolean;
  /** Of the pacer, that it was sent in whole; 0: none. */
  batch: number;
  /** Whether it has been announced on the stream, with a large value that is still to be sent. */
  announced: boolean;
  readonly resolve: (reply: KvReply) => void;
  readonly reject: (error: DcacheError) => void;
  readonly forgetSignal: (() => void) | undefined;
}

export class SessionClient {
  readonly address: string;
  private readonly open = new Map<number, Open>();
  private queue: Open[] = [];
  /** Requests with large values, until the node has said whether it takes pieces. */
  private largeQueue: Open[] = [];
  private readonly outgoing = new OutgoingValues();
  private readonly downloads: SessionDownloads;
  /** Ids of values that the node may send, and of requests that it should forget. */
  private grants: number[] = [];
  private givenUp: number[] = [];
  /** What the node takes in one piece; 0: none. Undefined until it has said so. */
  private pieceBytes: number | undefined;
  private sendingPiece = false;
  private client: Client | undefined;
  private stream: Stream | undefined;
  private connecting = false;
  private blocked = false;
  private flushScheduled = false;
  private readonly pacer = new BatchPacer(() => {
    if (this.stream !== undefined) this.writeQueue(this.stream);
  });
  private sweeping = false;
  private nextId = 1;
  private closed = false;
  private readonly onTopology: (topology: Topology) => void;

  /**
   * @param address host:port of a client port. Nothing is connected yet.
   * @param onTopology told where requests can go, when the node says so.
   * @param budget for large values in replies, which nobody takes twice; without one they are all taken as they come.
   */
  constructor(address: string, onTopology: (topology: Topology) => void = () => undefined, budget?: ByteBudget) {
    this.address = address;
    this.onTopology = onTopology;
    this.downloads = new SessionDownloads(budget, (id) => {
      this.grants.push(id);
      this.flushLater();
    });
  }

  /** Requests without an answer. */
  get pending(): number {
    return this.open.size;
  }

  /**
   * @param request valid; handed over. @param forwarded tells the node to answer itself or not at all.
   * Rejects with a DcacheError whose `outcome` says whether the request may have had an effect.
   */
  execute(request: KvRequest, timeoutMs: number, forwarded: boolean, signal?: AbortSignal): Promise<KvReply> {
    if (this.closed) return Promise.reject(new DcacheError('SHUTTING_DOWN', 'the client is closed'));
    if (this.open.size >= LIMITS.maxRequestsInFlight) {
      return Promise.reject(
        new DcacheError(
          'OVERLOADED',
          `${this.open.size} requests to ${this.address} are under way, the limit is ${LIMITS.maxRequestsInFlight}; wait for some of them`,
        ),
      );
    }
    if (signal?.aborted === true) return Promise.reject(abortError({ request, exposed: false }));
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      const deadlineMs = performance.now() + timeoutMs + GRACE_MS;
      const forgetSignal = signal && onAbort(signal, () => this.fail(open, abortError(open)));
      const open: Open = {
        id,
        request,
        timeoutMs,
        deadlineMs,
        forwarded,
        exposed: false,
        batch: 0,
        announced: false,
        resolve,
        reject,
        forgetSignal,
      };
      this.open.set(id, open);
      if (largeValueOf(request) === undefined) this.queue.push(open);
      else this.largeQueue.push(open);
      this.flushLater();
      this.sweepLater();
    });
  }

  /** Whether a request would leave at once. */
  get isConnected(): boolean {
    return this.stream !== undefined;
  }

  /** Connects ahead of the first request. Never rejects; whether it has come to a connection is `isConnected`. */
  async prepare(): Promise<void> {
    if (this.stream === undefined && !this.connecting && !this.closed) await this.connect();
  }

  /** Fails what is under way, and closes the connection. */
  close(): void {
    this.closed = true;
    const { client, stream } = this;
    this.client = undefined;
    this.stream = undefined;
    this.queue = [];
    this.largeQueue = [];
    for (const open of this.open.values()) this.fail(open, brokenError(open, 'the client was closed'));
    stream?.end();
    client?.close();
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
    if (this.stream === undefined) {
      if (!this.connecting && this.queue.length + this.largeQueue.length > 0) void this.connect();
      return;
    }
    if (this.pieceBytes !== undefined && this.largeQueue.length > 0) this.queue.push(...this.largeQueue.splice(0));
    if (this.queue.length > 0 && this.pacer.mayLeave(this.queue.length)) this.writeQueue(this.stream);
    if (this.grants.length + this.givenUp.length > 0) this.write(this.stream, []);
    this.writePieces(this.stream);
  }

  private writeQueue(stream: Stream): void {
    while (this.queue.length > 0 && !this.blocked) this.writeBatch(stream);
  }

  private writeBatch(stream: Stream): void {
    const batch: WireKvRequest[] = [];
    let bytes = 0;
    let taken = 0;
    this.pacer.beginBatch();
    for (const next of this.queue) {
      const size = requestBytes(next.request);
      if (batch.length > 0 && bytes + size > LIMITS.maxSessionBatchBytes) break;
      taken++;
      if (!this.open.has(next.id)) continue;
      const value = this.pieceBytes === 0 ? undefined : largeValueOf(next.request);
      bytes += size - (value?.length ?? 0);
      batch.push(value === undefined ? this.expose(next) : this.announce(next, value));
    }
    this.queue = taken === this.queue.length ? [] : this.queue.slice(taken);
    if (batch.length === 0 || this.write(stream, batch)) return;
    this.blocked = true;
    stream.once('drain', () => {
      this.blocked = false;
      this.flush();
    });
  }

  private expose(open: Open): WireKvRequest {
    open.exposed = true;
    open.batch = this.pacer.add();
    const { id, timeoutMs, forwarded, request } = open;
    return { id, timeoutMs, forwarded, request: writeRequest(request), valueBytes: 0 };
  }

  private announce(open: Open, value: Uint8Array): WireKvRequest {
    open.announced = true;
    const { id, timeoutMs, forwarded, request } = open;
    this.outgoing.announce(id, { parts: [value], bytes: value.length, release: () => undefined });
    const bare = { ...request, value: EMPTY_BYTES };
    return { id, timeoutMs, forwarded, request: writeRequest(bare), valueBytes: value.length };
  }

  /** With what else there is to say. False when the stream takes no more for now. */
  private write(stream: Stream, requests: WireKvRequest[]): boolean {
    const pieces = this.givenUp.splice(0).map((id) => ({ id, data: EMPTY_BYTES, givenUp: true }));
    return stream.write({ requests, pieces, grants: this.grants.splice(0), takesPieces: true });
  }

  /** One piece at a time: the next when the stream has taken this one, behind what has been written meanwhile. */
  private writePieces(stream: Stream): void {
    if (this.sendingPiece || this.stream !== stream) return;
    const piece = this.outgoing.next();
    if (piece === undefined) return;
    const open = this.open.get(piece.id);
    if (piece.isLast && open !== undefined) open.exposed = true;
    const { id, data } = piece;
    this.sendingPiece = true;
    const pieces = [{ id, data, givenUp: false }];
    stream.write({ requests: [], pieces, grants: [], takesPieces: true }, () => {
      if (this.stream !== stream) return;
      this.sendingPiece = false;
      this.writePieces(stream);
    });
  }

  /** Never rejects. */
  private async connect(): Promise<void> {
    this.connecting = true;
    const client = (this.client ??= openChannel(this.address, LIMITS.maxClientMessageBytes));
    try {
      await waitUntilReady(client, this.address, CONNECT_TIMEOUT_MS);
      if (this.client === client) this.openStream(client);
    } catch (error) {
      const failure = asDcacheError(error);
      if (this.client === client) this.client = undefined;
      client.close();
      for (const open of [...this.queue.splice(0), ...this.largeQueue.splice(0)]) this.fail(open, failure);
    } finally {
      this.connecting = false;
    }
    this.flush();
  }

  private openStream(client: Client): void {
    const { path, requestSerialize, responseDeserialize } = METHODS.session;
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.stream = stream;
    this.blocked = false;
    this.sendingPiece = false;
    this.pieceBytes = undefined;
    let heard = false;
    stream.on('data', (batch: SessionResponse) => {
      if (this.stream === stream && !heard) this.onFirst(batch);
      heard = true;
      if (batch.topology !== undefined) this.onTopology(batch.topology);
      for (const reply of batch.replies) this.onReply(reply);
      if (this.queue.length > 0) this.flushLater();
      for (const { id, data } of batch.pieces) this.onPiece(id, data);
      for (const id of batch.grants) this.outgoing.grant(id);
      if (batch.grants.length > 0 && this.stream === stream) this.writePieces(stream);
      if (batch.closing) this.onClosing(stream);
    });
    stream.on('error', (error) => {
      const { message } = fromGrpcError(error, this.address);
      if (!heard && message.includes(REFUSED)) this.letGo(stream, () => new DcacheError('UNREACHABLE', message));
      else this.onBroken(stream, message);
    });
    stream.on('end', () => this.onBroken(stream, `${this.address} ended the session`));
  }

  private onFirst({ pieceBytes }: SessionResponse): void {
    this.pieceBytes = pieceBytes;
    if (this.largeQueue.length > 0) this.flushLater();
  }

  private onReply({ id, reply, valueBytes }: WireKvReply): void {
    const open = this.open.get(id);
    if (open === undefined) {
      if (valueBytes > 0) this.forget(id); // it has timed out here
      return;
    }
    try {
      const answer = readReply(reply);
      if (valueBytes > 0) this.downloads.announce(id, answer, valueBytes, open.request);
      else if (this.settle(open)) open.resolve(answer);
    } catch (error) {
      this.fail(open, asDcacheError(error));
    }
  }

  private onPiece(id: number, data: Uint8Array): void {
    const open = this.open.get(id);
    if (open === undefined) return;
    try {
      const answer = this.downloads.onPiece(id, data);
      if (answer !== undefined && this.settle(open)) open.resolve(answer);
    } catch (error) {
      this.fail(open, asDcacheError(error));
    }
  }

  private onBroken(stream: Stream, reason: string): void {
    this.letGo(stream, (open) => brokenError(open, reason));
  }

  /** Everything that the node has done is answered. Whoever asks this address again makes a connection of his own. */
  private onClosing(stream: Stream): void {
    if (this.stream !== stream) return;
    this.letGo(stream, () => new DcacheError('SHUTTING_DOWN', `${this.address} is stopping; ask another node`));
    stream.end();
    this.client?.close();
    this.client = undefined;
  }

  private letGo(stream: Stream, errorFor: (open: Open) => DcacheError): void {
    if (this.stream !== stream) return;
    this.stream = undefined;
    this.grants = [];
    this.givenUp = [];
    for (const open of [...this.open.values()]) {
      if (open.exposed || open.announced) this.fail(open, errorFor(open));
    }
    this.flushLater();
  }

  private fail(open: Open, error: DcacheError): void {
    const isUnderWay = this.downloads.has(open.id) || (open.announced && !open.exposed);
    if (!this.settle(open)) return;
    if (isUnderWay) this.forget(open.id);
    open.reject(error);
  }

  private settle(open: Open): boolean {
    open.forgetSignal?.();
    if (open.announced) this.outgoing.drop(open.id);
    this.downloads.drop(open.id);
    const isFirst = this.open.delete(open.id);
    if (isFirst) this.pacer.onSettled(open.batch);
    return isFirst;
  }

  /** Tells the node to let go of a request that nobody here waits for. */
  private forget(id: number): void {
    if (this.stream === undefined) return;
    this.givenUp.push(id);
    this.flushLater();
  }

  /** One timer for all: a timer a request would cost more than the rest of what is done for it here. */
  private sweepLater(): void {
    if (this.sweeping) return;
    this.sweeping = true;
    setTimeout(() => {
      this.sweeping = false;
      const now = performance.now();
      for (const open of [...this.open.values()]) {
        if (open.deadlineMs <= now) this.fail(open, timeoutError(open, this.address, open.timeoutMs));
      }
      if (this.open.size > 0) this.sweepLater();
    }, SWEEP_MS);
  }
}

function onAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
