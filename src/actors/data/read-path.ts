/**
 * Linearizable reads (ReadIndex; Raft thesis 6.4): all reads of a turn share one question to the leader, "what is
 * committed now, and do you still lead?", and are answered from this node's store once it has applied that far.
 *
 * A question or its answer can be lost; reads have no effect, so one that stays open is simply asked again.
 */
import type { ReadRequest } from '../../store/requests.js';
import type { PendingRequest } from './pending.js';

export type PendingRead = PendingRequest<ReadRequest>;

interface Question {
  readonly askedAtMs: number;
  readonly reads: readonly PendingRead[];
}

interface Waiting {
  readonly index: number;
  readonly reads: readonly PendingRead[];
}

export class ReadPath {
  private queue: PendingRead[] = [];
  private readonly questions = new Map<number, Question>();
  /** Ascending by index: questions of later turns may be answered earlier, so it is kept sorted on insertion. */
  private waiting: Waiting[] = [];
  private nextTicket = 1;
  private readonly answer: (read: PendingRead) => void;

  /** @param answer answers one read from the store as it is now. */
  constructor(answer: (read: PendingRead) => void) {
    this.answer = answer;
  }

  add(read: PendingRead): void {
    this.queue.push(read);
  }

  takeQueue(): PendingRead[] {
    const { queue } = this;
    this.queue = [];
    return queue;
  }

  /** The question of this turn, undefined when nothing is asked. */
  takeQuestion(nowMs: number): number | undefined {
    const reads = this.takeQueue().filter((read) => !read.settled);
    if (reads.length === 0) return undefined;
    const ticket = this.nextTicket++;
    this.questions.set(ticket, { askedAtMs: nowMs, reads });
    return ticket;
  }

  onReady(ticket: number, index: number, appliedIndex: number): void {
    const question = this.questions.get(ticket);
    if (question === undefined) return;
    this.questions.delete(ticket);
    const at = this.waiting.findLastIndex((other) => other.index <= index);
    this.waiting.splice(at + 1, 0, { index, reads: question.reads });
    this.onApplied(appliedIndex);
  }

  /** The reads of a question that cannot be answered now. */
  onRefused(ticket: number): readonly PendingRead[] {
    const question = this.questions.get(ticket);
    this.questions.delete(ticket);
    return question?.reads ?? [];
  }

  onApplied(appliedIndex: number): void {
    while (this.waiting[0] !== undefined && this.waiting[0].index <= appliedIndex) {
      for (const read of this.waiting.shift()?.reads ?? []) this.answer(read);
    }
  }

  /** The reads of questions asked before `beforeMs` that are still open. */
  takeUnanswered(beforeMs: number): readonly PendingRead[] {
    const reads: PendingRead[] = [];
    for (const [ticket, question] of this.questions) {
      if (question.askedAtMs >= beforeMs) continue;
      this.questions.delete(ticket);
      reads.push(...question.reads.filter((read) => !read.settled));
    }
    return reads;
  }
}
