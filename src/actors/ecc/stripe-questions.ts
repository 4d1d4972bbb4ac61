/**
 * Asks the other in-sync nodes of a group for what they have of a stripe, and collects the answers until somebody is content with
 * them. One for each group; whoever asks gives the view that the answers are to be added to.
 */
import { sameMember, type GroupMember } from '../../cluster/cluster-map.js';
import type { DataMessage, ShardReply } from '../../replication/messages.js';
import type { NodeMemory } from '../../replication/node-memory.js';
import type { Scheduler } from '../runtime/scheduler.js';
import type { StripeView } from './stripe-view.js';

export interface StripeQuestionsParts {
  readonly group: number;
  /** Of the node: where what is heard counts. */
  readonly memory: Pick<NodeMemory, 'addBuffer'>;
  readonly scheduler: Scheduler;
  send(to: GroupMember['nodeId'], message: DataMessage): void;
}

/** A round ends after this: what has been heard may be out of date by then. */
const ROUND_MS = 200;

interface Question {
  readonly view: StripeView;
  /** Who has answered, and in which epoch. */
  readonly onAnswer: (from: GroupMember, epoch: number) => void;
  /** Something has arrived, or nothing will. */
  wake: () => void;
}

export class StripeQuestions {
  private readonly parts: StripeQuestionsParts;
  private others: readonly GroupMember[] = [];
  private readonly questions = new Map<number, Question>();
  private nextRequestId = 1;
  private stopped = false;

  constructor(parts: StripeQuestionsParts) {
    this.parts = parts;
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  /** How many are asked. */
  get members(): number {
    return this.others.length;
  }

  /** Who else is in sync. */
  onMembers(others: readonly GroupMember[]): void {
    this.others = others;
  }

  onReply(from: GroupMember, reply: ShardReply): void {
    const question = this.questions.get(reply.requestId);
    if (question === undefined || !this.others.some((member) => sameMember(member, from))) return;
    question.view.add(reply, from.nodeId);
    question.onAnswer(from, reply.epoch);
    question.wake();
  }

  stop(): void {
    this.stopped = true;
    for (const { wake } of this.questions.values()) wake();
  }

  /**
   * One round: asks everybody, and calls `attempt` at once and after every answer until it gives something or the round is over.
   * Resolves with what it gave; undefined: nothing.
   * @param onAnswer told of every answer, before `attempt` is called for it.
   */
  async ask<Result>(
    stripe: number,
    view: StripeView,
    attempt: () => Promise<Result | undefined>,
    onAnswer: (from: GroupMember, epoch: number) => void = () => undefined,
  ): Promise<Result | undefined> {
    const { group, memory, scheduler } = this.parts;
    const requestId = this.nextRequestId++;
    const deadlineMs = scheduler.nowMs() + ROUND_MS;
    const question: Question = { view, onAnswer, wake: () => undefined };
    this.questions.set(requestId, question);
    // A shard of each other, of this node, and the result: from the question on, since the answers come when they do.
    const bufferBytes = (this.others.length + 2) * view.shardBytes;
    memory.addBuffer(bufferBytes);
    try {
      for (const { nodeId } of this.others) {
        this.parts.send(nodeId, { type: 'shard-request', group, requestId, stripe });
      }
      for (;;) {
        view.takeNews();
        const result = await attempt();
        if (result !== undefined) return result;
        const leftMs = deadlineMs - scheduler.nowMs();
        if (leftMs <= 0 || this.stopped) return undefined;
        if (!view.takeNews()) await this.wokenWithin(question, leftMs);
      }
    } finally {
      this.questions.delete(requestId);
      memory.addBuffer(-bufferBytes);
    }
  }

  private wokenWithin(question: Question, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.parts.scheduler.after(timeoutMs, resolve);
      question.wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
