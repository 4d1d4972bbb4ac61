/**
 * The client library. Requests made in one turn of the event loop travel together; nodes forward them where need be.
 *
 * Every request has one of three outcomes: done (the promise resolves), definitely not done (it rejects with an error whose
 * `outcome` is 'not-done'), unknown (`outcome` is 'unknown': the write may be done, or be done a moment later). The client tries
 * again by itself until the time is up: reads always, writes only when they are definitely not done. A write sent again after
 * "unknown" could reappear after somebody else's later write.
 */
import { parseAddress } from '../base/address.js';
import { asDcacheError, DcacheError } from '../base/errors.js';
import { LIMITS } from '../base/limits.js';
import { defaultEndpoints } from '../cluster/default-layout.js';
import { checkRequest } from '../store/request-limits.js';
import { isWrite, type KvReply, type KvRequest } from '../store/requests.js';
import { Endpoints } from './endpoints.js';
import { Round } from './round.js';

export interface DcacheClientOptions {
  /** host:port of client ports of the cluster, some or all. The default layout of this machine if left out. */
  readonly endpoints?: readonly string[];
  /** How long one request may take, tries and all, in ms. 5000 if left out. */
  readonly timeoutMs?: number;
}

type ReplyTo<Request extends KvRequest> = Extract<KvReply, { type: Request['type'] }>;

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

export class DcacheClient {
  private readonly endpoints: Endpoints;
  private readonly timeoutMs: number;

  /** Connects with the first request. Throws CONFIG_INVALID. */
  constructor(options: DcacheClientOptions = {}) {
    const addresses = options.endpoints ?? defaultEndpoints();
    if (addresses.length === 0) throw new DcacheError('CONFIG_INVALID', 'a client needs at least one endpoint');
    for (const address of addresses) {
      if (parseAddress(address) === undefined) {
        throw new DcacheError('CONFIG_INVALID', `the endpoint "${address}" is not host:port, like 127.0.0.1:7101`);
      }
    }
    const timeoutMs = options.timeoutMs ?? LIMITS.defaultRequestTimeoutMs;
    if (!(Number.isFinite(timeoutMs) && timeoutMs >= 1 && timeoutMs <= LIMITS.maxRequestTimeoutMs)) {
      throw new DcacheError(
        'CONFIG_INVALID',
        `the timeout is ${timeoutMs} ms; it must be from 1 to ${LIMITS.maxRequestTimeoutMs}`,
      );
    }
    this.timeoutMs = Math.ceil(timeoutMs);
    this.endpoints = new Endpoints(addresses);
  }

  /** Sends one request and resolves with its reply. The request's buffers must not change until then. */
  async execute<Request extends KvRequest>(request: Request): Promise<ReplyTo<Request>> {
    checkRequest(request);
    const reply = await this.tryUntilDone(request);
    if (reply.type !== request.type) throw new DcacheError('OUTCOME_UNKNOWN', 'the reply does not fit the request');
    return reply as ReplyTo<Request>;
  }

  /** Ends the connection. Requests under way fail. */
  close(): void {
    this.endpoints.close();
  }

  private async tryUntilDone(request: KvRequest): Promise<KvReply> {
    const startedAtMs = performance.now();
    let pauseMs = FIRST_PAUSE_MS;
    let round = new Round();
    for (;;) {
      const session = this.endpoints.current();
      const leftMs = Math.max(1, Math.ceil(this.timeoutMs - (performance.now() - startedAtMs)));
      try {
        return await session.execute(request, leftMs, false);
      } catch (error) {
        const failure = asDcacheError(error);
        if (!mayTryAgain(failure, request)) throw failure;
        round.add(session.address, failure);
        this.endpoints.moveOn(session);
        if (round.asked < this.endpoints.count) continue;
        if (round.isFinal || performance.now() - startedAtMs + pauseMs >= this.timeoutMs) throw round.verdict();
        round = new Round();
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      }
    }
  }
}

/** A read can always be tried again; a write only when it is definitely not done. */
function mayTryAgain(error: DcacheError, request: KvRequest): boolean {
  if (error.retryable) return error.outcome === 'not-done';
  return !isWrite(request) && error.code === 'OUTCOME_UNKNOWN';
}
