/**
 * The client's end of a Session stream to one node: what the client library and the forwarding between nodes use. Requests of
 * one turn of the event loop leave together. The stream is opened with the first request and again after it broke.
 *
 * Outcomes: until a request has been handed to a connected stream it is definitely not done (UNREACHABLE); from then on a
 * broken stream leaves a write's outcome unknown, unless the node said before that it would do nothing more.
 */
import type { Client, ClientDuplexStream } from '@grpc/grpc-js';
import { asDcacheError, DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { isWrite, requestBytes, type KvReply, type KvRequest } from '../../store/requests.js';
import type { Topology } from './backend.js';
import { openChannel, waitUntilReady } from './channel.js';
import {
  KvDefinition,
  type KvReply as WireKvReply,
  type SessionRequest,
  type SessionResponse,
} from './generated/dcache/v1/kv.js';
import { readReply } from './kv-replies.js';
import { writeRequest } from './kv-requests.js';
import { serviceDefinition } from './service-definition.js';
import { fromGrpcError } from './status.js';

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
  /** Whether it has been handed to a connected stream, so that the node may have it. */
  exposed: boolean;
  readonly resolve: (reply: KvReply) => void;
  readonly reject: (error: DcacheError) => void;
  readonly forgetSignal: (() => void) | undefined;
}

export class SessionClient {
  readonly address: string;
  private readonly open = new Map<number, Open>();
  private queue: Open[] = [];
  private client: Client | undefined;
  private stream: Stream | undefined;
  private connecting = false;
  private blocked = false;
  private flushScheduled = false;
  private sweeping = false;
  private nextId = 1;
  private closed = false;
  private readonly onTopology: (topology: Topology) => void;

  /**
   * @param address host:port of a client port. Nothing is connected yet.
   * @param onTopology told where requests can go, when the node says so.
   */
  constructor(address: string, onTopology: (topology: Topology) => void = () => undefined) {
    this.address = address;
    this.onTopology = onTopology;
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
        resolve,
        reject,
        forgetSignal,
      };
      this.open.set(id, open);
      this.queue.push(open);
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
    for (const open of this.open.values()) this.fail(open, this.brokenError(open, 'the client was closed'));
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
      if (!this.connecting && this.queue.length > 0) void this.connect();
      return;
    }
    while (this.queue.length > 0 && !this.blocked) this.writeBatch(this.stream);
  }

  private writeBatch(stream: Stream): void {
    const batch: Open[] = [];
    let bytes = 0;
    let taken = 0;
    for (const next of this.queue) {
      const size = requestBytes(next.request);
      if (batch.length > 0 && bytes + size > LIMITS.maxSessionBatchBytes) break;
      taken++;
      if (!this.open.has(next.id)) continue;
      next.exposed = true;
      bytes += size;
      batch.push(next);
    }
    this.queue = taken === this.queue.length ? [] : this.queue.slice(taken);
    if (batch.length === 0) return;
    const requests = batch.map(({ id, timeoutMs, forwarded, request }) => ({
      id,
      timeoutMs,
      forwarded,
      request: writeRequest(request),
    }));
    if (stream.write({ requests })) return;
    this.blocked = true;
    stream.once('drain', () => {
      this.blocked = false;
      this.flush();
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
      for (const open of this.queue.splice(0)) this.fail(open, failure);
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
    let heard = false;
    stream.on('data', (batch: SessionResponse) => {
      heard = true;
      if (batch.topology !== undefined) this.onTopology(batch.topology);
      for (const reply of batch.replies) this.onReply(reply);
      if (batch.closing) this.onClosing(stream);
    });
    stream.on('error', (error) => {
      const { message } = fromGrpcError(error, this.address);
      if (!heard && message.includes(REFUSED)) this.letGo(stream, () => new DcacheError('UNREACHABLE', message));
      else this.onBroken(stream, message);
    });
    stream.on('end', () => this.onBroken(stream, `${this.address} ended the session`));
  }

  private onReply({ id, reply }: WireKvReply): void {
    const open = this.open.get(id);
    if (open === undefined) return; // it has timed out here
    try {
      const answer = readReply(reply);
      this.settle(open);
      open.resolve(answer);
    } catch (error) {
      this.fail(open, asDcacheError(error));
    }
  }

  private onBroken(stream: Stream, reason: string): void {
    this.letGo(stream, (open) => this.brokenError(open, reason));
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
    for (const open of [...this.open.values()]) {
      if (open.exposed) this.fail(open, errorFor(open));
    }
    this.flushLater();
  }

  private fail(open: Open, error: DcacheError): void {
    if (this.settle(open)) open.reject(error);
  }

  private settle(open: Open): boolean {
    open.forgetSignal?.();
    return this.open.delete(open.id);
  }

  /** One timer for all: a timer a request would cost more than the rest of what is done for it here. */
  private sweepLater(): void {
    if (this.sweeping) return;
    this.sweeping = true;
    setTimeout(() => {
      this.sweeping = false;
      const now = performance.now();
      for (const open of [...this.open.values()]) if (open.deadlineMs <= now) this.fail(open, this.timeoutError(open));
      if (this.open.size > 0) this.sweepLater();
    }, SWEEP_MS);
  }

  private brokenError(open: Open, reason: string): DcacheError {
    if (open.exposed && isWrite(open.request)) {
      return new DcacheError('OUTCOME_UNKNOWN', `${reason} while the write was under way; it may or may not be done`);
    }
    return new DcacheError('UNREACHABLE', reason);
  }

  private timeoutError(open: Open): DcacheError {
    const waited = `${this.address} gave no answer within ${open.timeoutMs} ms`;
    if (!open.exposed) return new DcacheError('UNREACHABLE', waited);
    const outcome = isWrite(open.request) ? 'the write may or may not be done' : 'nothing was changed';
    return new DcacheError('DEADLINE_EXCEEDED', `${waited}; ${outcome}`);
  }
}

function onAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

function abortError({ request, exposed }: Pick<Open, 'request' | 'exposed'>): DcacheError {
  if (exposed && isWrite(request)) {
    return new DcacheError('OUTCOME_UNKNOWN', 'aborted while the write was under way; it may or may not be done');
  }
  return new DcacheError('CANCELLED', 'aborted before anything was done');
}
