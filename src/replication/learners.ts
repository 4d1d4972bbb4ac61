/**
 * The learners of a partition as its primary sees them: the stream of each, whether commits wait for it (counted), and whether it
 * has been declared complete (DESIGN.md, I6).
 *
 * A learner is counted once it holds everything that was cut for it and lags by little; it is declared while counted, once it has
 * acknowledged the commit index in this epoch, in each epoch anew. Once declared in an epoch it is waited for
 * until the map has dropped it or a later epoch has come, whatever becomes of its stream: it may have been promoted already.
 */
import { LIMITS } from '../base/limits.js';
import { sameMember, type GroupMember, type JoiningMember, type PartitionName } from '../cluster/cluster-map.js';
import type { EntryHeader } from './entry-codec.js';
import type { Effect } from './effects.js';
import type { TransferKept, TransferTaken } from './messages.js';
import type { PartitionState } from './partition-state.js';
import { PeerProgress } from './peer-progress.js';
import type { TransferPace } from './transfer-pace.js';
import type { LearnerProgress } from './transfer-progress.js';
import { TransferStream } from './transfer-stream.js';

interface Learner {
  progress: PeerProgress;
  readonly stream: TransferStream;
  counted: boolean;
  /** Epoch in which it was last declared complete; 0: never. */
  declaredEpoch: number;
}

export class Learners {
  private readonly name: PartitionName;
  private readonly state: PartitionState;
  private readonly pace: TransferPace;
  private readonly emit: (effect: Effect) => void;
  private readonly learners = new Map<string, Learner>();
  private epoch = 0;

  constructor(name: PartitionName, state: PartitionState, pace: TransferPace, emit: (effect: Effect) => void) {
    this.name = name;
    this.state = state;
    this.pace = pace;
    this.emit = emit;
  }

  /** Who learns now, in which epoch. */
  onJoining(joining: readonly JoiningMember[], epoch: number): void {
    const isNewEpoch = epoch !== this.epoch;
    this.epoch = epoch;
    for (const [nodeId, { progress, stream }] of this.learners) {
      if (joining.some((member) => isSame(member, progress))) continue;
      stream.break();
      this.learners.delete(nodeId);
    }
    for (const member of joining) {
      const known = this.learners.get(member.nodeId);
      if (known === undefined) {
        this.learners.set(member.nodeId, {
          progress: new PeerProgress(member, member.joinIndex, 0),
          stream: new TransferStream(this.name, member.joinIndex, this.pace.flowTo(member.nodeId)),
          counted: false,
          declaredEpoch: 0,
        });
      } else if (isNewEpoch) {
        known.progress = new PeerProgress(member, member.joinIndex, known.progress.held);
        if (known.stream.isBroken) known.counted = false;
      }
    }
  }

  /** The office ends, and all streams with it. */
  close(): void {
    for (const { stream } of this.learners.values()) stream.break();
    this.learners.clear();
  }

  /** Those whose streams live. */
  *open(): IterableIterator<PeerProgress> {
    for (const { progress, stream } of this.learners.values()) if (!stream.isBroken) yield progress;
  }

  /** Those that commits wait for. */
  *counted(): IterableIterator<PeerProgress> {
    for (const { progress, counted } of this.learners.values()) if (counted) yield progress;
  }

