/**
 * One Raft node with a disk in memory, for tests: carries out each Ready as a shell would, and remembers what came out.
 * Without a network; see network.ts.
 */
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import { Prng } from '../../src/base/prng.js';
import type { ConfChange, ConfChangeV2 } from '../../src/raft/conf-change.js';
import type { RaftConfig } from '../../src/raft/config.js';
import { MemoryStorage } from '../../src/raft/memory-storage.js';
import type { PeerMessage, ProposalResult, Refusal } from '../../src/raft/messages.js';
import { RawNode } from '../../src/raft/raw-node.js';
import type { ReadState, Ready } from '../../src/raft/ready.js';
import { EMPTY_CONF_STATE, type ConfState, type Entry } from '../../src/raft/types.js';

export interface NodeOptions extends Partial<RaftConfig> {
  /** Raft ids of the voters from the start. */
  readonly voters?: readonly number[];
  readonly learners?: readonly number[];
  /** Terms of the entries 1, 2, ... that are on disk from the start. */
  readonly log?: readonly number[];
  readonly term?: number;
  readonly vote?: number;
  readonly commit?: number;
}

export const ELECTION_TICKS = 10;

export class TestNode {
  readonly id: number;
  readonly storage: MemoryStorage;
  raw: RawNode;
  /** Everything that was applied since the start, over restarts. */
  readonly applied: Entry[] = [];
  readonly readStates: ReadState[] = [];
  conf: ConfState;
  /** Messages that came out and were not taken yet. */
  private outbox: PeerMessage[] = [];
  private readonly options: Partial<RaftConfig>;

  constructor(id: number, options: NodeOptions = {}) {
    const { voters = [], learners = [], log = [], term, vote = 0, commit = 0, ...config } = options;
    this.id = id;
    this.options = config;
    this.conf = { ...EMPTY_CONF_STATE, voters, learners };
    this.storage = new MemoryStorage(this.conf);
    this.storage.append(log.map((entryTerm, i) => entry(i + 1, entryTerm)));
    const lastTerm = log.at(-1) ?? 0;
    if (term !== undefined || lastTerm > 0) this.storage.setHardState({ term: term ?? lastTerm, vote, commit });
    this.raw = this.start();
  }

  private start(): RawNode {
    return new RawNode({
      id: this.id,
      electionTicks: ELECTION_TICKS,
      heartbeatTicks: 1,
      prng: new Prng(this.id),
      ...this.options,
      storage: this.storage,
    });
  }

  /** Loses everything that is not on disk. The state machine is built again from the log. */
  restart(): void {
    this.applied.length = 0;
    this.outbox = [];
    this.raw = this.start();
  }

  get core() {
    return this.raw.core;
  }

  get role() {
    return this.core.role;
  }

  get term(): number {
    return this.core.term;
  }

  get committed(): number {
    return this.core.log.committed;
  }

  get lastIndex(): number {
    return this.core.log.lastIndex();
  }

  /** Terms of the whole log. */
  get logTerms(): readonly number[] {
    return this.entries.map(({ term }) => term);
  }

  get entries(): readonly Entry[] {
    const entries = this.core.log.entriesFrom(this.core.log.firstIndex(), Number.MAX_SAFE_INTEGER);
    if (typeof entries === 'string') throw new Error(entries);
    return entries;
  }

  /** What was applied and is no empty entry, as text. */
  get appliedText(): readonly string[] {
    return this.applied
      .filter(({ type, data }) => type === 'normal' && data.length > 0)
      .map(({ data }) => Buffer.from(data).toString());
  }

  /** Carries out one Ready. */
  handleReady(): Ready {
    const ready = this.raw.ready();
    if (ready.hardState) this.storage.setHardState(ready.hardState);
    if (ready.snapshot) {
      this.storage.applySnapshot(ready.snapshot);
      this.conf = ready.snapshot.metadata.confState;
    }
    this.storage.append(ready.entries);
    this.outbox.push(...ready.messages);
    this.readStates.push(...ready.readStates);
    for (const committed of ready.committedEntries) this.apply(committed);
    this.raw.advance();
    return ready;
  }

  private apply(committed: Entry): void {
    this.applied.push(committed);
    if (committed.type !== 'normal') this.conf = this.raw.applyConfChange(committed);
  }

  /** Carries out all there is to do and gives the messages that came out since the last time. */
  settle(): readonly PeerMessage[] {
    while (this.raw.hasReady()) this.handleReady();
    const messages = this.outbox;
    this.outbox = [];
    return messages;
  }

  /** Takes `message` in, addressed to this node, and gives what comes out. */
  receive(message: WithoutTo<PeerMessage>): readonly PeerMessage[] {
    this.step(message);
    return this.settle();
  }

  /** Takes `message` in, addressed to this node, and gives the reason if it had no effect. */
  step(message: WithoutTo<PeerMessage>): Refusal | undefined {
    return this.raw.step({ ...message, to: this.id });
  }

  /** Takes a snapshot of everything that is committed and drops the log up to there. */
  compact(): void {
    this.storage.createSnapshot(this.committed, this.conf, Buffer.from('state'));
    this.storage.compact(this.committed);
  }

  tick(times = 1): void {
    for (let i = 0; i < times; i++) this.raw.tick();
  }

  propose(text: string): ProposalResult {
    return this.raw.propose(Buffer.from(text));
  }

  proposeChanges(...changes: readonly ConfChange[]): ProposalResult {
    return this.raw.proposeConfChange(autoChange(...changes));
  }

  /** Wins an election of the configured voters, whose votes it is given, and commits its first entry if `commit`. */
  becomeLeader({ commit = true }: { readonly commit?: boolean } = {}): this {
    this.raw.campaign();
    this.settle();
    const others = this.conf.voters.filter((id) => id !== this.id);
    if (this.role === 'pre-candidate') {
      for (const from of others) this.step({ type: 'pre-vote-response', from, term: this.term + 1, rejected: false });
      this.settle();
    }
    for (const from of others) this.step({ type: 'vote-response', from, term: this.term, rejected: false });
    this.settle();
    if (this.role !== 'leader') throw new Error('the election was not won');
    if (commit) for (const from of others) this.receive(accepted(from, this.term, this.lastIndex));
    return this;
  }
}

type WithoutTo<M> = M extends PeerMessage ? Omit<M, 'to'> : never;

export function entry(index: number, term: number, text = ''): Entry {
  return { index, term, type: 'normal', data: text === '' ? EMPTY_BYTES : Buffer.from(text) };
}

/** A follower's acknowledgement of the log up to `index`. */
export function accepted(from: number, term: number, index: number) {
  return { type: 'append-response', from, term, index, rejected: false, hintIndex: 0, hintTerm: 0 } as const;
}

export function autoChange(...changes: readonly ConfChange[]): ConfChangeV2 {
  return { transition: 'auto', changes, context: EMPTY_BYTES };
}

/** Those of one type. */
export function ofType<T extends PeerMessage['type']>(
  messages: readonly PeerMessage[],
  type: T,
): readonly Extract<PeerMessage, { readonly type: T }>[] {
  return messages.filter((message): message is Extract<PeerMessage, { readonly type: T }> => message.type === type);
}
