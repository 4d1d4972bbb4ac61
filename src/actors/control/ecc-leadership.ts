/**
 * What the Raft leader of ecc mode does beside leading: answers the heartbeats of all nodes with leases, and proposes changes of
 * the cluster map (DESIGN.md section 6). One object a leadership: it begins without knowing anybody, grants at once, and ends
 * with it. Who gets a lease and what is to change is decided by cluster/heartbeat-monitor.ts, which is pure.
 *
 * Invariants: a command is planned only on a map to which everything committed, an entry of this term included, has been
 * applied, and one at a time for a group; so the group that it was planned from is the one it will be applied to. Commands of
 * several groups are under way together: a node that leaves or is missed is in many, and each would wait for a round of Raft. One
 * that concerns all groups goes alone. Quorum contact (I4(b)) is the time at which the newest *confirmed* question to the
 * quorum was asked.
 */
import type { LogFields, Logger } from '../../base/log.js';
import type { NodeId } from '../../base/ids.js';
import type { ClusterMap } from '../../cluster/cluster-map.js';
import { HeartbeatMonitor } from '../../cluster/heartbeat-monitor.js';
import { sameRequests, type Heartbeat, type HeartbeatReply } from '../../cluster/heartbeat.js';
import type { MapCommand } from '../../cluster/map-commands.js';
import { encodeMapCommand } from '../../cluster/map-codec.js';
import type { ReadState } from '../../raft/ready.js';
import type { Scheduler } from '../runtime/scheduler.js';
import type { EccOptions } from './control-options.js';
import { DrainOffice } from './drain-office.js';
import { LossOffice } from './loss-office.js';
import type { RaftDriver } from './raft-driver.js';
import { encodeContactContext, sequenceOfContactContext } from './read-context.js';

export interface EccLeadershipParts {
  readonly ecc: EccOptions;
  /** Of this node. */
  readonly incarnation: number;
  /** In which this node leads. */
  readonly term: number;
  readonly driver: RaftDriver;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** As this node has applied it. */
  readonly map: () => ClusterMap;
  /** Nodes that belong to the cluster. */
  readonly members: () => readonly NodeId[];
  /** Whether the cluster is founded and everything committed has been applied here, an entry of this term included. */
  readonly isCaughtUp: () => boolean;
}

interface Proposed {
  readonly index: number;
  readonly type: string;
  /** Undefined: all. */
  readonly group: number | undefined;
  /** That it was planned from. */
  readonly map: ClusterMap;
}

export class EccLeadership {
  private readonly parts: EccLeadershipParts;
  readonly losses: LossOffice;
  readonly drains: DrainOffice;
  private readonly monitor: HeartbeatMonitor;
  /** Questions to the quorum that wait, oldest first. Raft gives up leading long before there are many. */
  private questions: { readonly sequence: number; readonly askedMs: number }[] = [];
  private lastQuestion = 0;
  private quorumContactMs = Number.NEGATIVE_INFINITY;
  /** Commands under way, in the log and not applied: one a group at most, or one of all groups. */
  private proposed: readonly Proposed[] = [];
  private stopTimer: () => void = () => undefined;

  constructor(parts: EccLeadershipParts) {
    this.parts = parts;
    const { ecc, scheduler } = parts;
    const nowMs = scheduler.nowMs();
    const { timings, onLoss: lossPolicy = 'wait' } = ecc;
    this.monitor = new HeartbeatMonitor({
      timings,
      code: ecc,
      lossPolicy,
      leadsSinceMs: nowMs,
      term: parts.term,
      members: parts.members,
    });
    const office = { monitor: this.monitor, scheduler, map: parts.map, onAsked: () => this.maybePropose() };
    this.losses = new LossOffice(office);
    this.drains = new DrainOffice(office);
    this.monitor.onMap(parts.map(), nowMs);
  }

  start(): void {
    const { scheduler, ecc } = this.parts;
    this.stopTimer = scheduler.after(ecc.timings.heartbeatMs, () => this.start());
    this.askQuorum();
    this.drains.look();
    this.maybePropose();
  }

