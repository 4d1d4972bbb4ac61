/**
 * The configuration in force and, for each of its members, the leader's progress and the vote in the election under way.
 * Members are visited in ascending order of their ids, so that every run of the same inputs sends the same messages.
 */
import { memberIds } from './configuration.js';
import { Progress, type ProgressLimits } from './progress.js';
import { quorumIndex, quorumVote, type VoteResult } from './quorum.js';
import { EMPTY_CONF_STATE, type ConfState } from './types.js';

export class Tracker {
  private readonly limits: ProgressLimits;
  private current: ConfState = EMPTY_CONF_STATE;
  /** One for each member of the configuration, in ascending order of ids. */
  private progress: ReadonlyMap<number, Progress> = new Map();
  private readonly votes = new Map<number, boolean>();

  constructor(limits: ProgressLimits) {
    this.limits = limits;
  }

  get conf(): ConfState {
    return this.current;
  }

  /** Of a member; undefined for anybody else. */
  of(id: number): Progress | undefined {
    return this.progress.get(id);
  }

  members(): Iterable<readonly [number, Progress]> {
    return this.progress;
  }

  /** One voter and no learner: nobody else need be asked about anything. */
  isSingleton(id: number): boolean {
    const { voters, votersOutgoing } = this.current;
    return voters.length === 1 && voters[0] === id && votersOutgoing.length === 0;
  }

  /** Puts `conf` in force. Who was a member keeps his progress; a new one is probed from the end of the log. */
  switchTo(conf: ConfState, lastIndex: number): void {
    const next = new Map<number, Progress>();
    for (const id of memberIds(conf)) {
      const isLearner = conf.learners.includes(id);
      // Newcomers count as active: a check of the quorum may come before they had a chance to say a word.
      const progress =
        this.progress.get(id) ??
        new Progress(this.limits, { match: 0, next: Math.max(lastIndex, 1), isLearner, recentActive: true });
      progress.isLearner = isLearner;
      next.set(id, progress);
    }
    this.current = conf;
    this.progress = next;
  }

  /** Forgets all progress and votes: a new term has begun, or a new role. */
  reset(selfId: number, lastIndex: number): void {
    const next = new Map<number, Progress>();
    for (const [id, { isLearner }] of this.progress) {
      const match = id === selfId ? lastIndex : 0;
      next.set(id, new Progress(this.limits, { match, next: lastIndex + 1, isLearner, recentActive: false }));
    }
    this.progress = next;
    this.votes.clear();
  }

  /** Forgets all members, so that a configuration from a snapshot starts with fresh progress. */
  clear(): void {
    this.progress = new Map();
  }

  /** The largest index that a quorum has acknowledged, Infinity without voters. */
  committed(): number {
    return quorumIndex(this.current, (id) => this.progress.get(id)?.match ?? 0);
  }

  /** Whether a quorum has been heard from since the last check. */
  quorumActive(): boolean {
    return quorumVote(this.current, (id) => this.progress.get(id)?.recentActive ?? false) === 'won';
  }

  resetVotes(): void {
    this.votes.clear();
  }

  /** The first answer of a voter counts; it may not change its mind. */
  recordVote(id: number, granted: boolean): void {
    if (!this.votes.has(id)) this.votes.set(id, granted);
  }

  voteResult(): VoteResult {
    return quorumVote(this.current, (id) => this.votes.get(id));
  }
}
