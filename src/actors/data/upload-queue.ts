/**
 * Large values on the node that leads, one after the other: each is proposed piece by piece, as many as may be under way, and then
 * the write that it belongs to, which makes it visible (store/logged-writes.ts). Until that is proposed nothing has happened, so
 * an upload that is given up for whatever reason is definitely not done; the store is told to drop its pieces.
 */
import { assertNever } from '../../base/assert.js';
import { LIMITS } from '../../base/limits.js';
import type { LoggedWrite, ValueWrite } from '../../store/logged-writes.js';
import { EMPTY_BYTES } from '../../base/bytes.js';
import type { PendingRequest } from './pending.js';

export type PendingLarge = PendingRequest<ValueWrite>;

/** How large values are cut; smaller in simulations. */
export interface PieceSizes {
  /** A value above this goes in pieces. */
  readonly largeValueBytes: number;
  readonly pieceBytes: number;
  readonly maxUnderWayBytes: number;
}

export const PIECE_SIZES: PieceSizes = {
  largeValueBytes: LIMITS.largeValueBytes,
  pieceBytes: LIMITS.valuePieceBytes,
  maxUnderWayBytes: LIMITS.maxPieceBytesUnderWay,
};

export interface Upload {
  readonly number: number;
  readonly pending: PendingLarge;
  /** Bytes that have been proposed. */
  proposedBytes: number;
  /** Of these, not applied yet. */
  underWayBytes: number;
}

export type UploadStep =
  | {
      readonly type: 'piece';
      readonly upload: Upload;
      readonly at: number;
      readonly bytes: number;
      readonly write: LoggedWrite;
    }
  | { readonly type: 'finish'; readonly upload: Upload; readonly write: LoggedWrite }
  | { readonly type: 'drop'; readonly number: number; readonly write: LoggedWrite };

export class UploadQueue {
  private readonly sizes: PieceSizes;
  private uploads: Upload[] = [];
  /** Numbers of uploads that the store has pieces of, and that nobody will finish. */
  private dropped: number[] = [];
  private nextNumber = 1;

  constructor(sizes: PieceSizes) {
    this.sizes = sizes;
  }

  /** False when the value is not large: then it is none for this queue. */
  maybeAdd(pending: PendingRequest): boolean {
    if (!isLarge(pending, this.sizes.largeValueBytes)) return false;
    this.uploads.push({ number: this.nextNumber++, pending, proposedBytes: 0, underWayBytes: 0 });
    return true;
  }

  get isEmpty(): boolean {
    return this.uploads.length + this.dropped.length === 0;
  }

  /** Takes back all that are not finished: this node does not lead any more. What the log has of them ends with its term. */
  takeAll(): PendingLarge[] {
    this.dropped = [];
    return this.uploads.splice(0).map(({ pending }) => pending);
  }

  /** What to propose next; undefined while enough is under way. */
  next(): UploadStep | undefined {
    const dropped = this.dropped.shift();
    if (dropped !== undefined) return { type: 'drop', number: dropped, write: { type: 'drop', upload: dropped } };
    const [upload] = this.uploads;
    if (upload === undefined) return undefined;
    if (upload.pending.settled) {
      this.giveUp(upload);
      return this.next();
    }
    const { number, pending, proposedBytes } = upload;
    const { request } = pending;
    if (proposedBytes === request.value.length) {
      // A piece that the log does not take has to be proposed again before the end.
      if (upload.underWayBytes > 0) return undefined;
      this.uploads.shift();
      const write = { ...request, value: EMPTY_BYTES };
      return { type: 'finish', upload, write: { type: 'finish', upload: number, totalBytes: proposedBytes, write } };
    }
    const bytes = request.value.subarray(proposedBytes, proposedBytes + this.sizes.pieceBytes);
    if (upload.underWayBytes + bytes.length > this.sizes.maxUnderWayBytes) return undefined;
    upload.proposedBytes += bytes.length;
    upload.underWayBytes += bytes.length;
    const { key } = request;
    const write = {
      type: 'piece',
      upload: number,
      key,
      totalBytes: request.value.length,
      at: proposedBytes,
      bytes,
    } as const;
    return { type: 'piece', upload, at: proposedBytes, bytes: bytes.length, write };
  }

  onApplied(upload: Upload, bytes: number): void {
    upload.underWayBytes -= bytes;
  }

  /**
   * The log takes nothing more for now: what was not proposed is handed out again. Pieces behind it that were may be handed out twice;
   * the store takes each once, in order.
   */
  onHeldUp(step: UploadStep): void {
    switch (step.type) {
      case 'piece':
        step.upload.underWayBytes -= step.bytes;
        step.upload.proposedBytes = Math.min(step.upload.proposedBytes, step.at);
        return;
      case 'finish':
        this.uploads.unshift(step.upload);
        return;
      case 'drop':
        this.dropped.push(step.number);
        return;
      default:
        assertNever(step, 'upload step');
    }
  }

  /** The log takes nothing from this node, which may go on in its term all the same. @returns what is to be routed anew. */
  onRefused(step: UploadStep): readonly PendingLarge[] {
    switch (step.type) {
      case 'piece':
        return this.giveUp(step.upload) ? [step.upload.pending] : [];
      case 'finish':
        this.dropped.push(step.upload.number);
        return [step.upload.pending];
      case 'drop':
        this.dropped.push(step.number);
        return [];
      default:
        return assertNever(step, 'upload step');
    }
  }

  /** It will not be finished. @returns whether it was still to be. */
  giveUp(upload: Upload): boolean {
    const at = this.uploads.indexOf(upload);
    if (at < 0) return false;
    this.uploads.splice(at, 1);
    if (upload.proposedBytes > 0) this.dropped.push(upload.number);
    return true;
  }
}

function isLarge(pending: PendingRequest, aboveBytes: number): pending is PendingLarge {
  const { request } = pending;
  return (request.type === 'set' || request.type === 'append') && request.value.length > aboveBytes;
}
