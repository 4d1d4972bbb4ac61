/**
 * Writes on the node that leads: the writes of one turn become one log entry (a few when they are many), and each is
 * answered when its entry has been applied here. A large value is several entries (upload-queue.ts).
 *
 * A proposal is named by a ticket until the control side says at which index of which term it stands. Then exactly one of
 * these happens: the entry applied at that index has that term (done, with the reply of the store), or another term
 * (definitely not done), or nothing is applied there before the deadline (unknown).
 */
import { assertNever } from '../../base/assert.js';
import { DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import type { DropReason } from '../../raft/messages.js';
import { encodeWriteBatch, WRITE_OVERHEAD_BYTES, type WriteBatch } from '../../store/command-codec.js';
import { requestBytes, type WriteReply, type WriteRequest } from '../../store/requests.js';
import type { PendingRequest } from './pending.js';
import { PIECE_SIZES, UploadQueue, type PieceSizes, type UploadStep } from './upload-queue.js';

export type PendingWrite = PendingRequest<WriteRequest>;

export interface Proposal {
  readonly ticket: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What the leader puts into a batch beside the writes. */
export type BatchHeader = Omit<WriteBatch, 'writes'>;

/** What a proposal is about: writes to answer, or a step of a large value, or both. */
interface Proposed {
  readonly writes: readonly PendingWrite[];
  readonly step?: UploadStep;
}

interface AwaitedEntry extends Proposed {
  readonly term: number;
}

export class WritePath {
  private queue: PendingWrite[] = [];
  private readonly uploads: UploadQueue;
  private readonly proposed = new Map<number, Proposed>();
  /**
   * By index. Several terms can be awaited at one index: an entry of a leadership that was lost may yet be committed by
   * another leader that has it, until something else is applied there.
   */
  private readonly awaited = new Map<number, AwaitedEntry[]>();
  private nextTicket = 1;

  constructor(sizes: PieceSizes = PIECE_SIZES) {
    this.uploads = new UploadQueue(sizes);
  }

  /** Whether large values wait for their turn, or are under way. */
  get hasUploads(): boolean {
    return !this.uploads.isEmpty;
  }

  add(write: PendingWrite): void {
    if (!this.uploads.maybeAdd(write)) this.queue.push(write);
  }

  /** Takes back everything that has not been handed out as a proposal. */
  takeQueue(): PendingWrite[] {
    const { queue } = this;
    this.queue = [];
    return [...queue, ...this.uploads.takeAll()];
  }

  /** The proposals of this turn. `header` gives what the leader has to say with each; it is asked only if there is one. */
  takeProposals(header: () => BatchHeader): Proposal[] {
    const proposals: Proposal[] = [];
    let batch: PendingWrite[] = [];
    let batchBytes = 0;
    const cut = (): void => {
      if (batch.length === 0) return;
      const ticket = this.nextTicket++;
      for (const write of batch) write.exposed = true;
      this.proposed.set(ticket, { writes: batch });
      proposals.push({ ticket, data: encodeWriteBatch({ ...header(), writes: batch.map(({ request }) => request) }) });
      batch = [];
      batchBytes = 0;
    };
    for (const write of this.queue.splice(0)) {
      if (write.settled) continue;
      const bytes = requestBytes(write.request) + WRITE_OVERHEAD_BYTES;
      if (batchBytes + bytes > LIMITS.maxAppendBytes) cut();
      batch.push(write);
      batchBytes += bytes;
    }
    cut();
    for (let step = this.uploads.next(); step !== undefined; step = this.uploads.next()) {
      const ticket = this.nextTicket++;
      this.proposed.set(ticket, proposedBy(step));
      proposals.push({ ticket, data: encodeWriteBatch({ ...header(), writes: [step.write] }) });
    }
    return proposals;
  }

  /** A proposal without writes: it only moves the log's time on, and says what the leader has to say. */
  proposeUpkeep(header: BatchHeader): Proposal {
    const ticket = this.nextTicket++;
    this.proposed.set(ticket, { writes: [] });
    return { ticket, data: encodeWriteBatch({ ...header, writes: [] }) };
  }

  onProposed(ticket: number, index: number, term: number): void {
    const proposed = this.proposed.get(ticket);
    this.proposed.delete(ticket);
    if (proposed === undefined || (proposed.writes.length === 0 && proposed.step?.type !== 'piece')) return;
    const others = this.awaited.get(index);
    if (others === undefined) this.awaited.set(index, [{ term, ...proposed }]);
    else others.push({ term, ...proposed });
  }

  /** The writes of a proposal that was not made, for another try. Each is definitely not done. */
  onNotProposed(ticket: number, reason: DropReason): readonly PendingWrite[] {
    const { writes: batch = [], step } = this.proposed.get(ticket) ?? {};
    this.proposed.delete(ticket);
    for (const write of batch) write.exposed = false;
    if (step !== undefined) {
      if (reason !== 'uncommitted-limit') return this.uploads.onRefused(step);
      this.uploads.onHeldUp(step);
      return [];
    }
    if (reason !== 'uncommitted-limit') return batch;
    for (const write of batch) {
      write.failed(
        new DcacheError(
          'OVERLOADED',
          `more than ${LIMITS.maxUncommittedBytes} bytes of writes wait to be replicated; send again a little later`,
        ),
      );
    }
    return [];
  }

  /** The entry at `index` has been applied; `replies` are those of its writes, in order. */
  onApplied(index: number, term: number, replies: readonly (WriteReply | undefined)[]): void {
    for (const entry of this.awaited.get(index) ?? []) {
      if (entry.step?.type === 'piece') this.onPieceApplied(entry.step, entry.term === term, replies[0]);
      entry.writes.forEach((write, position) => {
        const reply = replies[position];
        if (entry.term === term && reply !== undefined) settle(write, reply);
        else write.failed(lostLeadership());
      });
    }
    this.awaited.delete(index);
  }

  /** State up to `index` came as a snapshot: what became of the entries in it cannot be told. */
  onRestored(index: number): void {
    for (const [at, entries] of this.awaited) {
      if (at > index) continue;
      this.awaited.delete(at);
      for (const { step } of entries) if (step?.type === 'piece') this.onPieceApplied(step, false, undefined);
      for (const write of entries.flatMap(({ writes }) => writes)) {
        write.failed(new DcacheError('OUTCOME_UNKNOWN', 'this node fell behind while the write was under way'));
      }
    }
  }

  /** @param isOurs it is the piece that was applied there. @param reply why it was refused, if it was. */
  private onPieceApplied(
    { upload, bytes }: Extract<UploadStep, { type: 'piece' }>,
    isOurs: boolean,
    reply: WriteReply | undefined,
  ): void {
    if (isOurs && reply === undefined) this.uploads.onApplied(upload, bytes);
    else if (this.uploads.giveUp(upload)) {
      if (reply !== undefined && isOurs) settle(upload.pending, reply);
      else upload.pending.failed(lostLeadership());
    }
  }
}

function proposedBy(step: UploadStep): Proposed {
  switch (step.type) {
    case 'piece':
      return { writes: [], step };
    case 'finish':
      step.upload.pending.exposed = true;
      return { writes: [step.upload.pending], step };
    case 'drop':
      return { writes: [], step };
    default:
      return assertNever(step, 'upload step');
  }
}

function settle(write: PendingWrite, reply: WriteReply): void {
  if (reply.type === 'rejected') write.failed(new DcacheError(reply.code, reply.message));
  else write.done(reply);
}

function lostLeadership(): DcacheError {
  return new DcacheError('NO_LEADER', 'leadership moved on before the write was replicated; it is definitely not done');
}
