/**
 * The primary of a partition (DESIGN.md section 7; configurations come from outside, as in Lamport, Malkhi, Zhou, "Vertical Paxos
 * and primary-backup replication", PODC 2009): gives every change the next index, sends it to all backups and learners, and holds
 * it committed when all members, and every learner that it counts, have it.
 *
 * State: what it has inherited is applied when it is committed, as at a backup. From then on it serves, and its store is the
 * newest state, uncommitted entries included. Messages: Append out, AppendReply in; frames to learners (transfer-stream.ts).
 * I5: an acknowledgement counts in its epoch only. I6: all members and all counted learners. I9: a released segment is freed, and its
 * number used again, when all members have applied the release. Nothing is committed before all members have promised.
 *
 * Owned by GroupReplica. It does not know the lease: whoever answers a client asks for that (actors/ecc).
 */
import { assert } from '../base/assert.js';
import { LIMITS } from '../base/limits.js';
import { sameMember, type GroupMember, type JoiningMember, type PartitionName } from '../cluster/cluster-map.js';
import type { Declaration } from '../cluster/map-commands.js';
import type { SegmentStore } from '../store/segment-store.js';
import { AppendSender } from './append-sender.js';
import type { Effect } from './effects.js';
import { decodeHeader } from './entry-codec.js';
import { Learners } from './learners.js';
import type { AppendReply, TransferKept, TransferTaken } from './messages.js';
import type { ParityFolds } from './parity-folds.js';
import type { NodeMemory } from './node-memory.js';
import { applyNext, unappliedCost, type PartitionState } from './partition-state.js';
import { PeerProgress } from './peer-progress.js';
import { PrimaryMemory } from './primary-memory.js';
import type { RecordedStore } from './recorded-store.js';
import { ReleaseQueue } from './release-queue.js';
import type { TransferPace } from './transfer-pace.js';
import type { LearnerProgress } from './transfer-progress.js';
import { UncommittedTags } from './uncommitted-tags.js';

/** A peer whose map is behind is asked again after this. */
const NOT_YET_PAUSE_MS = 10;

/** The part of a group's configuration that concerns one partition. */
export interface PartitionConfiguration {
  readonly epoch: number;
  /** All members but the primary itself. */
  readonly backups: readonly GroupMember[];
  readonly learners: readonly JoiningMember[];
  /** No index above it is given out. */
  readonly versionFloor: number;
}

export interface PrimaryParts {
  readonly name: PartitionName;
  readonly state: PartitionState;
  /** At a parity position: an acting primary folds what is committed like every other parity holder. */
  readonly folds: ParityFolds | undefined;
  /** Whether this node leads another position of the group as well. */
  readonly leads: (position: number) => boolean;
  /** Makes decisions on `state`, which is applied to the end of its log then. */
  readonly newStore: () => RecordedStore;
  /** Of the node. */
  readonly memory: NodeMemory;
  readonly pace: TransferPace;
  readonly emit: (effect: Effect) => void;
}

export class Primary {
  private readonly parts: PrimaryParts;
  private configuration: PartitionConfiguration;
  private backups = new Map<string, PeerProgress>();
  private readonly learners: Learners;
  private readonly sender: AppendSender;
  private readonly releases: ReleaseQueue;
  readonly memory: PrimaryMemory;
  private readonly uncommitted = new UncommittedTags();
  /** Entries up to here were there when the office was taken over. */
  private readonly inheritedIndex: number;
  /** Set when all members have promised and all that was inherited is committed and applied; from then on the newest state. */
  private newest: RecordedStore | undefined;
  /** Answers nothing in epochs up to this one. */
  private letGoEpoch = 0;

  constructor(parts: PrimaryParts, configuration: PartitionConfiguration) {
    const { state, name, folds, leads, pace, emit } = parts;
    this.parts = parts;
    this.configuration = configuration;
    this.inheritedIndex = state.log.lastIndex;
    this.learners = new Learners(name, state, pace, emit);
    this.sender = new AppendSender(name, state, this.learners, emit);
    this.releases = new ReleaseQueue(state.store);
    this.memory = new PrimaryMemory({
      memory: parts.memory,
      state,
      releases: this.releases,
      peers: () => this.peers(),
      appliedEverywhere: () => this.appliedEverywhere(),
      folds,
      leads,
    });
    this.openEpoch(new Map());
  }

  /** The newest state; changed inside `change` only. */
  get store(): SegmentStore {
    if (this.newest === undefined) assert(false, 'a primary that has not taken over answers nothing');
    return this.newest.segments;
  }

  get lastIndex(): number {
    return this.parts.state.log.lastIndex;
  }

