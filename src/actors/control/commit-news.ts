/**
 * Appends without entries, on their way to peers. After each commit the leader tells every follower so, and each of them writes and
 * answers that, which in a busy cluster doubles its messages. So such an Append waits a little for one with entries, which tells as much.
 *
 * Raft allows for messages that are late or lost. What else goes to the peer pushes it out first: the answer to a read, which is
 * of no use to a follower that does not know the commit index, and everything that may be about an election.
 */
import type { AppendMessage, PeerMessage } from '../../raft/messages.js';
import type { Scheduler } from '../runtime/scheduler.js';

/** At one in flight the next entry comes about a flush of the disk and two network hops later. */
const HOLD_MS = 5;

export class CommitNews {
  private readonly scheduler: Scheduler;
  private readonly send: (messages: readonly PeerMessage[]) => void;
  /** The newest for each peer. */
  private readonly held = new Map<number, AppendMessage>();
  private cancelTimer: (() => void) | undefined;

  constructor(scheduler: Scheduler, send: (messages: readonly PeerMessage[]) => void) {
    this.scheduler = scheduler;
    this.send = send;
  }

  /** What is to be sent now, when `messages` are to be sent. */
  take(messages: readonly PeerMessage[]): readonly PeerMessage[] {
    const now: PeerMessage[] = [];
    for (const message of messages) {
      const before = this.held.get(message.to);
      this.held.delete(message.to);
      if (message.type === 'append' && message.entries.length === 0) {
        this.held.set(message.to, message);
        this.cancelTimer ??= this.scheduler.after(HOLD_MS, () => this.release());
        continue;
      }
      if (before !== undefined && message.type !== 'append') now.push(before);
      now.push(message);
    }
    return now;
  }

  /** Lets go of everything. */
  stop(): void {
    this.cancelTimer?.();
    this.held.clear();
  }

  private release(): void {
    this.cancelTimer = undefined;
    const news = [...this.held.values()];
    this.held.clear();
    if (news.length > 0) this.send(news);
  }
}
