/**
 * A backup or learner of a partition (DESIGN.md section 7): takes the primary's log, applies what it is told to be committed,
 * acknowledges. A learner first takes the beginning of its stream, and the segments in between (I12).
 *
 * State: a PartitionState whose store is the state at appliedIndex; entries behind it wait in the log, where a primary of a later
 * epoch may replace them. A learner has none before its stream begins. It answers the beginning with what it has already
 * (TransferKept), once that is decided; until then it acknowledges entries and applies none.
 * I5: an acknowledgement names the index up to which that very Append was matched. Accepting an Append is the promise of its
 * epoch: from the moment that the map here has an epoch, Appends of earlier ones are refused.
 */
import { assert } from '../base/assert.js';
import { LIMITS } from '../base/limits.js';
import { sameMember, type GroupMember, type PartitionName } from '../cluster/cluster-map.js';
import type { PartitionStore } from '../store/partition-store.js';
import { segmentCharge } from '../store/segment.js';
import { digestOfListings } from './digest.js';
import type { Effect } from './effects.js';
import { decodeHeader } from './entry-codec.js';
import type { KeptSegments } from './kept-segments.js';
import type { Append, AppendReply, TransferBegin, TransferFacts, TransferSegment, TransferVerify } from './messages.js';
import type { ParityFolds } from './parity-folds.js';
import { MemoryGrant } from './memory-grant.js';
import type { NodeMemory } from './node-memory.js';
import type { PartitionLog } from './partition-log.js';
import { applyNext, unappliedCost, type PartitionState } from './partition-state.js';

export interface ReceiverParts {
  readonly name: PartitionName;
  /** At a parity position. */
  readonly folds: ParityFolds | undefined;
  /** What a learner has from before. */
  readonly kept: KeptSegments;
  /** An empty store for a stream that begins. */
  readonly newStore: () => PartitionStore;
  readonly newLog: (index: number, epoch: number) => PartitionLog;
  readonly memory: NodeMemory;
  readonly emit: (effect: Effect) => void;
}

export interface ReceiverConfiguration {
  readonly epoch: number;
  readonly primary: GroupMember | undefined;
  /** Of the learner's stream; 0: a backup. */
  readonly joinIndex: number;
}

export class Receiver {
  private readonly parts: ReceiverParts;
  private configuration: ReceiverConfiguration;
  /** Undefined: a learner whose stream has not begun. */
  private current: PartitionState | undefined;
  /** Listed at the beginning of the stream, neither taken in nor released yet. Empty at a backup. */
  private readonly awaited = new Set<number>();
  /** Of a learner whose stream has begun: nothing is applied before it is known what is kept. */
  private undecided = false;
  /** What the primary was answered to the list; undefined once it is known to have heard it. */
  private keptNumbers: readonly number[] | undefined;
  /** The largest commit index that was told while nothing was applied. */
  private toldCommit = 0;
  /** A learner that has promised: its stream may begin at any moment. */
  private opened = false;
  private broken = false;
  private lacks = false;
  private readonly grant: MemoryGrant;

  /** @param state of a backup. A learner begins with none. */
  constructor(parts: ReceiverParts, configuration: ReceiverConfiguration, state: PartitionState | undefined) {
    assert(
      (state === undefined) === configuration.joinIndex > 0,
      'a learner begins with nothing, a backup with its state',
    );
    this.parts = parts;
    this.configuration = configuration;
    this.current = state;
    this.grant = new MemoryGrant(parts.memory);
  }

  /** Memory that may still be needed: for entries that the primary may send without asking, and to apply those that are here. */
  get promisedBytes(): number {
    const { current } = this;
    if (current === undefined || !this.parts.memory.isLimited) return 0;
    return this.grant.outstanding(current.log) + unappliedCost(current);
  }

  get state(): PartitionState | undefined {
    return this.current;
  }

  /** A learner that lacks something which will not be sent again: it has to join anew. */
  get isBroken(): boolean {
    return this.broken;
  }

  /** It is broken because there is no room here for what is to come. */
  get lacksMemory(): boolean {
    return this.broken && this.lacks;
  }

  get joinIndex(): number {
    return this.configuration.joinIndex;
  }

