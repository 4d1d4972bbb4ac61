/**
 * What must hold at every moment, whatever happens. Fed by the disks, the control sides and the state machines of all nodes;
 * knows everything that any of them ever did. Keeps the first violation.
 *
 * The names of Raft's properties are those of the Raft paper, figure 3.
 */
import { Fnv32 } from '../../src/base/fnv.js';
import type { LogBatch, LogIdentity } from '../../src/raft/log-store.js';
import type { PeerMessage } from '../../src/raft/messages.js';
import type { Entry, HardState, SnapshotMetadata } from '../../src/raft/types.js';
import type { DiskObserver, SimDisk } from './disk.js';
import { MembershipOracle } from './membership-oracle.js';

export interface Violation {
  readonly invariant: string;
  readonly details: string;
  readonly atMs: number;
}

/** An entry as far as it matters whether two are the same. */
interface Known {
  readonly term: number;
  readonly digest: string;
}

interface Committed extends Known {
  /** Term of the node that first said so. */
  readonly inTerm: number;
}

/** State hashes are compared at every index that this divides: between that, a difference has nowhere to hide for long. */
const HASH_EVERY = 16;

export class Invariants implements DiskObserver {
  private readonly now: () => number;
  private first: Violation | undefined;
  private snapshotCount = 0;
  private readonly leaderOfTerm = new Map<number, number>();
  /** By "index/term": the entry and the term before it. */
  private readonly logEntries = new Map<string, Known & { readonly previousTerm: number }>();
  private readonly committed: (Committed | undefined)[] = [];
  /** Largest index that any state machine has applied: whoever asks from now on must see it. */
  private highestApplied = 0;
  private readonly stateAt = new Map<number, string>();
  /** Lost disks stay here: what was on them has counted. */
  private readonly diskOfRaftId = new Map<number, SimDisk>();
  private readonly membership: MembershipOracle;

  /** @param founders how many nodes found the cluster */
  constructor(founders: number, now: () => number) {
    this.now = now;
    this.membership = new MembershipOracle(founders);
  }

  get violation(): Violation | undefined {
    return this.first;
  }

  /** Largest index known to be committed anywhere. */
  get commitIndex(): number {
    return Math.max(0, this.committed.length - 1);
  }

  /** Snapshots that a log has named: cut there or received. */
  get snapshots(): number {
    return this.snapshotCount;
  }

  get terms(): number {
    return this.leaderOfTerm.size;
  }

  fail(invariant: string, details: string): void {
    this.first ??= { invariant, details, atMs: this.now() };
  }

  onIdentity(disk: SimDisk, { raftId, nodeId }: LogIdentity): void {
    const owner = this.diskOfRaftId.get(raftId);
    if (owner !== undefined && owner !== disk) {
      this.fail('a raft id belongs to one disk', `${nodeId} takes raft id ${raftId}, which another disk has`);
    }
    this.diskOfRaftId.set(raftId, disk);
  }

  onSnapshotMissing(disk: SimDisk, name: string): void {
    const raftId = disk.identity()?.raftId ?? 0;
    this.fail('I0: a snapshot that the log names is durable', `node ${raftId} names ${name}, which is not on its disk`);
  }

  /** Part of what is committed by then: it ends at a membership change, of whatever term, that is about to take effect. */
  onCommitDurable(disk: SimDisk, before: HardState, after: HardState): void {
    this.checkGrows(disk.identity()?.raftId ?? 0, before, after);
  }

  onAppend(disk: SimDisk, before: HardState, batch: LogBatch): void {
    const raftId = disk.identity()?.raftId ?? 0;
    const { hardState } = batch;
    if (hardState !== undefined) {
      const revoted = hardState.term === before.term && before.vote !== 0 && hardState.vote !== before.vote;
      this.checkGrows(raftId, before, hardState);
      this.checkCommitOfLeader(disk, raftId, before, hardState);
      if (revoted) this.fail('one vote a term', describe(raftId, before, hardState));
    }
    const first = batch.entries[0];
    if (first === undefined) return;
    const termBefore = disk.term(first.index - 1);
    let previousTerm = typeof termBefore === 'number' ? termBefore : -1;
    for (const entry of batch.entries) {
      this.checkLogMatching(raftId, entry, previousTerm);
      this.checkNotReplaced(raftId, entry);
      previousTerm = entry.term;
    }
  }

