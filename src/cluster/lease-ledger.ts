/**
 * The Raft leader's side of leases (DESIGN.md, I4 b and c): decides on each heartbeat whether it is answered with a lease, knows
 * until when each process life may hold one, and asks primaries to let go. Begun afresh with every term of leading: what an
 * earlier leader granted is not in it, which is what the quiet time of map-planner.ts is for (I4 d).
 *
 * A node that is asked to let go of a group, and has not one lease time later, gets no more leases until the group has a new epoch.
 */
import type { NodeId } from '../base/ids.js';
import { sameMember, type ClusterMap, type GroupMember } from './cluster-map.js';
import { withDrift, type EccTimings } from './ecc-timings.js';
import type { Heartbeat, HeartbeatReply } from './heartbeat.js';

/** `member` is to answer nothing more as a primary of `group` in `epoch`. */
export interface LetGoRequest {
  readonly member: GroupMember;
  readonly group: number;
  readonly epoch: number;
}

export interface Lease {
  readonly member: GroupMember;
  /** On the leader's clock, drift included. From then on the node answers nothing by any grant of this leader. */
  readonly endMs: number;
}

/** What the leader knows when it answers a heartbeat. */
export interface GrantContext {
  readonly nowMs: number;
  /** Latest T such that a quorum has acknowledged a message sent at or after T. */
  readonly quorumContactMs: number;
  /** Raft index of the leader's last log entry, committed or not. */
  readonly lastLogIndex: number;
  /** Nodes that have been heard from within heartbeatTimeoutMs, the sender included. */
  readonly aliveNodes: ReadonlySet<NodeId>;
  readonly map: ClusterMap;
}

interface Asked {
  readonly request: LetGoRequest;
  readonly sinceMs: number;
  /** Whether leases are withheld for it; stays so until the group has another epoch. */
  readonly overdue: boolean;
}

/** What a reply to a heartbeat says about leases. */
export type LeaseAnswer = Omit<HeartbeatReply, 'term' | 'troubles' | 'handOver' | 'leaveRefused'>;

export class LeaseLedger {
  private readonly timings: EccTimings;
  /** Those that run, and those that ran out since the last heartbeat. */
  private running: readonly Lease[] = [];
  private asked: readonly Asked[] = [];

  constructor(timings: EccTimings) {
    this.timings = timings;
  }

  /** Leases that may be in force at `nowMs`. */
  leases(nowMs: number): readonly Lease[] {
    return this.running.filter(({ endMs }) => endMs > nowMs);
  }

  /** Requests that were not followed in time: these members get no leases until the group has another epoch. */
  get overdue(): readonly LetGoRequest[] {
    return this.asked.filter(({ overdue }) => overdue).map(({ request }) => request);
  }

  /**
   * Who is to let go of what, by the newest plan. What is not asked for any more is forgotten, unless it is overdue; requests of
   * another epoch than the map's are settled.
   */
  ask(requests: readonly LetGoRequest[], map: ClusterMap, nowMs: number): void {
    const isOpen = ({ group, epoch }: LetGoRequest): boolean => map.groups[group]?.epoch === epoch;
    const kept = this.asked.filter(
      ({ request, overdue }) => isOpen(request) && (overdue || requests.some((other) => sameRequest(request, other))),
    );
    const isKept = (request: LetGoRequest): boolean => kept.some((known) => sameRequest(known.request, request));
    const added = requests
      .filter((request) => isOpen(request) && !isKept(request))
      .map((request): Asked => ({ request, sinceMs: nowMs, overdue: false }));
    this.asked = [...kept, ...added];
  }

  /** The answer; a lease in it is on the books. */
  answer(heartbeat: Heartbeat, context: GrantContext): LeaseAnswer {
    const mine = this.renewAsked(heartbeat, context.nowMs);
    const { incarnation, sequence } = heartbeat;
    const reply = { incarnation, sequence, mapIndex: context.lastLogIndex, letGo: mine.map(({ request }) => request) };
    const letGo = reply.letGo.map(({ group, epoch }) => ({ group, epoch }));
    if (mine.some(({ overdue }) => overdue) || !this.mayGrant(heartbeat, context))
      return { ...reply, letGo, leaseMs: 0 };
    this.enter(heartbeat, context.nowMs);
    return { ...reply, letGo, leaseMs: this.timings.leaseMs };
  }

  /** What the sender is asked for, after those that it has not followed in time have become overdue. */
  private renewAsked(heartbeat: Heartbeat, nowMs: number): readonly Asked[] {
    const hasLetGo = ({ group, epoch }: LetGoRequest): boolean =>
      heartbeat.letGo.some((given) => given.group === group && given.epoch === epoch);
    this.asked = this.asked.map((asked) => {
      if (asked.overdue || !sameMember(asked.request.member, heartbeat) || hasLetGo(asked.request)) return asked;
      return { ...asked, overdue: nowMs - asked.sinceMs >= this.timings.leaseMs };
    });
    return this.asked.filter(({ request }) => sameMember(request.member, heartbeat));
  }

  /** I4(b). A node that holds nothing needs no lease. */
  private mayGrant({ nodeId }: Heartbeat, context: GrantContext): boolean {
    const { nowMs, quorumContactMs, aliveNodes, map } = context;
    const contactIsOld = nowMs - quorumContactMs >= this.timings.minElectionTimeoutMs;
    if (contactIsOld) return false;
    const held = map.groups.filter(({ holders }) => holders.includes(nodeId));
    const alive = (holders: readonly NodeId[]): number => holders.filter((holder) => aliveNodes.has(holder)).length;
    return held.length > 0 && held.every(({ holders }) => alive(holders) >= map.k);
  }

  private enter({ nodeId, incarnation }: Heartbeat, nowMs: number): void {
    const member = { nodeId, incarnation };
    const endMs = nowMs + withDrift(this.timings, this.timings.leaseMs);
    const others = this.leases(nowMs).filter((lease) => !sameMember(lease.member, member));
    // The clock does not go back, so the newest grant ends last.
    this.running = [...others, { member, endMs }];
  }
}

function sameRequest(a: LetGoRequest, b: LetGoRequest): boolean {
  return a.group === b.group && a.epoch === b.epoch && sameMember(a.member, b.member);
}
