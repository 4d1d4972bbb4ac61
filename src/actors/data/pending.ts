/**
 * Client requests under way on this node: bounded in number and bytes, each settled exactly once, none for longer than its
 * deadline.
 */
import { DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { releaseReply, requestBytes, type KvReply, type KvRequest } from '../../store/requests.js';
import type { Scheduler } from '../runtime/scheduler.js';

const SWEEP_MS = 20;

export class PendingRequest<Request extends KvRequest = KvRequest> {
  readonly request: Request;
  /** Forwarded by another node, so not to be forwarded again. */
  readonly forwarded: boolean;
  /** On the scheduler's clock. */
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  /** Whether the request may have had an effect: from here on a failure means "unknown" for a write. */
  exposed = false;
  settled = false;
  private readonly resolve: (reply: KvReply) => void;
  private readonly reject: (error: DcacheError) => void;
  private readonly onSettled: (pending: PendingRequest) => void;

  constructor(parts: {
    request: Request;
    forwarded: boolean;
    timeoutMs: number;
    deadlineMs: number;
    resolve: (reply: KvReply) => void;
    reject: (error: DcacheError) => void;
    onSettled: (pending: PendingRequest) => void;
  }) {
    this.request = parts.request;
    this.forwarded = parts.forwarded;
    this.timeoutMs = parts.timeoutMs;
    this.deadlineMs = parts.deadlineMs;
    this.resolve = parts.resolve;
    this.reject = parts.reject;
    this.onSettled = parts.onSettled;
  }

  done(reply: KvReply): void {
    if (this.settle()) this.resolve(reply);
    else releaseReply(reply);
  }

  failed(error: DcacheError): void {
    if (this.settle()) this.reject(error);
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.onSettled(this);
    return true;
  }
}

export class PendingRequests {
  private readonly scheduler: Scheduler;
  private readonly open = new Set<PendingRequest>();
  private openBytes = 0;
  private readonly deadlineError: (pending: PendingRequest) => DcacheError;
  private sweeping = false;
  private onEmpty: (() => void) | undefined;

  /** @param deadlineError what to tell a request whose time has run out. */
  constructor(scheduler: Scheduler, deadlineError: (pending: PendingRequest) => DcacheError) {
    this.scheduler = scheduler;
    this.deadlineError = deadlineError;
  }

  get count(): number {
    return this.open.size;
  }

  get bytes(): number {
    return this.openBytes;
  }

  /** Takes a request in; `route` is called with it at once. The promise rejects with OVERLOADED when the bounds are reached. */
  accept(
    request: KvRequest,
    timeoutMs: number,
    forwarded: boolean,
    route: (pending: PendingRequest) => void,
  ): Promise<KvReply> {
    const bytes = requestBytes(request);
    if (this.open.size >= LIMITS.maxRequestsInFlight || this.openBytes + bytes > LIMITS.maxRequestBytesInFlight) {
      return Promise.reject(
        new DcacheError(
          'OVERLOADED',
          `this node works on ${this.open.size} requests of ${this.openBytes} bytes, its limits are ${LIMITS.maxRequestsInFlight} and ${LIMITS.maxRequestBytesInFlight}; send again a little later`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const deadlineMs = this.scheduler.nowMs() + timeoutMs;
      const onSettled = (settled: PendingRequest): void => {
        this.open.delete(settled);
        this.openBytes -= bytes;
        if (this.open.size === 0) this.onEmpty?.();
      };
      const pending = new PendingRequest({ request, forwarded, timeoutMs, deadlineMs, resolve, reject, onSettled });
      this.open.add(pending);
      this.openBytes += bytes;
      this.sweepLater();
      route(pending);
    });
  }

  /** Resolves when nothing is under way any more. */
  drained(): Promise<void> {
    if (this.open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.onEmpty = resolve;
    });
  }

  failAll(error: (pending: PendingRequest) => DcacheError): void {
    for (const pending of [...this.open]) pending.failed(error(pending));
  }

  private sweepLater(): void {
    if (this.sweeping) return;
    this.sweeping = true;
    this.scheduler.after(SWEEP_MS, () => {
      this.sweeping = false;
      const now = this.scheduler.nowMs();
      for (const pending of [...this.open]) {
        if (pending.deadlineMs <= now) pending.failed(this.deadlineError(pending));
      }
      if (this.open.size > 0) this.sweepLater();
    });
  }
}
