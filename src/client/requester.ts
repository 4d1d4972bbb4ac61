/**
 * Carries one request through until it is answered, its time is up, or its caller gives it up.
 *
 * A request that is definitely not done is sent again, to another node where that can help. After "unknown" only reads are
 * sent again: a write could reappear after somebody else's later write.
 */
import { asDcacheError, DcacheError } from '../base/errors.js';
import type { SessionClient } from '../adapters/grpc/session-client.js';
import { checkRequest } from '../store/request-limits.js';
import { isWrite, type KvReply, type KvRequest } from '../store/requests.js';
import { Connections } from './connections.js';
import type { LossEvent } from './loss-watch.js';
import { checkTimeout, type CallOptions, type CheckedClientOptions } from './options.js';
import { Round } from './round.js';

export type ReplyTo<Request extends KvRequest> = Extract<KvReply, { type: Request['type'] }>;

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

/** A request on its way to being answered. */
interface Work {
  readonly request: KvRequest;
  readonly timeoutMs: number;
  /** By performance.now(). */
  readonly startedAtMs: number;
  readonly signal: AbortSignal | undefined;
}

export class Requester {
  private readonly connections: Connections;
  private readonly options: CheckedClientOptions;
  private underWay = 0;
  private closing: Promise<void> | undefined;
  private onIdle: () => void = () => undefined;

  /** @param onLoss told of losses of data, once each. */
  constructor(options: CheckedClientOptions, onLoss: (loss: LossEvent) => void) {
    this.options = options;
    this.connections = new Connections(options.endpoints, onLoss);
  }

  /** Rejects with a DcacheError; before anything is sent if the request is not valid. The request's buffers are handed over. */
  async execute<Request extends KvRequest>(request: Request, call: CallOptions = {}): Promise<ReplyTo<Request>> {
    if (this.closing !== undefined) throw new DcacheError('SHUTTING_DOWN', 'the client is closed; make a new one');
    checkRequest(request);
    const timeoutMs = call.timeoutMs === undefined ? this.options.timeoutMs : checkTimeout(call.timeoutMs);
    this.underWay++;
    try {
      const reply = await this.tryOnce(request, timeoutMs, call.signal);
      if (!answers(request, reply)) throw new DcacheError('OUTCOME_UNKNOWN', 'the reply does not fit the request');
      return reply;
    } finally {
      if (--this.underWay === 0) this.onIdle();
    }
  }

  /** Accepts nothing more, lets what is under way end, then closes the connections. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.drain();
    return this.closing;
  }

  private async drain(): Promise<void> {
    if (this.underWay > 0) await new Promise<void>((resolve) => (this.onIdle = resolve));
    this.connections.close();
  }

  /** Nearly always once is enough: what further tries need is made for those that need it. */
  private tryOnce(request: KvRequest, timeoutMs: number, signal: AbortSignal | undefined): Promise<KvReply> {
    const session = this.connections.sessionFor(request);
    const startedAtMs = performance.now();
    return session
      .execute(request, timeoutMs, false, signal)
      .catch((error: unknown) => this.tryAgain({ request, timeoutMs, startedAtMs, signal }, session, error));
  }

  private async tryAgain(work: Work, triedSession: SessionClient, firstError: unknown): Promise<KvReply> {
    const { request, timeoutMs, startedAtMs, signal } = work;
    let [session, error] = [triedSession, firstError];
    let pauseMs = FIRST_PAUSE_MS;
    let perhapsDone = false;
    let round = new Round();
    for (;;) {
      const failure = asDcacheError(error);
      const final = (last: DcacheError): DcacheError => (perhapsDone ? unknownAfterAll(last) : last);
      if (!this.mayTryAgain(failure, request)) throw final(failure);
      perhapsDone ||= isWrite(request) && failure.outcome === 'unknown';
      round.add(session.address, failure);
      const overloaded = failure.code === 'OVERLOADED';
      if (failure.code === 'WRONG_NODE') this.connections.onWrongNode(session);
      else if (!overloaded) this.connections.moveOn(session);
      if (overloaded || round.asked >= this.connections.count) {
        if (round.isFinal || performance.now() - startedAtMs + pauseMs >= timeoutMs) throw final(round.verdict());
        round = new Round();
        await pause(pauseMs, signal);
        pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      }
      session = this.connections.sessionFor(request);
      const leftMs = Math.max(1, Math.ceil(timeoutMs - (performance.now() - startedAtMs)));
      try {
        return await session.execute(request, leftMs, false, signal);
      } catch (next) {
        error = next;
      }
    }
  }

  private mayTryAgain(error: DcacheError, request: KvRequest): boolean {
    if (error.retryable) return error.outcome === 'not-done';
    return error.code === 'OUTCOME_UNKNOWN' && (!isWrite(request) || this.options.retryUnknownWrites);
  }
}

function answers<Request extends KvRequest>(request: Request, reply: KvReply): reply is ReplyTo<Request> {
  return reply.type === request.type;
}

/** A try that is definitely not done says nothing about the tries before it. */
function unknownAfterAll(last: DcacheError): DcacheError {
  if (last.outcome === 'unknown') return last;
  return new DcacheError('OUTCOME_UNKNOWN', `an earlier try of this write may be done; the last one: ${last.message}`, {
    cause: last,
  });
}

/** Ends early when the request is given up; the next try then says what that means. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}
