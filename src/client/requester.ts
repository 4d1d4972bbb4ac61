/**
 * Carries one request through until it is answered, its time is up, or its caller gives it up.
 *
 * A request that is definitely not done is sent again, to another node where that can help. After "unknown" only reads are
 * sent again: a write could reappear after somebody else's later write.
 */
import { asDcacheError, DcacheError } from '../base/errors.js';
import { checkRequest } from '../store/request-limits.js';
import { isWrite, type KvReply, type KvRequest } from '../store/requests.js';
import { Connections } from './connections.js';
import type { LossEvent } from './loss-watch.js';
import { checkTimeout, type CallOptions, type CheckedClientOptions } from './options.js';
import { Round } from './round.js';

export type ReplyTo<Request extends KvRequest> = Extract<KvReply, { type: Request['type'] }>;

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

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
      const reply = await this.tryUntilDone(request, timeoutMs, call.signal);
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

  private async tryUntilDone(request: KvRequest, timeoutMs: number, signal?: AbortSignal): Promise<KvReply> {
    const startedAtMs = performance.now();
    let pauseMs = FIRST_PAUSE_MS;
    let perhapsDone = false;
    let round = new Round();
    for (let tried = 1; ; tried++) {
      const session = this.connections.sessionFor(request);
      const elapsedMs = tried === 1 ? 0 : performance.now() - startedAtMs;
      try {
        return await session.execute(request, Math.max(1, Math.ceil(timeoutMs - elapsedMs)), false, signal);
      } catch (error) {
        const failure = asDcacheError(error);
        const final = (error: DcacheError): DcacheError => (perhapsDone ? unknownAfterAll(error) : error);
        if (!this.mayTryAgain(failure, request)) throw final(failure);
        perhapsDone ||= isWrite(request) && failure.outcome === 'unknown';
        round.add(session.address, failure);
        const overloaded = failure.code === 'OVERLOADED';
        if (failure.code === 'WRONG_NODE') this.connections.onWrongNode(session);
        else if (!overloaded) this.connections.moveOn(session);
        if (!overloaded && round.asked < this.connections.count) continue;
        if (round.isFinal || performance.now() - startedAtMs + pauseMs >= timeoutMs) throw final(round.verdict());
        round = new Round();
        await pause(pauseMs, signal);
        pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
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
