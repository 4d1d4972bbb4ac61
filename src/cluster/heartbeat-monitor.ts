/**
 * The Raft leader's view of the nodes, from their heartbeats: what the planner looks at, and the answers with their leases. One
 * for each time of leading, begun when the leader knows that it leads.
 */
import type { Incarnation, NodeId } from '../base/ids.js';
import { EMPTY_MAP, type ClusterMap } from './cluster-map.js';
import type { Code } from './code-layout.js';
import type { EccTimings } from './ecc-timings.js';
import type { GroupEpoch, GroupTrouble, Heartbeat, HeartbeatReply } from './heartbeat.js';
import { LeaseLedger } from './lease-ledger.js';
import { previewLosses, troublesOf, type LossPreview } from './loss-plan.js';
import type { LossPolicy } from './loss-policy.js';
import { planLetGo, planMapChange } from './map-planner.js';
import type { MapCommand } from './map-commands.js';
import { isAlive, type LossName, type NodeObservation, type Observations } from './observations.js';
import { isLeaveRefused, planHandOver } from './planned-hand-over.js';

/** Earlier lives of one node that are remembered, so that a heartbeat of theirs that was long under way counts for nothing. */
const MAX_EARLIER_LIVES = 16;

export interface HeartbeatMonitorParts {
  readonly timings: EccTimings;
  readonly code: Code;
  readonly leadsSinceMs: number;
  /** In which the leader leads. */
  readonly term: number;
  readonly lossPolicy: LossPolicy;
  /** Nodes that belong to the cluster; none: it is not known. */
  readonly members: () => readonly NodeId[];
}

export class HeartbeatMonitor {
  private readonly timings: EccTimings;
  private readonly code: Code;
  private readonly lossPolicy: LossPolicy;
  private readonly members: () => readonly NodeId[];
  private acceptedLosses: readonly GroupEpoch[] = [];
  private acknowledgedLosses: readonly LossName[] = [];
  private readonly removing = new Set<NodeId>();
  private readonly leadsSinceMs: number;
  private readonly term: number;
  private readonly ledger: LeaseLedger;
  private readonly nodes = new Map<NodeId, NodeObservation>();
  private readonly earlierLives = new Map<NodeId, readonly Incarnation[]>();
  private map: ClusterMap = EMPTY_MAP;
  private epochsSinceMs: readonly number[] = [];

  constructor(parts: HeartbeatMonitorParts) {
    this.timings = parts.timings;
    this.code = parts.code;
    this.lossPolicy = parts.lossPolicy;
    this.members = parts.members;
    this.leadsSinceMs = parts.leadsSinceMs;
    this.term = parts.term;
    this.ledger = new LeaseLedger(parts.timings);
  }

  /** The map as it has been applied; to be called before anything else, and whenever it changes. */
  onMap(map: ClusterMap, nowMs: number): void {
    this.epochsSinceMs = map.groups.map(({ id, epoch }) =>
      this.map.groups[id]?.epoch === epoch ? (this.epochsSinceMs[id] ?? nowMs) : nowMs,
    );
    this.map = map;
  }

