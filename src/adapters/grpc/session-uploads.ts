/**
 * Large values on their way from one client: announced with their requests, granted as far as the budgets of the session and the
 * node allow, oldest first, put together from pieces, and then handed on with their requests. Nothing is done of a request whose
 * value is not whole: when the client gives it up, dies or is too slow, what came of it is dropped.
 */
import { assert } from '../../base/assert.js';
import { DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { checkRequest } from '../../store/request-limits.js';
import type { KvRequest } from '../../store/requests.js';
import { ByteBudget } from './byte-budget.js';
import { IncomingValues } from './value-pieces.js';

/** What a node may hold of values on their way in (LIMITS.maxLargeBytesInFlight). Shared by its sessions. */
export class LargeValueBudgets {
  readonly fromClients = new ByteBudget(LIMITS.maxLargeBytesInFlight);
  readonly fromNodes = new ByteBudget(LIMITS.maxLargeBytesInFlight);
}

/** A request whose value is whole. */
export interface WholeUpload {
  readonly id: number;
  readonly request: KvRequest;
  readonly forwarded: boolean;
  /** Of the request's time, from now. */
  readonly timeLeftMs: number;
  /** To be called when the request is over and its value not needed any more. */
  readonly release: () => void;
}

export interface SessionUploadsParts {
  readonly budgets: LargeValueBudgets;
  /** The value of that request may be sent. */
  onGrant(id: number): void;
  onWhole(upload: WholeUpload): void;
  /** The request is definitely not done. */
  onRefused(id: number, error: DcacheError): void;
}

interface Upload {
  readonly request: Extract<KvRequest, { type: 'set' | 'append' }>;
  readonly forwarded: boolean;
  readonly deadlineMs: number;
  readonly timer: NodeJS.Timeout;
  release: () => void;
  isGranted: boolean;
}

export class SessionUploads {
  private readonly parts: SessionUploadsParts;
  private readonly sessionBudget = new ByteBudget(LIMITS.maxLargeBytesPerSession);
  private readonly uploads = new Map<number, Upload>();
  private readonly incoming = new IncomingValues();

  constructor(parts: SessionUploadsParts) {
    this.parts = parts;
  }

  get count(): number {
    return this.uploads.size;
  }

  /**
   * @param request valid but for its value, which is still to come and of `valueBytes`.
   * @throws DcacheError when it can be refused at once.
   */
  announce(id: number, request: KvRequest, valueBytes: number, timeoutMs: number, forwarded: boolean): void {
    if (request.type !== 'set' && request.type !== 'append') {
      throw new DcacheError('INVALID_ARGUMENT', `a ${request.type} has no value that could follow`);
    }
    if (request.value.length > 0)
      throw new DcacheError('INVALID_ARGUMENT', 'a value that follows is not in its request');
    checkValueBytes(valueBytes);
    if (this.uploads.has(id)) throw new DcacheError('INVALID_ARGUMENT', `the request id ${id} is used twice`);
    if (this.uploads.size >= LIMITS.maxAnnouncedValues) {
      throw new DcacheError(
        'OVERLOADED',
        `${this.uploads.size} values of this session wait to be sent, the limit is ${LIMITS.maxAnnouncedValues}; wait for some of them`,
      );
    }
    const timer = setTimeout(() => this.onTooSlow(id, timeoutMs), timeoutMs);
    const deadlineMs = performance.now() + timeoutMs;
    const upload: Upload = { request, forwarded, deadlineMs, timer, release: () => undefined, isGranted: false };
    this.uploads.set(id, upload);
    this.reserve(id, upload, valueBytes);
  }

  /** @throws DcacheError INVALID_ARGUMENT for a piece that nobody has granted, or that is too long. */
  onPiece(id: number, data: Uint8Array): void {
    const upload = this.uploads.get(id);
    if (upload === undefined) return; // refused or given up meanwhile
    if (!upload.isGranted) throw new DcacheError('INVALID_ARGUMENT', `the value of request ${id} is not granted yet`);
    const value = this.incoming.add(id, data);
    if (value === undefined) return;
    this.forget(id, upload);
    const timeLeftMs = Math.max(1, Math.floor(upload.deadlineMs - performance.now()));
    const { forwarded, release } = upload;
    const request = { ...upload.request, value };
    checkRequest(request);
    this.parts.onWhole({ id, request, forwarded, timeLeftMs, release });
  }

  /** The client has given the request up. */
  drop(id: number): void {
    const upload = this.uploads.get(id);
    if (upload === undefined) return;
    this.forget(id, upload);
    upload.release();
  }

  dropAll(): void {
    for (const id of [...this.uploads.keys()]) this.drop(id);
  }

  private reserve(id: number, upload: Upload, bytes: number): void {
    const { budgets } = this.parts;
    const nodeBudget = upload.forwarded ? budgets.fromNodes : budgets.fromClients;
    let ofNode = (): void => undefined;
    const ofSession = this.sessionBudget.take(bytes, () => {
      // Still inside of `take` when there is room at once.
      ofNode = nodeBudget.take(bytes, () => {
        assert(this.uploads.get(id) === upload, 'what is dropped has left the queue');
        upload.isGranted = true;
        this.incoming.expect(id, bytes);
        this.parts.onGrant(id);
      });
    });
    upload.release = () => {
      ofNode();
      ofSession();
    };
  }

  private onTooSlow(id: number, timeoutMs: number): void {
    const isGranted = this.uploads.get(id)?.isGranted === true;
    this.drop(id);
    const what = isGranted
      ? `the value had not come within ${timeoutMs} ms`
      : `there was no memory for the value within ${timeoutMs} ms: too many large values are under way`;
    this.parts.onRefused(id, new DcacheError('OVERLOADED', `${what}; nothing is done, send it again with more time`));
  }

  private forget(id: number, upload: Upload): void {
    clearTimeout(upload.timer);
    this.uploads.delete(id);
    this.incoming.drop(id);
  }
}

function checkValueBytes(bytes: number): void {
  if (bytes <= LIMITS.maxValueBytes) return;
  throw new DcacheError(
    'VALUE_TOO_LARGE',
    `the value has ${bytes} bytes, at most ${LIMITS.maxValueBytes} are allowed; split it over several keys`,
  );
}