  /** A node says that it leads. */
  onLeader(raftId: number, term: number, disk: SimDisk): void {
    const other = this.leaderOfTerm.get(term);
    if (other === raftId) return;
    if (other !== undefined) this.fail('Election Safety', `${other} and ${raftId} both lead in term ${term}`);
    this.leaderOfTerm.set(term, raftId);
    for (const [index, entry] of this.committed.entries()) {
      if (entry === undefined || entry.inTerm >= term || disk.holds(index, entry.term)) continue;
      this.fail('Leader Completeness', `leader ${raftId} of term ${term} lacks committed entry ${index}`);
      return;
    }
  }

  /** A node hands these entries to its state machine as committed. */
  onCommitted(disk: SimDisk, entries: readonly Entry[]): void {
    const raftId = disk.identity()?.raftId ?? 0;
    const { term } = disk.initialState().hardState;
    for (const entry of entries) {
      this.checkMembershipDurable(disk, raftId, entry);
      const known = this.committed[entry.index];
      const digest = digestOf(entry);
      if (known === undefined) {
        this.committed[entry.index] = { term: entry.term, digest, inTerm: term };
        this.onFirstCommitted(raftId, entry);
      } else if (known.term !== entry.term || known.digest !== digest) {
        this.fail(
          'committed entries never change',
          `node ${raftId} commits entry ${entry.index} of term ${entry.term}, others that of term ${known.term}`,
        );
      }
    }
  }

  /** The log names a snapshot. */
  onSnapshot(disk: SimDisk, { index, confState }: SnapshotMetadata): void {
    this.snapshotCount++;
    const raftId = disk.identity()?.raftId ?? 0;
    const expected = this.membership.at(index);
    if (index > this.commitIndex) this.fail('a snapshot is of committed entries', `node ${raftId}: ${index}`);
    else if (JSON.stringify(confState) !== JSON.stringify(expected)) {
      this.fail(
        'a snapshot holds the configuration of its index',
        `node ${raftId} at ${index}: ${JSON.stringify(confState)} instead of ${JSON.stringify(expected)}`,
      );
    }
  }

  /** A state machine is about to apply `entry` after `appliedIndex`. */
  onApply(host: string, appliedIndex: number, entry: Entry): void {
    if (entry.index !== appliedIndex + 1) {
      this.fail('entries are applied in order', `${host} applies ${entry.index} after ${appliedIndex}`);
    }
    const known = this.committed[entry.index];
    if (known === undefined || known.term !== entry.term || known.digest !== digestOf(entry)) {
      this.fail('State Machine Safety', `${host} applies another entry ${entry.index} than was committed`);
    }
  }

  /** A state machine has applied everything up to `index`. `stateHash` is costly, so it is only asked for now and then. */
  onApplied(host: string, index: number, stateHash: () => string): void {
    this.highestApplied = Math.max(this.highestApplied, index);
    if (index % HASH_EVERY === 0) this.compareState(host, index, stateHash());
  }

  /** What a read that is asked for now has to see. */
  get readFloor(): number {
    return this.highestApplied;
  }

  /** A node is told that it may answer a read, asked for when `floor` was the `readFloor`, at `index`. */
  onReadReady(host: string, index: number, floor: number): void {
    if (index < floor)
      this.fail('a read sees what was applied before it', `${host} may read at ${index}, not ${floor}`);
  }