  /** Bytes of segments that are cut for learners and not sent. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { stream } of this.learners.values()) bytes += stream.heldBytes;
    return bytes;
  }

  progressOf(peer: GroupMember, joinIndex: number): PeerProgress | undefined {
    const learner = this.find(peer, joinIndex);
    return learner === undefined || learner.stream.isBroken ? undefined : learner.progress;
  }

  streamOf(progress: PeerProgress): TransferStream | undefined {
    return this.find(progress.member, progress.joinIndex)?.stream;
  }

  break(progress: PeerProgress): void {
    const learner = this.find(progress.member, progress.joinIndex);
    if (learner === undefined) return;
    learner.stream.break();
    if (learner.declaredEpoch !== this.epoch) learner.counted = false;
  }

  onDisconnected(peer: GroupMember): void {
    const learner = this.learners.get(peer.nodeId);
    if (learner === undefined || !sameMember(learner.progress.member, peer)) return;
    if (learner.stream.hasBegun) this.break(learner.progress);
    else learner.progress.reopen();
  }

  onKept(from: GroupMember, kept: TransferKept, nowMs: number): void {
    this.find(from, kept.joinIndex)?.stream.onKept(kept, nowMs);
  }

  onTaken(from: GroupMember, taken: TransferTaken, nowMs: number): void {
    this.find(from, taken.joinIndex)?.stream.onTaken(taken, nowMs);
  }

  /** Begins streams that have been accepted and cuts the segments that come next. @param rebuildsAhead as for TransferStream.cut */
  cut(header: EntryHeader, rebuildsAhead: boolean, nowMs: number): void {
    const { store, log } = this.state;
    for (const { progress, stream } of this.learners.values()) {
      if (stream.isBroken) continue;
      if (!stream.hasBegun && progress.promised) {
        stream.begin(store, log, this.epoch, header);
        progress.beginAt(log.lastIndex);
      }
      for (const number of stream.cut(store, log.lastIndex, rebuildsAhead, nowMs)) {
        this.emit({ type: 'segment-needed', position: this.name.position, number });
      }
    }
  }

  /** Of those whose streams have begun. */
  *progress(): IterableIterator<LearnerProgress> {
    for (const { progress, stream } of this.learners.values()) {
      const { nodeId, incarnation } = progress.member;
      if (stream.hasBegun) yield { ...this.name, nodeId, incarnation, ...stream.progress };
    }
  }

  /** No commit goes above this: what every counted learner has acknowledged in this epoch. */
  countedIndex(): number {
    let index = Infinity;
    for (const { counted, progress } of this.learners.values()) {
      if (counted) index = Math.min(index, progress.matched);
    }
    return index;
  }

  maybeCount(commitIndex: number): void {
    for (const learner of this.learners.values()) {
      const { progress, stream } = learner;
      if (!stream.isComplete || !progress.promised || stream.lastCutIndex > commitIndex) continue;
      // Under load it would never catch up by itself: commits wait for the little that it lacks.
      const lagBytes = this.state.log.bytesBetween(progress.matched, commitIndex);
      if (lagBytes <= LIMITS.maxPartitionAppendBytes) learner.counted = true;
      if (learner.counted && progress.matched >= commitIndex) learner.declaredEpoch = this.epoch;
    }
  }

  /** Those that are declared complete in this epoch. */
  declared(): readonly PeerProgress[] {
    return [...this.learners.values()]
      .filter(({ declaredEpoch }) => declaredEpoch === this.epoch)
      .map(({ progress }) => progress);
  }

  /** Attempts that cannot succeed any more, whether or not the learner knows. */
  brokenJoins(): readonly number[] {
    return [...this.learners.values()].filter(({ stream }) => stream.isBroken).map(({ stream }) => stream.joinIndex);
  }

  /** Entries before this one are needed by no stream. Gives up streams that hold back more than `maxBytes` of the log. */
  neededFrom(maxBytes: number): number {
    let needed = Infinity;
    for (const { progress, stream } of this.learners.values()) {
      if (!stream.hasBegun) continue;
      if (this.state.log.bytesBetween(progress.held, this.state.log.lastIndex) > maxBytes) this.break(progress);
      else needed = Math.min(needed, progress.held + 1);
    }
    return needed;
  }

  private find(peer: GroupMember, joinIndex: number): Learner | undefined {
    const learner = this.learners.get(peer.nodeId);
    if (learner?.progress.joinIndex !== joinIndex) return undefined;
    return sameMember(learner.progress.member, peer) ? learner : undefined;
  }
}

function isSame(joining: JoiningMember, progress: PeerProgress): boolean {
  return sameMember(joining, progress.member) && joining.joinIndex === progress.joinIndex;
}
