/**
 * Tells the Raft leader in regular intervals that this node lives, and what its main thread reports, and publishes the leases
 * that come back (DESIGN.md section 6). Runs on every node, the leader included.
 *
 * A lease counts from when its heartbeat was sent. When the main thread hangs, nothing is sent: the lease runs out, and the
 * leader takes this node out of its groups.
 */
import type { Logger } from '../../base/log.js';
import type { EccTimings } from '../../cluster/ecc-timings.js';
import {
  EMPTY_REPORT,
  sameRequests,
  type DataReport,
  type GroupEpoch,
  type GroupTrouble,
  type Heartbeat,
  type HeartbeatReply,
} from '../../cluster/heartbeat.js';
import type { GroupMember } from '../../cluster/cluster-map.js';
import { LeaseHolder, type LeaseGrant } from '../../cluster/lease-holder.js';
import type { Scheduler } from '../runtime/scheduler.js';
import { MainWatch } from './main-watch.js';

export interface HeartbeatSenderParts {
  readonly self: GroupMember;
  readonly timings: EccTimings;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** See ControlParts. */
  readonly mainPulse: () => number;
  /** Raft id, 0 while none is known. */
  readonly leader: () => number;
  /** May get lost. */
  send(leader: number, heartbeat: Heartbeat): void;
  publishLease(grant: LeaseGrant): void;
  onLetGo(groups: readonly GroupEpoch[]): void;
  onHandOver(groups: readonly GroupEpoch[]): void;
  onLeaveRefused(): void;
  /** The leader's word on groups of which too few members are up has changed. */
  onTroubles(troubles: readonly GroupTrouble[]): void;
}

export class HeartbeatSender {
  private readonly parts: HeartbeatSenderParts;
  private readonly leases: LeaseHolder;
  private readonly mainWatch: MainWatch;
  private report: DataReport = EMPTY_REPORT;
  private toldTroubles = '[]';
  private answeredIn = 0;
  private stopTimer: () => void = () => undefined;

  constructor(parts: HeartbeatSenderParts) {
    this.parts = parts;
    this.leases = new LeaseHolder(parts.self.incarnation);
    const { mainPulse, timings, logger } = parts;
    this.mainWatch = new MainWatch(mainPulse, timings.leaseMs, (hangs) => {
      if (hangs)
        logger.error({ leaseMs: timings.leaseMs }, 'the main thread hangs: no heartbeats, so the lease runs out');
      else logger.info({}, 'the main thread runs again: heartbeats go on');
    });
  }

  start(): void {
    const { scheduler, timings } = this.parts;
    this.stopTimer = scheduler.after(timings.heartbeatMs, () => this.start());
    this.beat();
  }

  stop(): void {
    this.stopTimer();
  }

  /** What the main thread has to say from now on. What others wait for is told at once. */
  onReport(report: DataReport): void {
    const isNew = !sameRequests(report, this.report);
    // Who is about to stop hands one group over after the other: the change of the map is its turn for the next.
    const isNextTurn = report.leaving && report.mapIndex > this.report.mapIndex;
    this.report = report;
    if (isNew || isNextTurn) this.beat();
  }

  /** There is another leader, who knows nothing of this node. */
  onLeader(): void {
    this.beat();
  }

  onReply(reply: HeartbeatReply): void {
    const grant = this.leases.onReply(reply);
    if (grant !== undefined) this.parts.publishLease(grant);
    if (reply.letGo.length > 0) this.parts.onLetGo(reply.letGo);
    if (reply.handOver.length > 0) this.parts.onHandOver(reply.handOver);
    if (reply.leaveRefused) this.parts.onLeaveRefused();
    if (reply.incarnation === this.parts.self.incarnation && reply.term > this.answeredIn) {
      this.answeredIn = reply.term;
      // The leader waits for the proof that this is the life of the node that lasts.
      if (reply.leaseMs === 0) this.beat();
    }
    const troubles = JSON.stringify(reply.troubles);
    if (troubles === this.toldTroubles) return;
    this.toldTroubles = troubles;
    this.parts.onTroubles(reply.troubles);
  }

  private beat(): void {
    const { scheduler, self } = this.parts;
    const leader = this.parts.leader();
    const nowMs = scheduler.nowMs();
    if (this.mainWatch.hangs(nowMs) || leader === 0) return;
    const sequence = this.leases.begin(nowMs);
    this.parts.send(leader, { ...this.report, ...self, sequence, answeredIn: this.answeredIn });
  }
}