  /**
   * The answer to a heartbeat; undefined to one of a process life that is over.
   *
   * @param quorumContactMs latest T such that a quorum has acknowledged a message sent at or after T
   * @param lastLogIndex Raft index of the leader's last entry, committed or not. @param underWay groups that a command in the log
   * will change: nobody need let go of them yet
   */
  onHeartbeat(
    heartbeat: Heartbeat,
    context: {
      readonly nowMs: number;
      readonly quorumContactMs: number;
      readonly lastLogIndex: number;
      readonly underWay: ReadonlySet<number>;
    },
  ): HeartbeatReply | undefined {
    const { nodeId, incarnation } = heartbeat;
    const known = this.nodes.get(nodeId);
    const earlier = this.earlierLives.get(nodeId) ?? [];
    const isOver = earlier.includes(incarnation);
    if (isOver) return undefined;
    const isProven = heartbeat.answeredIn === this.term;
    if (known?.incarnation !== incarnation && !isProven && !this.isExpected(heartbeat)) {
      // It may have been under way since before its node was started again: nothing is concluded before it has heard this answer.
      const { sequence } = heartbeat;
      const { lastLogIndex: mapIndex } = context;
      const nothing = { leaseMs: 0, letGo: [], troubles: [], handOver: [], leaveRefused: false };
      return { ...nothing, incarnation, sequence, term: this.term, mapIndex };
    }
    const isNewLife = known !== undefined && known.incarnation !== incarnation;
    if (isNewLife) this.earlierLives.set(nodeId, [known.incarnation, ...earlier].slice(0, MAX_EARLIER_LIVES));
    const isOvertaken = known?.incarnation === incarnation && known.heartbeat.sequence > heartbeat.sequence;
    if (!isOvertaken) this.nodes.set(nodeId, { incarnation, heartbeat, lastHeardMs: context.nowMs });

    const observed = this.observations(context.nowMs);
    this.ledger.ask(planLetGo(this.map, observed), this.map, context.nowMs);
    const aliveNodes = new Set([...this.nodes.keys()].filter((other) => isAlive(observed, other)));
    const answer = this.ledger.answer(heartbeat, { ...context, aliveNodes, map: this.map });
    const troubles = troublesOf(this.map, observed);
    const member = { nodeId, incarnation };
    const asked = planHandOver(this.map, observed, member);
    const handOver = asked.filter(({ group }) => !context.underWay.has(group));
    return { ...answer, term: this.term, troubles, handOver, leaveRefused: isLeaveRefused(this.map, observed, member) };
  }

  /** The first that is heard of a node, from the life that the map knows, if it knows one. */
  private isExpected({ nodeId, incarnation }: Heartbeat): boolean {
    if (this.nodes.has(nodeId)) return false;
    return this.map.groups.every(({ inSync, joining }) =>
      [...inSync, ...joining].every((member) => member.nodeId !== nodeId || member.incarnation === incarnation),
    );
  }

  /** Groups of which too few members are up. */
  troubles(nowMs: number): readonly GroupTrouble[] {
    return troublesOf(this.map, this.observations(nowMs));
  }

  /** What declaring the loss of the groups that are lost would do. */
  previewLosses(nowMs: number): readonly LossPreview[] {
    return previewLosses(this.map, this.observations(nowMs));
  }

  /** A person has given up what these groups have lost: to be declared as soon as it may be. */
  acceptLosses(losses: readonly GroupEpoch[]): void {
    this.acceptedLosses = losses;
  }

  /** The node is about to be taken out of the cluster: it leaves its groups, and joins none. */
  beginRemoval(nodeId: NodeId): void {
    this.removing.add(nodeId);
  }

  /** It is out, or stays. */
  endRemoval(nodeId: NodeId): void {
    this.removing.delete(nodeId);
  }

  /** Whether the node heartbeats, or this leader is too new to know. */
  mayBeUp(nodeId: NodeId, nowMs: number): boolean {
    const lastHeardMs = this.nodes.get(nodeId)?.lastHeardMs ?? this.leadsSinceMs;
    return nowMs - lastHeardMs < this.timings.heartbeatTimeoutMs;
  }

  /** A person has taken note of these losses. */
  acknowledgeLosses(losses: readonly LossName[]): void {
    this.acknowledgedLosses = losses;
  }

  /** The change of the map that is due; undefined while none is. @param underWay groups that a command in the log will change */
  plan(nowMs: number, underWay?: ReadonlySet<number>): MapCommand | undefined {
    return planMapChange(this.map, this.observations(nowMs), underWay);
  }

  observations(nowMs: number): Observations {
    return {
      nowMs,
      leadsSinceMs: this.leadsSinceMs,
      nodes: this.nodes,
      epochsSinceMs: this.epochsSinceMs,
      leases: this.ledger.leases(nowMs),
      overdue: this.ledger.overdue,
      timings: this.timings,
      code: this.code,
      members: this.members(),
      removing: this.removing,
      lossPolicy: this.lossPolicy,
      acceptedLosses: this.acceptedLosses,
      acknowledgedLosses: this.acknowledgedLosses,
    };
  }
}
