/**
 * The state of one Raft node and the few operations that every part of the protocol shares. The protocol itself is in
 * election.ts (becoming leader), replication.ts and leader.ts (being leader), follower.ts (following), membership.ts
 * (changing the group); raft.ts brings each message to its place.
 */
import { assert } from '../base/assert.js';
import type { ResolvedConfig } from './config.js';
import { RaftLog } from './log.js';
import type { PeerMessage } from './messages.js';
import { ReadQueue } from './read-index.js';
import type { ReadState, Role, SoftState } from './ready.js';
import { Tracker } from './tracker.js';
import type { HardState } from './types.js';

export class RaftCore {
  readonly config: ResolvedConfig;
  readonly id: number;
  readonly log: RaftLog;
  readonly tracker: Tracker;
  readonly reads = new ReadQueue();

  /** Never goes back (Raft paper, 5.1). */
  term = 0;
  /** Raft id that got this node's vote in `term`, 0 if nobody has. */
  vote = 0;
  role: Role = 'follower';
  /** Leader of `term`, 0 if not known. At most one node is ever named here in one term. */
  leader = 0;

  /** Index of the log as of which the configuration in `tracker` holds: a membership change or a snapshot. */
  confIndex = 0;
  /** To whom this leader is handing over, 0 if to nobody. Meanwhile it takes no proposals. */
  leadTransferee = 0;
  /**
   * At or above the index of the last membership change in the log. A leader proposes no other while it is above
   * `log.applied`, so that at most one is under way (Raft thesis, 4.1).
   */
  pendingConfIndex = 0;
  /** Payload of this leader's uncommitted entries. An estimate: it may be too small after a change of term. */
  uncommittedBytes = 0;

  /**
   * Ticks since the follower last heard from its leader, or since the candidate began. For a leader: since its last check
   * of the quorum.
   */
  electionElapsed = 0;
  /** Leader only. */
  heartbeatElapsed = 0;
  /** Drawn anew in every term and role, so that candidates rarely meet (Raft paper, 5.2). */
  randomizedElectionTicks = 0;

  /** May be sent at once. */
  messages: PeerMessage[] = [];
  /**
   * Votes and acknowledgements, this node's own to itself included: each vouches for state that has to be durable before
   * the message is sent or counted.
   */
  messagesAfterAppend: PeerMessage[] = [];
  readStates: ReadState[] = [];

  constructor(config: ResolvedConfig) {
    this.config = config;
    this.id = config.id;
    this.log = new RaftLog(config.storage, config.maxCommittedBytesPerReady);
    this.tracker = new Tracker(config);
  }

  get softState(): SoftState {
    return { leader: this.leader, role: this.role };
  }

  get hardState(): HardState {
    return { term: this.term, vote: this.vote, commit: this.log.committed };
  }

  /** Whether a leader was heard from so recently that nobody should be helped to depose it (Raft thesis, 4.2.3). */
  get inLeaderLease(): boolean {
    return this.config.checkQuorum && this.leader !== 0 && this.electionElapsed < this.config.electionTicks;
  }

  /** Queues a message for the next Ready. */
  send(message: PeerMessage): void {
    switch (message.type) {
      case 'append-response':
      case 'vote-response':
      case 'pre-vote-response':
        this.messagesAfterAppend.push(message);
        return;
      default:
        assert(message.to !== this.id, 'only acknowledgements and votes are sent to oneself');
        this.messages.push(message);
    }
  }

  /** Acknowledges the log up to `index`. */
  sendAccepted(to: number, index: number): void {
    const { id: from, term } = this;
    this.send({ type: 'append-response', to, from, term, index, rejected: false, hintIndex: 0, hintTerm: 0 });
  }

  /** The part of every change of role that is the same: a clean slate in `term`. */
  reset(term: number): void {
    if (this.term !== term) {
      this.term = term;
      this.vote = 0;
    }
    this.leader = 0;
    this.electionElapsed = 0;
    this.heartbeatElapsed = 0;
    this.drawElectionTimeout();
    this.leadTransferee = 0;
    this.pendingConfIndex = 0;
    this.uncommittedBytes = 0;
    this.tracker.reset(this.id, this.log.lastIndex());
    this.reads.clear();
  }

  private drawElectionTimeout(): void {
    const { electionTicks, prng } = this.config;
    this.randomizedElectionTicks = electionTicks + prng.below(electionTicks);
  }

  /** A leader whose term is not older than this node's is `leader` (0: not known yet). */
  becomeFollower(term: number, leader: number): void {
    this.reset(term);
    this.leader = leader;
    this.role = 'follower';
  }
}