  get commitIndex(): number {
    return this.parts.state.appliedIndex;
  }

  get epoch(): number {
    return this.configuration.epoch;
  }

  /** It has taken over and has not let go. Its answers need a lease all the same. */
  get serving(): boolean {
    return this.newest !== undefined && this.letGoEpoch < this.epoch;
  }

  /** No other member: even what it acknowledges needs the lease (I6). */
  get isAlone(): boolean {
    return this.backups.size === 0;
  }

  /** So much is uncommitted, or the log is so near the end of its indexes, that no writes should be taken now. */
  get isFull(): boolean {
    const { log } = this.parts.state;
    return (
      log.bytesBetween(this.commitIndex, log.lastIndex) >= LIMITS.maxPartitionUncommittedBytes ||
      log.lastIndex + LIMITS.maxEntriesPerChange >= this.configuration.versionFloor ||
      this.memory.isBehind
    );
  }

  /** Memory that may still be needed to apply what was inherited. */
  get promisedBytes(): number {
    return this.newest === undefined ? unappliedCost(this.parts.state) : 0;
  }

  /** Bytes of segments that are cut for learners and not sent. */
  get frameBytes(): number {
    return this.learners.heldBytes;
  }

  /**
   * Lets `work` decide and change the store, and logs what it did, even if it throws. `index`: what an answer about it waits
   * for; 0 if nothing was changed.
   */
  change<Result>(work: () => Result): { readonly result: Result; readonly index: number } {
    assert(this.serving && this.newest !== undefined, 'only a primary that serves changes its partition');
    const { log } = this.parts.state;
    let index = 0;
    let result: Result;
    try {
      result = work();
    } finally {
      const { entries, tags, released } = this.newest.takeChange();
      for (const bytes of entries) {
        index = log.lastIndex + 1;
        log.append([{ index, epoch: this.epoch, bytes }]);
      }
      if (index > 0) {
        this.uncommitted.add(index, tags);
        this.releases.add(index, released);
        this.maybeCommit();
      }
    }
    return { result, index };
  }

  /** Index that an answer about this tag waits for (I7); 0: all that concerns it is committed. */
  uncommittedIndexOf(tag: number): number {
    return this.uncommitted.indexOf(tag);
  }

  // ------------------------------------------------------------------ configuration

  onConfiguration(configuration: PartitionConfiguration): void {
    const isNewEpoch = configuration.epoch > this.epoch;
    this.configuration = configuration;
    if (isNewEpoch) this.openEpoch(this.backups);
    else this.learners.onJoining(configuration.learners, configuration.epoch);
    this.maybeCommit();
  }

  /** Answers nothing more in epochs up to `epoch`. */
  letGo(epoch: number): void {
    this.letGoEpoch = Math.max(this.letGoEpoch, epoch);
  }

  onConnected(peer: GroupMember): void {
    this.backup(peer)?.rewind();
  }

  onDisconnected(peer: GroupMember): void {
    this.learners.onDisconnected(peer);
    this.maybeCommit();
  }

  /** The office ends: takes back what is in the store and not committed, so that the store is the state at the commit index. */
  resign(): void {
    const { store } = this.parts.state;
    this.learners.close();
    this.newest?.takeBack();
    this.newest = undefined;
    // What is still being released is committed, and so released for a backup.
    for (const number of store.releasingNumbers()) store.finishRelease(number);
  }

  /** The office ends, and what it was about is given up. */
  abandon(): void {
    this.newest = undefined;
    this.learners.close();
  }

  // ------------------------------------------------------------------ messages

  onAppendReply(from: GroupMember, reply: AppendReply, nowMs: number): void {
    const peer = reply.joinIndex === 0 ? this.backup(from) : this.learners.progressOf(from, reply.joinIndex);
    if (peer === undefined || reply.epoch !== this.epoch) return;
    switch (reply.status) {
      case 'matched':
        if (reply.index > this.lastIndex) return; // of a log that this one has replaced
        peer.applied = Math.max(peer.applied, reply.appliedIndex);
        peer.onMatched(reply.index, nowMs);
        peer.onGranted(this.parts.state.log, reply.index, reply.freeBytes);
        peer.pressure = reply.pressure;
        peer.heardAtMs = nowMs;
        this.maybeCommit();
        return;
      case 'gap':
        if (reply.joinIndex > 0) this.learners.break(peer);
        else if (peer.isFollowing) peer.rewind();
        return;
      case 'not-yet':
        peer.pausedUntilMs = nowMs + NOT_YET_PAUSE_MS;
        peer.rewind();
        return;
      case 'stale':
        return; // The map that ends this office is on its way.
    }
  }