  stop(): void {
    this.stopTimer();
    this.losses.stop();
    this.drains.stop();
  }

  /** A member's, known to be its own. Undefined when its sender's life is over. */
  onHeartbeat(heartbeat: Heartbeat): HeartbeatReply | undefined {
    const nowMs = this.parts.scheduler.nowMs();
    const { nodes } = this.monitor.observations(nowMs);
    const before = nodes.get(heartbeat.nodeId);
    const { lastIndex } = this.parts.driver.raw.status();
    const { quorumContactMs, groupsUnderWay: underWay } = this;
    const context = { nowMs, quorumContactMs, lastLogIndex: lastIndex, underWay };
    const reply = this.monitor.onHeartbeat(heartbeat, context);
    const isNews = before?.incarnation !== heartbeat.incarnation || !sameRequests(before.heartbeat, heartbeat);
    if (isNews) this.maybePropose();
    return reply;
  }

  /** A question of this node has been answered; it may be somebody else's. */
  onReadState({ context }: ReadState): void {
    const { incarnation, term } = this.parts;
    const sequence = sequenceOfContactContext(context, incarnation, term);
    const answered = this.questions.find((question) => question.sequence === sequence);
    if (answered === undefined) return;
    this.questions = this.questions.filter((question) => question.sequence > answered.sequence);
    this.quorumContactMs = answered.askedMs;
  }

  /** Everything up to `index` has been applied. */
  onApplied(index: number): void {
    const map = this.parts.map();
    this.monitor.onMap(map, this.parts.scheduler.nowMs());
    this.losses.onApplied();
    this.drains.look();
    const done = this.proposed.filter((proposed) => proposed.index <= index);
    this.proposed = this.proposed.filter((proposed) => proposed.index > index);
    const idle = done.filter(({ group, map: before }) =>
      group === undefined ? map === before : map.groups[group] === before.groups[group],
    );
    for (const { type: command, index: at } of idle) {
      // A defect of the planner, who would ask for the same again and again; the next tick is soon enough.
      this.parts.logger.error({ command, index: at }, 'a planned change had no effect');
    }
    if (idle.length === 0) this.maybePropose();
  }

  private askQuorum(): void {
    const { driver, incarnation, term, scheduler } = this.parts;
    const sequence = ++this.lastQuestion;
    this.questions.push({ sequence, askedMs: scheduler.nowMs() });
    driver.turn((raw) => raw.readIndex(encodeContactContext(incarnation, term, sequence)));
  }

  private get groupsUnderWay(): ReadonlySet<number> {
    return new Set(this.proposed.flatMap(({ group }) => group ?? []));
  }

  private maybePropose(): void {
    const { driver, scheduler, logger, isCaughtUp } = this.parts;
    while (isCaughtUp() && this.proposed.every(({ group }) => group !== undefined)) {
      const command = this.monitor.plan(scheduler.nowMs(), this.groupsUnderWay);
      if (command === undefined) return;
      const result = driver.turn((raw) => raw.propose(encodeMapCommand(command)));
      if (result.type !== 'appended') return; // leadership is being handed over; planned again with the next tick
      const group = 'group' in command ? command.group : undefined;
      const { index } = result;
      logger.info({ ...inShort(command), index }, 'changing the cluster map');
      this.proposed = [...this.proposed, { index, type: command.type, group, map: this.parts.map() }];
    }
  }
}

function inShort(command: MapCommand): LogFields {
  switch (command.type) {
    case 'create-groups':
      return { change: command.type, groups: command.groups.length };
    case 'cold-start':
      return { change: command.type, groups: command.epochs.length };
    case 'accept-loss':
      return {
        change: command.type,
        group: command.group,
        survivors: command.survivors.map(({ nodeId }) => nodeId).join(' '),
        emptied: command.beginners.map(({ nodeId }) => nodeId).join(' '),
      };
    case 'replace-holder':
      return { change: command.type, group: command.group, holder: command.holder, node: command.by };
    case 'renew':
    case 'raise-floor':
    case 'acknowledge-loss':
      return { change: command.type, group: command.group };
    default:
      return { change: command.type, group: command.group, node: command.member.nodeId };
  }
}
