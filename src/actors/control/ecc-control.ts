/**
 * What the control side does in ecc mode beside Raft: sends this node's heartbeats, takes those of the others while it leads, and
 * tells the main thread the cluster map. Owned by the control actor, from when the node has a place in the cluster.
 */
import { assert, assertNever } from '../../base/assert.js';
import { isIncarnation } from '../../base/ids.js';
import type { DataReport, Heartbeat } from '../../cluster/heartbeat.js';
import type { Speaker } from '../../cluster/speaker.js';
import type { ReadState, SoftState } from '../../raft/ready.js';
import type { Entry, SnapshotMetadata } from '../../raft/types.js';
import type { ClusterState } from './cluster-state.js';
import { decodeControlMessage, encodeControlMessage } from './control-message.js';
import type { ControlParts, EccOptions } from './control-options.js';
import type { DrainOffice } from './drain-office.js';
import { EccLeadership } from './ecc-leadership.js';
import type { ControlEvent } from './events.js';
import { HeartbeatSender } from './heartbeat-sender.js';
import type { LossOffice } from './loss-office.js';
import type { ControlSender } from './ports.js';
import type { RaftDriver } from './raft-driver.js';

export interface EccControlParts extends Pick<
  ControlParts,
  'log' | 'transport' | 'scheduler' | 'logger' | 'mainPulse' | 'publishLease'
> {
  readonly ecc: EccOptions;
  /** This node, with its raft id. */
  readonly speaker: Speaker;
  readonly driver: RaftDriver;
  readonly state: ClusterState;
  emit(event: ControlEvent): void;
}

export class EccControl {
  private readonly parts: EccControlParts;
  private readonly self: ControlSender;
  private readonly sender: HeartbeatSender;
  /** While this node leads. */
  private leadership: EccLeadership | undefined;
  private softState: SoftState = { leader: 0, role: 'follower' };
  /** Of the last entry that has been applied here. */
  private applied = { index: 0, term: 0 };

  constructor(parts: EccControlParts) {
    this.parts = parts;
    const { ecc, scheduler, logger, mainPulse, log } = parts;
    const { nodeId, incarnation, raftId } = parts.speaker;
    assert(isIncarnation(incarnation), 'an incarnation is drawn from its range');
    this.self = { nodeId, incarnation, raftId };
    this.sender = new HeartbeatSender({
      self: { nodeId, incarnation },
      timings: ecc.timings,
      scheduler,
      logger,
      mainPulse,
      leader: () => this.softState.leader,
      send: (leader, heartbeat) => this.sendHeartbeat(leader, heartbeat),
      publishLease: (grant) => parts.publishLease(grant),
      onLetGo: (groups) => parts.emit({ type: 'let-go', groups }),
      onHandOver: (groups) => parts.emit({ type: 'hand-over', groups }),
      onLeaveRefused: () => parts.emit({ type: 'leave-refused' }),
      onTroubles: (troubles) => parts.emit({ type: 'troubles', troubles }),
    });
    this.sender.start();
    const snapshot = log.snapshot();
    if (snapshot !== 'unavailable' && snapshot.metadata.index > 0) this.onRestored(snapshot.metadata);
  }

  stop(): void {
    this.sender.stop();
    this.leadership?.stop();
  }

  onReport(report: DataReport): void {
    this.sender.onReport(report);
  }

  /** Undefined unless this node leads. */
  get losses(): LossOffice | undefined {
    return this.leadership?.losses;
  }

  /** Undefined unless this node leads. */
  get drains(): DrainOffice | undefined {
    return this.leadership?.drains;
  }

  /** Throws MalformedBytes. */
  onControl(from: ControlSender, bytes: Uint8Array): void {
    const message = decodeControlMessage(bytes);
    switch (message.type) {
      case 'heartbeat':
        this.onHeartbeat(from, message.heartbeat);
        return;
      case 'heartbeat-reply':
        this.sender.onReply(message.reply);
        return;
      default:
        assertNever(message, 'control message');
    }
  }

  onSoftState(state: SoftState): void {
    const { leader } = this.softState;
    this.softState = state;
    if (state.role !== 'leader') this.stopLeading();
    else if (this.leadership === undefined) this.startLeading();
    if (state.leader !== 0 && state.leader !== leader) this.sender.onLeader();
  }

  onReadState(state: ReadState): void {
    this.leadership?.onReadState(state);
  }

  /** All of `entries` has been applied to the cluster's state, and the main thread been told. */
  onCommitted(entries: readonly Entry[]): void {
    const last = entries.at(-1);
    if (last === undefined) return;
    this.onApplied(last.index, last.term);
  }

  /** The state is that of a snapshot. */
  onRestored({ index, term }: SnapshotMetadata): void {
    this.onApplied(index, term);
  }

  private onApplied(index: number, term: number): void {
    this.applied = { index, term };
    this.parts.emit({ type: 'map', index, map: this.parts.state.map.current });
    this.leadership?.onApplied(index);
  }

  private onHeartbeat(from: ControlSender, heartbeat: Heartbeat): void {
    const isOwn = heartbeat.nodeId === from.nodeId && heartbeat.incarnation === from.incarnation;
    const member = this.parts.state.members.byRaftId(from.raftId);
    if (!isOwn || member?.nodeId !== from.nodeId) return;
    const reply = this.leadership?.onHeartbeat(heartbeat);
    if (reply === undefined) return;
    if (from.raftId === this.self.raftId) this.sender.onReply(reply);
    else this.parts.transport.sendControl(from.raftId, encodeControlMessage({ type: 'heartbeat-reply', reply }));
  }

  private sendHeartbeat(leader: number, heartbeat: Heartbeat): void {
    if (leader === this.self.raftId) this.onHeartbeat(this.self, heartbeat);
    else this.parts.transport.sendControl(leader, encodeControlMessage({ type: 'heartbeat', heartbeat }));
  }

  private startLeading(): void {
    const { ecc, driver, state, scheduler, logger } = this.parts;
    const { term } = driver.raw.status().hardState;
    this.leadership = new EccLeadership({
      ecc,
      incarnation: this.self.incarnation,
      term,
      driver,
      scheduler,
      logger,
      map: () => state.map.current,
      members: () => state.members.list.map(({ nodeId }) => nodeId),
      isCaughtUp: () => {
        const { index } = this.applied;
        const isFounded = state.members.clusterId !== undefined;
        return isFounded && this.applied.term === term && index === driver.raw.status().hardState.commit;
      },
    });
    this.leadership.start();
  }

  private stopLeading(): void {
    this.leadership?.stop();
    this.leadership = undefined;
  }
}
