/**
 * One Raft node: the way into and out of the core. Messages, ticks and wishes go in through the methods; everything that
 * has to be persisted, sent, applied or answered comes out of `ready()`. It opens no socket, reads no clock and starts
 * nothing; one thread at a time may use it. The shape is that of etcd/raft's RawNode.
 *
 *     node.tick() / node.step(message) / node.propose(data)
 *     while (node.hasReady()) { const ready = node.ready(); ...carry it out (see Ready)...; node.advance(); }
 */
import { assert } from '../base/assert.js';
import { EMPTY_BYTES } from '../base/bytes.js';
import { encodeConfChange, type ConfChange, type ConfChangeV2 } from './conf-change.js';
import { resolveConfig, type RaftConfig } from './config.js';
import { isValidConfiguration } from './configuration.js';
import { RaftCore } from './core.js';
import { maybeCampaign, type CampaignRefusal } from './election.js';
import { onSnapshotSent, onUnreachable } from './leader.js';
import { applyConfChange, switchToConfiguration } from './membership.js';
import { refuseMessage } from './message-guard.js';
import type { PeerMessage, ProposalResult, Refusal, StorageResponse } from './messages.js';
import { forgetLeader, propose, readIndex, step, tick, transferLeader } from './raft.js';
import { acceptReady, assembleReady, hasReady, type HandedOut } from './ready-assembly.js';
import type { Ready } from './ready.js';
import { nodeStatus, type NodeStatus } from './status.js';
import { onStored } from './storage-progress.js';
import type { ConfState, Entry } from './types.js';

export class RawNode {
  /** For invariant checks of tests and of the simulator; shells use the methods. */
  readonly core: RaftCore;
  /** Soft and hard state as the shell knows them. */
  private handedOut: HandedOut;
  /** What `advance` has to bring back to the core: the node's own votes and acknowledgements, and storage progress. */
  private stepsOnAdvance: readonly (PeerMessage | StorageResponse)[] | undefined;

  /**
   * Starts, or restarts, from what `config.storage` holds. A new group is bootstrapped by a storage that holds a snapshot
   * with its first members.
   */
  constructor(config: RaftConfig) {
    const resolved = resolveConfig(config);
    const core = new RaftCore(resolved);
    const { hardState, confState } = resolved.storage.initialState();
    assert(isValidConfiguration(confState), 'the stored configuration keeps the rules');
    assert(hardState.commit <= core.log.lastIndex(), 'the stored commit index lies within the log');
    assert(resolved.applied <= core.log.lastIndex(), 'the applied index lies within the log');
    // What was applied was committed, even if the commit index itself, which need not be flushed, has been lost.
    core.log.commitTo(Math.max(hardState.commit, resolved.applied));
    core.term = hardState.term;
    core.vote = hardState.vote;
    if (resolved.applied > core.log.applied) core.log.appliedTo(resolved.applied, 0);
    switchToConfiguration(core, confState, core.log.applied);
    core.becomeFollower(core.term, 0);
    this.core = core;
    this.handedOut = { softState: core.softState, hardState: core.hardState };
  }

  /** One unit of time has passed. Heartbeats and election timeouts are counted in it. */
  tick(): void {
    tick(this.core);
  }

  /** A message has come from the network. Gives the reason when it had no effect, which harms nobody. */
  step(message: PeerMessage): Refusal | undefined {
    const refusal = refuseMessage(message, this.core.id);
    if (refusal) return refusal;
    switch (message.type) {
      case 'append-response':
      case 'heartbeat-response':
      case 'vote-response':
      case 'pre-vote-response':
      case 'read-index-response':
        if (!this.core.tracker.of(message.from)) return 'unknown-peer';
        break;
      default:
        break;
    }
    return step(this.core, message);
  }

  /**
   * Asynchronous storage writes only: a response from `storageAppend` or `storageApply` that is addressed to this node,
   * after its write was carried out.
   */
  stored(response: PeerMessage | StorageResponse): void {
    assert(this.core.config.asyncStorageWrites, 'storage responses belong to asynchronous storage writes');
    assert(response.to === this.core.id, 'storage responses come back to their node');
    onStored(this.core, response);
  }