  onConfiguration(configuration: ReceiverConfiguration): void {
    const { primary } = this.configuration;
    const isSamePrimary =
      primary !== undefined && configuration.primary !== undefined && sameMember(primary, configuration.primary);
    const isPromoted = this.joinIndex > 0 && configuration.joinIndex === 0;
    if (isPromoted) {
      // Its stream may have broken since it was declared: whatever was committed since then has been acknowledged here.
      assert(this.current !== undefined && this.awaited.size === 0, 'only a complete learner is promoted');
      this.broken = false;
    } else if (this.joinIndex > 0 && !isSamePrimary && primary !== undefined) {
      this.broken = true;
    }
    if (configuration.epoch !== this.configuration.epoch) this.grant.onNewEpoch();
    this.configuration = configuration;
  }

  /** The connection from `peer` is another one: what it sent over the last may be lost. */
  onIncoming(peer: GroupMember): void {
    const { primary } = this.configuration;
    const isMine = primary !== undefined && sameMember(primary, peer);
    if (this.joinIndex > 0 && this.opened && isMine) this.broken = true;
  }

  // ------------------------------------------------------------------ messages

  onAppend(from: GroupMember, append: Append): void {
    const { epoch, primary } = this.configuration;
    if (append.joinIndex !== this.joinIndex) {
      // The join, or the promotion, has not been applied on one side yet.
      this.reply(from, append, 'not-yet', append.prevIndex);
      return;
    }
    if (append.epoch > epoch) return this.reply(from, append, 'not-yet', append.prevIndex);
    if (append.epoch < epoch) return this.reply(from, append, 'stale', 0);
    if (primary === undefined || !sameMember(from, primary) || this.broken) return;
    const { current } = this;
    if (current === undefined) {
      // Only the opening Append comes before the beginning of the stream.
      this.opened = true;
      this.reply(from, append, append.prevIndex === 0 ? 'matched' : 'gap', 0);
      return;
    }
    if (!isMatched(current, append)) {
      if (this.joinIndex > 0) this.broken = true;
      this.reply(from, append, 'gap', current.appliedIndex);
      return;
    }
    takeEntries(current.log, append, current.appliedIndex);
    const matched = append.prevIndex + append.entries.length;
    if (this.undecided) this.hold(current, Math.min(append.commitIndex, matched));
    else this.applyThrough(current, Math.min(append.commitIndex, matched));
    this.reply(from, append, 'matched', matched);
  }

  onTransferBegin(from: GroupMember, begin: TransferBegin): void {
    if (!this.isMyStream(from, begin.joinIndex)) return;
    if (this.current !== undefined) {
      this.broken = true;
      return;
    }
    const store = this.parts.newStore();
    if (!store.beginTransfer(begin)) {
      this.broken = true;
      return;
    }
    const log = this.parts.newLog(begin.index, begin.indexEpoch);
    this.current = { store, log, appliedIndex: begin.index, header: decodeHeader(begin.header) };
    for (const { number } of begin.sealed) this.awaited.add(number);
    this.undecided = true;
    this.parts.kept.onList(begin.sealed, (numbers) => this.onDecided(from, numbers));
  }

  onTransferSegment(from: GroupMember, { joinIndex, index, image }: TransferSegment): void {
    if (!this.isMyStream(from, joinIndex)) return;
    const { folds } = this.parts;
    const { number, checksum } = image;
    this.takeIn(from, joinIndex, index, number, segmentCharge(image.bytes.length), (store) => {
      if (folds?.has(number, checksum) === true || !store.restoreSegment(image)) return false;
      folds?.foldIntact(store, number);
      if (folds !== undefined) store.dropBytes(number);
      return true;
    });
  }

  onTransferFacts(from: GroupMember, message: TransferFacts): void {
    const { joinIndex, index, facts } = message;
    if (!this.isMyStream(from, joinIndex)) return;
    this.takeIn(from, joinIndex, index, facts.number, 0, (store) => this.parts.kept.restore(store, message));
  }

  onTransferVerify(from: GroupMember, { joinIndex, index }: TransferVerify): void {
    if (!this.isMyStream(from, joinIndex)) return;
    // It is asked again.
    if (this.undecided) return;
    const { current } = this;
    if (!isInOrder(current, index)) {
      this.broken = true;
      return;
    }
    this.applyThrough(current, index);
    if (this.keptNumbers !== undefined) this.sendKept(from, this.keptNumbers);
    this.sendTaken(from, { joinIndex, number: 0, index });
  }

  // ------------------------------------------------------------------ inside