  compareState(host: string, index: number, hash: string): void {
    const known = this.stateAt.get(index);
    if (known === undefined) this.stateAt.set(index, hash);
    else if (known !== hash) {
      this.fail('equal applied index, equal state', `${host} has state ${hash} at ${index}, others ${known}`);
    }
  }

  /** A message leaves a node. What it vouches for must be durable. */
  onSend(disk: SimDisk, message: PeerMessage): void {
    const { term, vote } = disk.durableHardState;
    if (message.type === 'vote-response' && !message.rejected) {
      const kept = term > message.term || (term === message.term && vote === message.to);
      if (!kept) this.fail('a vote is durable before it is given', `node ${message.from} in term ${message.term}`);
    }
    if (message.type === 'append-response' && !message.rejected && message.term === term) {
      if (message.index > disk.durableLastIndex) {
        this.fail(
          'an entry is durable before it is acknowledged',
          `node ${message.from} acknowledges ${message.index}, its disk ends at ${disk.durableLastIndex}`,
        );
      }
    }
  }

  private checkGrows(raftId: number, before: HardState, after: HardState): void {
    const wentBack = after.term < before.term || after.commit < before.commit;
    if (wentBack) this.fail('term and commit index never go back', describe(raftId, before, after));
  }

  /** Raft paper, 5.4.2: a leader commits by counting only entries of its own term. */
  private checkCommitOfLeader(disk: SimDisk, raftId: number, before: HardState, { term, commit }: HardState): void {
    if (before.term !== term || commit <= before.commit || this.leaderOfTerm.get(term) !== raftId) return;
    const committedTerm = disk.term(commit);
    if (committedTerm === term) return;
    this.fail('a leader commits entries of its term', `node ${raftId}: entry ${commit} of term ${committedTerm}`);
  }

  /** Else it would take part by the membership before, after a restart, while others have dropped those who voted in that one. */
  private checkMembershipDurable(disk: SimDisk, raftId: number, { type, index }: Entry): void {
    const { commit } = disk.durableHardState;
    if (type === 'normal' || commit >= index) return;
    this.fail(
      'whoever has applied a membership change knows it after a restart',
      `node ${raftId} has applied the change at ${index}, and its disk knows what is committed up to ${commit}`,
    );
  }

  private onFirstCommitted(raftId: number, entry: Entry): void {
    const { index, term } = entry;
    const holds = (other: number): boolean => this.diskOfRaftId.get(other)?.holds(index, term) ?? false;
    if (!this.membership.quorumHolds(index, holds)) {
      this.fail('what is committed is durable on a quorum', `node ${raftId}: entry ${index} of term ${term}`);
    }
    if (!this.membership.onCommitted(entry)) {
      this.fail('a committed membership change fits', `entry ${index} of term ${term}`);
    }
  }

  private checkLogMatching(raftId: number, entry: Entry, previousTerm: number): void {
    const name = `${entry.index}/${entry.term}`;
    const known = this.logEntries.get(name);
    const digest = digestOf(entry);
    if (known === undefined) this.logEntries.set(name, { term: entry.term, digest, previousTerm });
    else if (known.digest !== digest || known.previousTerm !== previousTerm) {
      this.fail('Log Matching', `node ${raftId} has another entry ${entry.index} of term ${entry.term} than others`);
    }
  }

  /** A node that has what is committed never writes something else over it. */
  private checkNotReplaced(raftId: number, entry: Entry): void {
    const known = this.committed[entry.index];
    if (known !== undefined && known.term < entry.term && known.inTerm <= entry.term) {
      this.fail(
        'committed entries never change',
        `node ${raftId} writes entry ${entry.index} of term ${entry.term} over the committed one of term ${known.term}`,
      );
    }
  }
}

function describe(raftId: number, before: HardState, after: HardState): string {
  return `node ${raftId}: ${JSON.stringify(before)} before, ${JSON.stringify(after)} after`;
}

function digestOf(entry: Entry): string {
  return `${entry.type}:${entry.data.length}:${new Fnv32().bytes(entry.data).hex()}`;
}
