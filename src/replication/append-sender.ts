/** Sends a primary's log to its peers: what each lacks, as far as its window allows, and empty Appends where they are owed. */
import { LIMITS } from '../base/limits.js';
import type { PartitionName } from '../cluster/cluster-map.js';
import type { Effect } from './effects.js';
import type { Learners } from './learners.js';
import type { LogEntry } from './messages.js';
import type { PartitionState } from './partition-state.js';
import type { PeerProgress } from './peer-progress.js';

/** A peer is told a new commit index after this, when there is nothing else to send (DESIGN.md: within 50 ms). */
const TELL_COMMIT_MS = 10;
/** An Append without an answer is followed by another, which shows what was lost. */
const PROBE_MS = 200;

export class AppendSender {
  private readonly name: PartitionName;
  private readonly state: PartitionState;
  private readonly learners: Learners;
  private readonly emit: (effect: Effect) => void;

  constructor(name: PartitionName, state: PartitionState, learners: Learners, emit: (effect: Effect) => void) {
    this.name = name;
    this.state = state;
    this.learners = learners;
    this.emit = emit;
  }

  sendTo(peer: PeerProgress, epoch: number, nowMs: number): void {
    if (nowMs < peer.pausedUntilMs) return;
    if (peer.joinIndex > 0) this.sendToLearner(peer, epoch, nowMs);
    else this.sendLog(peer, epoch, this.state.appliedIndex, nowMs);
  }

  private sendToLearner(peer: PeerProgress, epoch: number, nowMs: number): void {
    const stream = this.learners.streamOf(peer);
    if (stream === undefined) return;
    const { appliedIndex } = this.state;
    if (!stream.hasBegun) {
      // Accepting this one is the promise; the stream begins when it is there.
      if (peer.owesAppend || this.isProbeDue(peer, nowMs)) this.send(peer, epoch, 0, [], 0, nowMs);
      return;
    }
    const commitIndex = Math.min(appliedIndex, stream.commitLimit);
    // In a new epoch nothing goes out before the promise: what is refused would be missing in the stream.
    if (stream.isBegunAtLearner && !peer.isFollowing) return this.sendLog(peer, epoch, commitIndex, nowMs);
    this.sendFrames(peer, nowMs);
    if (!stream.isBegunAtLearner) return;
    this.sendLog(peer, epoch, Math.min(appliedIndex, stream.commitLimit), nowMs);
    this.sendFrames(peer, nowMs);
  }

  private sendFrames(peer: PeerProgress, nowMs: number): void {
    const frames = this.learners.streamOf(peer)?.takeReady(this.state.appliedIndex, peer.next, nowMs) ?? [];
    for (const message of frames) this.emit({ type: 'send', to: peer.member.nodeId, message });
  }

  private sendLog(peer: PeerProgress, epoch: number, commitIndex: number, nowMs: number): void {
    const { log } = this.state;
    while (
      peer.isFollowing &&
      peer.next <= log.lastIndex &&
      log.bytesBetween(peer.held, peer.next - 1) < LIMITS.maxPartitionInflightBytes
    ) {
      const entries = log.slice(peer.next, log.lastIndex, LIMITS.maxPartitionAppendBytes);
      this.send(peer, epoch, peer.next - 1, entries, commitIndex, nowMs);
    }
    const isTold = peer.toldCommit >= commitIndex || nowMs - peer.lastSentMs < TELL_COMMIT_MS;
    if (peer.owesAppend || !isTold || this.isProbeDue(peer, nowMs)) {
      this.send(peer, epoch, peer.next - 1, [], commitIndex, nowMs);
    }
  }

  private isProbeDue(peer: PeerProgress, nowMs: number): boolean {
    return peer.unacknowledgedSinceMs !== undefined && nowMs - peer.lastSentMs >= PROBE_MS;
  }

  private send(
    peer: PeerProgress,
    epoch: number,
    prevIndex: number,
    entries: readonly LogEntry[],
    commitIndex: number,
    nowMs: number,
  ): void {
    const { joinIndex, askedBytes } = peer;
    const prevEpoch = prevIndex === 0 ? 0 : (this.state.log.epochAt(prevIndex) ?? 0);
    this.emit({
      type: 'send',
      to: peer.member.nodeId,
      message: {
        type: 'append',
        ...this.name,
        epoch,
        joinIndex,
        prevIndex,
        prevEpoch,
        commitIndex,
        entries,
        askedBytes,
      },
    });
    peer.onSent(prevIndex + entries.length, commitIndex, nowMs);
  }
}