  /** Wants `data` (handed over) to be appended to the log. */
  propose(data: Uint8Array): ProposalResult {
    return propose(this.core, [{ type: 'normal', data }]);
  }

  /** Wants to be leader now. Gives the reason when it does not even try. */
  campaign(): CampaignRefusal | undefined {
    return maybeCampaign(this.core, this.core.config.preVote ? 'pre-election' : 'election');
  }

  /**
   * Wants the membership to change. `change` is {@link LEAVE_JOINT} to leave an explicit joint configuration. When the
   * entry is committed the shell hands it to {@link applyConfChange}.
   */
  proposeConfChange(change: ConfChangeV2): ProposalResult {
    return propose(this.core, [{ type: 'conf-change-v2', data: encodeConfChange(change) }]);
  }

  /** As {@link proposeConfChange}, of a single change in the old form of entry. */
  proposeSingleConfChange(change: ConfChange, context: Uint8Array = EMPTY_BYTES): ProposalResult {
    const data = encodeConfChange({ transition: 'auto', changes: [change], context });
    return propose(this.core, [{ type: 'conf-change', data }]);
  }

  /**
   * A committed entry of a conf-change type is being applied, in its turn among the others. Gives the configuration that is
   * now in force, to be stored with the next snapshot.
   */
  applyConfChange(entry: Entry): ConfState {
    return applyConfChange(this.core, entry);
  }

  /**
   * Wants a ReadState named `context` (handed over). None comes when the leader changes or a message is lost: ask again
   * after a while, under a name of its own.
   */
  readIndex(context: Uint8Array): Refusal | undefined {
    return readIndex(this.core, { from: this.core.id, context });
  }

  /** Wants `transferee` to lead. It has an election timeout to take over; until then proposals are dropped. */
  transferLeader(transferee: number): Refusal | undefined {
    return transferLeader(this.core, transferee);
  }

  /** A follower forgets its leader, e.g. because its connection broke. Ignored with lease-based reads. */
  forgetLeader(): void {
    forgetLeader(this.core);
  }

  /** The last message to `id` was probably lost. */
  reportUnreachable(id: number): void {
    const progress = this.core.role === 'leader' ? this.core.tracker.of(id) : undefined;
    if (progress) onUnreachable(progress);
  }

  /**
   * The data of the snapshot for `id` has been transferred, or could not be. Must be called in the end for every
   * `snapshot` message, for nothing else is sent to `id` before.
   */
  reportSnapshot(id: number, succeeded: boolean): void {
    const progress = this.core.role === 'leader' ? this.core.tracker.of(id) : undefined;
    if (progress) onSnapshotSent(progress, succeeded);
  }

  hasReady(): boolean {
    return hasReady(this.core, this.handedOut);
  }

  /** What is to be done. It has to be carried out, in the order that Ready describes, and then be `advance`d. */
  ready(): Ready {
    assert(this.stepsOnAdvance === undefined, 'a Ready is advanced before the next one is taken');
    const ready = assembleReady(this.core, this.handedOut);
    const steps = acceptReady(this.core, ready);
    if (!this.core.config.asyncStorageWrites) this.stepsOnAdvance = steps;
    this.handedOut = {
      softState: ready.softState ?? this.handedOut.softState,
      hardState: ready.hardState ?? this.handedOut.hardState,
    };
    return ready;
  }

  /** The last Ready has been carried out: persisted, sent and applied. Not with asynchronous storage writes. */
  advance(): void {
    assert(this.stepsOnAdvance !== undefined, 'only a Ready that was taken is advanced');
    const steps = this.stepsOnAdvance;
    this.stepsOnAdvance = undefined;
    for (const response of steps) onStored(this.core, response);
  }

  status(): NodeStatus {
    return nodeStatus(this.core);
  }
}
