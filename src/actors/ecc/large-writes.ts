/**
 * Sets of large values at the primary of a partition: their fragments are written a piece a turn, so that nothing waits long for them,
 * and no faster than the members take the log. Nobody sees them until the set is decided, when all are there. A request that is
 * given up half-way is definitely not done, and its fragments are dropped; those of a primary that is lost are dropped by the next
 * one (SegmentStore.dropHeadless).
 *
 * Owned by PartitionService, to which a request goes back after each piece: it looks again whether the partition still serves.
 */
import { assert } from '../../base/assert.js';
import { DcacheError } from '../../base/errors.js';
import type { KeyWrite } from '../../store/kv-decisions.js';
import type { ValueWrite } from '../../store/logged-writes.js';
import type { WriteReply } from '../../store/requests.js';
import type { FragmentRun } from '../../store/values.js';
import type { PendingRequest } from '../data/pending.js';
import type { PieceSizes } from '../data/upload-queue.js';
import type { Scheduler } from '../runtime/scheduler.js';
import type { LedPartition } from './replica.js';

export interface LargeWritesParts {
  readonly primary: Pick<LedPartition, 'store'>;
  readonly decisions: { finish(request: ValueWrite, run: FragmentRun): WriteReply };
  readonly scheduler: Scheduler;
  readonly sizes: PieceSizes;
  readonly wallMs: () => number;
  /** PartitionService.change. */
  change<Result>(work: () => Result): { readonly result: Result };
  /** Takes up the request again, which may be waiting for the partition to serve. */
  goOn(pending: PendingRequest): void;
}

export class LargeWrites {
  private readonly parts: LargeWritesParts;
  private readonly runs = new Map<PendingRequest, FragmentRun>();

  constructor(parts: LargeWritesParts) {
    this.parts = parts;
  }

  /** The fragments of a request of which all are written. */
  wholeRunOf(pending: PendingRequest): FragmentRun | undefined {
    const run = this.runs.get(pending);
    return run !== undefined && run.valueBytes === this.valueOf(pending)?.length ? run : undefined;
  }

  /**
   * Writes the next piece of a large value, and has the request taken up again in a later turn; or fails it. False when its value is
   * not large. The partition serves and takes writes.
   */
  maybeBegin(pending: PendingRequest): boolean {
    const value = this.valueOf(pending);
    if (value === undefined) return false;
    const { parts } = this;
    try {
      parts.change(() => this.addPiece(pending, value));
      parts.scheduler.nextTurn(() => parts.goOn(pending));
    } catch (error) {
      if (!(error instanceof DcacheError)) throw error;
      this.drop(pending);
      pending.failed(error);
    }
    return true;
  }

  /** What is still to be written of a request: that is what there has to be memory for. */
  restOf(pending: PendingRequest, request: KeyWrite): KeyWrite {
    const run = this.runs.get(pending);
    if (run === undefined || request.type !== 'set') return request;
    return { ...request, value: request.value.subarray(run.valueBytes) };
  }

  /** Inside of a change: decides the set. */
  finish(pending: PendingRequest, run: FragmentRun): WriteReply {
    this.runs.delete(pending);
    const { request } = pending;
    assert(request.type === 'set', 'only sets are written in pieces');
    return this.parts.decisions.finish(request, run);
  }

  /** Drops what has been written for requests that have been given up. The partition serves. */
  dropSettled(): void {
    for (const pending of [...this.runs.keys()]) if (pending.settled) this.drop(pending);
  }

  private addPiece(pending: PendingRequest, value: Uint8Array): void {
    const { store } = this.parts.primary;
    const { request } = pending;
    let run = this.runs.get(pending);
    if (run === undefined && 'key' in request) {
      run = store.beginRun(request.key, value.length, this.parts.wallMs());
      this.runs.set(pending, run);
    }
    if (run === undefined) return;
    store.addToRun(run, value.subarray(run.valueBytes, run.valueBytes + this.parts.sizes.pieceBytes));
  }

  private valueOf({ request }: PendingRequest): Uint8Array | undefined {
    const { largeValueBytes } = this.parts.sizes;
    return request.type === 'set' && request.value.length > largeValueBytes ? request.value : undefined;
  }

  private drop(pending: PendingRequest): void {
    const run = this.runs.get(pending);
    this.runs.delete(pending);
    if (run !== undefined) this.parts.change(() => this.parts.primary.store.dropRun(run));
  }
}