  onTransferKept(from: GroupMember, kept: TransferKept, nowMs: number): void {
    this.learners.onKept(from, kept, nowMs);
  }

  onTransferTaken(from: GroupMember, taken: TransferTaken, nowMs: number): void {
    this.learners.onTaken(from, taken, nowMs);
    this.maybeCommit();
  }

  // ------------------------------------------------------------------ time

  /** Sends what there is to send. */
  flush(nowMs: number): void {
    if (this.newest !== undefined) this.learners.cut(this.newest.header(), !this.parts.memory.isShort, nowMs);
    for (const peer of this.backups.values()) this.sender.sendTo(peer, this.epoch, nowMs);
    for (const peer of this.learners.open()) this.sender.sendTo(peer, this.epoch, nowMs);
    this.maybeCommit();
    const { log } = this.parts.state;
    log.dropThrough(Math.min(this.commitIndex, this.learners.neededFrom(this.parts.memory.learnerLogBytes) - 1));
  }

  // ------------------------------------------------------------------ what the leader of the map is told

  declarations(): readonly Declaration[] {
    const { name } = this.parts;
    return this.learners
      .declared()
      .map(({ member, joinIndex }) => ({ ...name, epoch: this.epoch, learner: member, joinIndex }));
  }

  /** Join indexes of streams that have broken. */
  brokenJoins(): readonly number[] {
    return this.learners.brokenJoins();
  }

  transfers(): Iterable<LearnerProgress> {
    return this.learners.progress();
  }

  /** Since when the oldest Append to each peer has been unacknowledged. */
  *unacknowledged(): IterableIterator<{ readonly peer: GroupMember; readonly sinceMs: number }> {
    for (const { member, unacknowledgedSinceMs: sinceMs } of [...this.backups.values(), ...this.learners.open()]) {
      if (sinceMs !== undefined) yield { peer: member, sinceMs };
    }
  }

  // ------------------------------------------------------------------ inside

  private openEpoch(before: ReadonlyMap<string, PeerProgress>): void {
    const { backups, learners, epoch } = this.configuration;
    this.backups = new Map();
    for (const member of backups) {
      // Every member has all that is committed.
      const peer = new PeerProgress(member, 0, this.commitIndex);
      const known = before.get(member.nodeId);
      if (known !== undefined && sameMember(known.member, member)) peer.applied = known.applied;
      this.backups.set(member.nodeId, peer);
    }
    this.learners.onJoining(learners, epoch);
    this.maybeCommit();
  }

  private backup(peer: GroupMember): PeerProgress | undefined {
    const found = this.backups.get(peer.nodeId);
    return found !== undefined && sameMember(found.member, peer) ? found : undefined;
  }

  private get allPromised(): boolean {
    for (const peer of this.backups.values()) if (!peer.promised) return false;
    return true;
  }

  private maybeCommit(): void {
    if (!this.allPromised) return;
    let index = this.lastIndex;
    for (const peer of this.backups.values()) index = Math.min(index, peer.matched);
    index = Math.min(index, this.learners.countedIndex());
    if (index > this.commitIndex) this.commitThrough(index);
    this.learners.maybeCount(this.commitIndex);
    this.maybeTakeOver();
    this.releases.free(this.appliedEverywhere());
  }

  private commitThrough(index: number): void {
    const { state, folds, name, emit } = this.parts;
    while (state.appliedIndex < index) {
      if (this.newest === undefined) {
        applyNext(state, folds, new Set());
        continue;
      }
      const { bytes } = state.log.get(state.appliedIndex + 1);
      folds?.onCommitted(state.store, bytes);
      state.header = decodeHeader(bytes);
      state.appliedIndex++;
    }
    this.uncommitted.onCommitted(index);
    emit({ type: 'committed', position: name.position, index });
  }

  private maybeTakeOver(): void {
    const { newStore, emit } = this.parts;
    if (this.newest !== undefined || this.commitIndex < this.inheritedIndex) return;
    this.newest = newStore();
    this.newest.segments.cap.share(this.memory);
    // What its predecessor began to write and never finished.
    if (this.parts.state.store.headless.count > 0) this.change(() => this.store.dropHeadless());
    emit({ type: 'roles-changed' });
  }

  private *peers(): IterableIterator<PeerProgress> {
    yield* this.backups.values();
    yield* this.learners.counted();
  }

  /** Every member, this one included, has applied up to here. */
  private appliedEverywhere(): number {
    let index = this.commitIndex;
    for (const peer of this.backups.values()) index = Math.min(index, peer.applied);
    return index;
  }
}