  /** Applies exactly to the cut of a frame, then takes its segment in, which needs room for `bytes`. */
  private takeIn(
    from: GroupMember,
    joinIndex: number,
    index: number,
    number: number,
    bytes: number,
    restore: (store: PartitionStore) => boolean,
  ): void {
    const { current } = this;
    this.keptNumbers = undefined;
    if (this.undecided || !isInOrder(current, index) || !this.awaited.has(number)) {
      this.broken = true;
      return;
    }
    // The cut is committed: it would not have been sent otherwise.
    this.applyThrough(current, index);
    const { memory, kept } = this.parts;
    // What is only kept for later gives way.
    if (!memory.hasRoom(bytes)) kept.giveUp();
    this.lacks = !memory.hasRoom(bytes);
    if (this.lacks || !this.awaited.delete(number) || !restore(current.store)) {
      this.broken = true;
      return;
    }
    this.sendTaken(from, { joinIndex, number, index: 0 });
  }

  /** While nothing is applied the log here grows: not without bound. */
  private hold({ log }: PartitionState, commitIndex: number): void {
    this.toldCommit = Math.max(this.toldCommit, commitIndex);
    if (log.bytes > LIMITS.maxUndecidedLogBytes) this.parts.kept.giveUp();
  }

  private onDecided(primary: GroupMember, numbers: readonly number[]): void {
    const { current } = this;
    if (!this.undecided || this.broken || current === undefined) return;
    this.undecided = false;
    this.keptNumbers = numbers;
    this.applyThrough(current, this.toldCommit);
    this.sendKept(primary, numbers);
  }

  private sendKept({ nodeId: to }: GroupMember, numbers: readonly number[]): void {
    const { name, kept, emit } = this.parts;
    const { joinIndex } = this;
    emit({ type: 'send', to, message: { type: 'transfer-kept', ...name, joinIndex, form: kept.form, numbers } });
  }

  private isMyStream(from: GroupMember, joinIndex: number): boolean {
    const { primary } = this.configuration;
    if (this.joinIndex === 0 || joinIndex !== this.joinIndex || this.broken) return false;
    return primary !== undefined && sameMember(primary, from);
  }

  private applyThrough(state: PartitionState, index: number): void {
    while (state.appliedIndex < index) applyNext(state, this.parts.folds, this.awaited);
    state.log.dropThrough(state.appliedIndex);
  }

  private sendTaken(
    { nodeId: to }: GroupMember,
    taken: { readonly joinIndex: number; readonly number: number; readonly index: number },
  ): void {
    const { name, emit } = this.parts;
    const digest = taken.number === 0 ? this.digest() : 0;
    emit({ type: 'send', to, message: { type: 'transfer-taken', ...name, ...taken, digest } });
  }

  /** Over all sealed segments that are in: with many of them more work than to take one in. */
  private digest(): number {
    const { folds } = this.parts;
    return digestOfListings(folds?.listings() ?? this.current?.store.sealedListings() ?? []);
  }

  private reply({ nodeId: to }: GroupMember, append: Append, status: AppendReply['status'], index: number): void {
    const { current } = this;
    const { name, memory, emit } = this.parts;
    const appliedIndex = current?.appliedIndex ?? 0;
    const { epoch, joinIndex, askedBytes } = append;
    const isGranted = status === 'matched' && current !== undefined;
    const freeBytes = isGranted ? this.grant.renew(current.log, index, askedBytes) : 0;
    const { pressure } = memory;
    emit({
      type: 'send',
      to,
      message: { type: 'append-reply', ...name, status, epoch, joinIndex, index, appliedIndex, freeBytes, pressure },
    });
  }
}

/** Whether a frame cut at `index` can be taken in now: everything before it is here, nothing behind it is applied. */
function isInOrder(state: PartitionState | undefined, index: number): state is PartitionState {
  return state !== undefined && state.appliedIndex <= index && index <= state.log.lastIndex;
}

/** Whether the entry before those of `append` is here. What has been applied is the same everywhere. */
function isMatched({ log, appliedIndex }: PartitionState, { prevIndex, prevEpoch }: Append): boolean {
  if (prevIndex <= appliedIndex) return true;
  return prevIndex <= log.lastIndex && log.epochAt(prevIndex) === prevEpoch;
}

/** Takes what is new, and drops an uncommitted suffix that differs. */
function takeEntries(log: PartitionLog, { entries }: Append, appliedIndex: number): void {
  for (const [i, entry] of entries.entries()) {
    if (entry.index <= appliedIndex) continue;
    if (entry.index <= log.lastIndex) {
      if (log.epochAt(entry.index) === entry.epoch) continue;
      log.truncateFrom(entry.index);
    }
    log.append(entries.slice(i));
    return;
  }
}
