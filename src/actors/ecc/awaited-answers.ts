/** Answers that wait for their index of a partition's log to be committed, lowest first; equal ones in the order in which they came. */
import { releaseReply, type KvReply } from '../../store/requests.js';
import type { PendingRequest } from '../data/pending.js';

export interface AwaitedAnswer {
  readonly pending: PendingRequest;
  readonly reply: KvReply;
  /** Everything that the answer rests on is committed with this. */
  readonly index: number;
  /** Whether the request put something into the log itself. */
  readonly hasCommand: boolean;
}

export class AwaitedAnswers {
  private answers: AwaitedAnswer[] = [];

  add(answer: AwaitedAnswer): void {
    const last = this.answers.at(-1);
    if (last === undefined || last.index <= answer.index) this.answers.push(answer);
    else this.answers.splice(this.answers.findLastIndex(({ index }) => index <= answer.index) + 1, 0, answer);
  }

  /** Takes those whose index is committed. */
  takeUpTo(commitIndex: number): AwaitedAnswer[] {
    const first = this.answers.findIndex(({ index }) => index > commitIndex);
    return this.answers.splice(0, first < 0 ? this.answers.length : first);
  }

  /** Whether somebody waits to hear what became of a change. */
  get hasExposed(): boolean {
    return this.answers.some(({ pending }) => pending.exposed && !pending.settled);
  }

  takeAll(): AwaitedAnswer[] {
    return this.answers.splice(0);
  }

  /** Lets go of the replies of requests whose time has run out. */
  forgetSettled(): void {
    if (!this.answers.some(({ pending }) => pending.settled)) return;
    for (const { pending, reply } of this.answers) if (pending.settled) releaseReply(reply);
    this.answers = this.answers.filter(({ pending }) => !pending.settled);
  }
}
