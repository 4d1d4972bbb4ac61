/**
 * A cluster of nothing but leases and maps on virtual time, from one seed: real planner, monitor, lease holders and map commands
 * behind a network that loses, delays and overtakes, clocks that drift, nodes that pause and die, leaders that are deposed without
 * knowing it, links that break, primaries that let go or do not, nodes that say that they are leaving.
 *
 * After every step it checks I4: at most one node would answer a read of a partition, and a primary that is taken out holds no lease; and
 * that a holder comes back only to what has been let go of.
 */
import { assert } from '../../src/base/assert.js';
import { Prng } from '../../src/base/prng.js';
import { applyMapCommand, positionsToDeclare } from '../../src/cluster/apply-map-command.js';
import {
  EMPTY_MAP,
  membersOf,
  primaryOf,
  sameMember,
  type ClusterMap,
  type Group,
  type GroupMember,
} from '../../src/cluster/cluster-map.js';
import type { Code } from '../../src/cluster/code-layout.js';
import { DEFAULT_ECC_TIMINGS as TIMINGS } from '../../src/cluster/ecc-timings.js';
import type { DataReport, Heartbeat, HeartbeatReply } from '../../src/cluster/heartbeat.js';
import { HeartbeatMonitor } from '../../src/cluster/heartbeat-monitor.js';
import { LeaseHolder, type LeaseGrant } from '../../src/cluster/lease-holder.js';
import type { Declaration, MapCommand } from '../../src/cluster/map-commands.js';
import { primaryRoles } from '../../src/cluster/observations.js';
import { life } from './some-maps.js';

const STEP_MS = 10;

interface Leader {
  readonly monitor: HeartbeatMonitor;
  /** When a newer leader was elected; it goes on without knowing. */
  deposed: boolean;
  quorumContactMs: number;
  /** Planned and proposed, one a group at most, and when each will be committed; lost if the leader is deposed before. */
  proposals: readonly { readonly command: MapCommand; readonly dueMs: number }[];
}

/** One process life. */
class Process {
  readonly member: GroupMember;
  /** Local milliseconds in one of the simulation: 0.96 to 1.05, within driftPercent of the leader's 1. */
  readonly clockRate: number;
  readonly holder: LeaseHolder;
  readonly letGo = new Map<number, number>();
  appliedIndex = 0;
  map: ClusterMap = EMPTY_MAP;
  nextHeartbeatMs = 0;
  pausedUntilMs = 0;
  /** It is about to stop, or so it says. */
  leaving = false;
  answeredIn = 0;
  /** Grants that may become usable, and the one in use. */
  private pending: LeaseGrant[] = [];
  private leaseEndMs = Number.NEGATIVE_INFINITY;

  constructor(member: GroupMember, clockRate: number) {
    this.member = member;
    this.clockRate = clockRate;
    this.holder = new LeaseHolder(member.incarnation);
  }

  localMs(nowMs: number): number {
    return nowMs * this.clockRate;
  }

  take(reply: HeartbeatReply): void {
    if (reply.incarnation === this.member.incarnation) this.answeredIn = Math.max(this.answeredIn, reply.term);
    const grant = this.holder.onReply(reply);
    if (grant !== undefined) this.pending.push(grant);
  }

  /** I4(a): a grant counts once the map is applied up to its index; before, it extends nothing. */
  holdsLease(nowMs: number): boolean {
    for (const grant of this.pending) {
      if (grant.mapIndex <= this.appliedIndex) this.leaseEndMs = Math.max(this.leaseEndMs, grant.leaseEndMs);
    }
    this.pending = this.pending.filter((grant) => grant.mapIndex > this.appliedIndex).slice(-20);
    return this.localMs(nowMs) < this.leaseEndMs;
  }
}

export interface Tally {
  readonly commands: Map<MapCommand['type'], number>;
  /** Removals of a member that was primary of something, by process life that was still running. */
  primariesOut: number;
  livePrimariesOut: number;
  /** Promotions of a data holder for whom another one had acted. */
  handedBack: number;
}

function underWay({ proposals }: Leader): ReadonlySet<number> {
  return new Set(proposals.flatMap(({ command }) => ('group' in command ? command.group : [])));
}

export class LeaseSimulation {
  readonly tally: Tally = { commands: new Map(), primariesOut: 0, livePrimariesOut: 0, handedBack: 0 };
  private readonly prng: Prng;
  private readonly code: Code;
  private readonly processes: Process[];
  private readonly log: MapCommand[] = [];
  private readonly maps: ClusterMap[] = [EMPTY_MAP];
  private readonly leaders: Leader[] = [];
  private readonly badLinks = new Set<string>();
  private messages: { readonly dueMs: number; readonly deliver: () => void }[] = [];
  private nowMs = 0;
  private terms = 0;
  /** From when on nothing goes wrong any more. */
  private healed = false;

  constructor(seed: number, code: Code) {
    this.prng = new Prng(seed);
    this.code = code;
    this.processes = Array.from({ length: code.k + code.m }, (_, i) => this.start(life(i + 1)));
    this.elect();
  }

  run(durationMs: number): void {
    for (const endMs = this.nowMs + durationMs; this.nowMs < endMs; this.nowMs += STEP_MS) this.step();
  }

  /** No more trouble from now on. */
  heal(): void {
    this.healed = true;
    this.badLinks.clear();
    for (const process of this.processes) process.leaving = false;
  }

  /** Groups with k in-sync lives that still run: the others have lost more than the code can bear. */
  get bearable(): readonly Group[] {
    return this.map.groups.filter((group) => this.running(group).length >= this.code.k);
  }

  private running({ inSync }: Group): readonly GroupMember[] {
    return inSync.filter((member) => this.processes.some((other) => sameMember(other.member, member)));
  }

  /** Whether every group keeps k in-sync lives without that one. */
  private canSpare(member: GroupMember): boolean {
    return this.map.groups.every(
      (group) => this.running(group).filter((other) => !sameMember(other, member)).length >= this.code.k,
    );
  }

  /** By position, how many nodes answer for that partition of the group. */
  answers({ id, acting }: Group): readonly number[] {
    return acting.map((_, position) => this.answering(id, position).length);
  }

  get map(): ClusterMap {
    return this.maps.at(-1) ?? EMPTY_MAP;
  }

  private step(): void {
    if (!this.healed) this.makeTrouble();
    this.deliver();
    for (const process of this.processes) {
      if (process.pausedUntilMs > this.nowMs) continue;
      this.catchUp(process);
      if (process.localMs(this.nowMs) >= process.nextHeartbeatMs) this.heartbeat(process);
    }
    for (const leader of this.leaders) this.lead(leader);
    this.check();
  }

  private makeTrouble(): void {
    const { prng } = this;
    const number = prng.below(this.processes.length);
    const process = this.processes[number];
    assert(process !== undefined, 'a process');
    if (prng.chance(1, 700)) process.pausedUntilMs = this.nowMs + prng.between(100, 3_000);
    if (prng.chance(1, 300) && this.canSpare(process.member)) {
      this.processes[number] = this.start(life(number + 1, (process.member.incarnation % 100) + 1));
    }
    if (prng.chance(1, 300)) process.leaving = !process.leaving;
    if (prng.chance(1, 600)) this.elect();
    if (prng.chance(1, 300)) this.badLinks.add(linkOf(process.member, prng.pick(this.processes).member));
    if (prng.chance(1, 150)) this.badLinks.clear();
    if (prng.chance(1, 800)) {
      const group = prng.below(Math.max(1, process.map.groups.length));
      process.letGo.set(group, process.map.groups[group]?.epoch ?? 0);
    }
  }

  private start(member: GroupMember): Process {
    return new Process(member, this.prng.between(960, 1_050) / 1_000);
  }

  /**
   * A new leader; what the one before had proposed is lost. It has lost its quorum a minimum election timeout ago, or it has handed
   * the leadership over, and its quorum has followed it up to now.
   */
  private elect(): void {
    const before = this.leaders.at(-1);
    if (before !== undefined) {
      before.deposed = true;
      before.proposals = [];
      before.quorumContactMs = this.nowMs - (this.prng.chance(1, 2) ? 0 : TIMINGS.minElectionTimeoutMs);
    }
    const monitor = new HeartbeatMonitor({
      timings: TIMINGS,
      code: this.code,
      lossPolicy: 'wait',
      leadsSinceMs: this.nowMs,
      term: ++this.terms,
      members: () => [],
    });
    monitor.onMap(this.map, this.nowMs);
    this.leaders.push({ monitor, deposed: false, quorumContactMs: this.nowMs, proposals: [] });
    if (this.leaders.length > 2) this.leaders.shift();
  }

  private lead(leader: Leader): void {
    if (leader.deposed) return;
    leader.quorumContactMs = this.nowMs - this.prng.below(100);
    for (let next = leader.proposals[0]; next !== undefined && next.dueMs <= this.nowMs; next = leader.proposals[0]) {
      leader.proposals = leader.proposals.slice(1);
      this.commit(leader, next.command);
    }
    if (leader.proposals.some(({ command }) => !('group' in command))) return;
    const command = leader.monitor.plan(this.nowMs, underWay(leader));
    if (command === undefined) return;
    const dueMs = Math.max(leader.proposals.at(-1)?.dueMs ?? 0, this.nowMs + this.prng.between(10, 200));
    leader.proposals = [...leader.proposals, { command, dueMs }];
  }

  private commit(leader: Leader, command: MapCommand): void {
    const index = this.log.push(command);
    const before = this.map;
    const after = applyMapCommand(before, command, index);
    this.maps.push(after);
    leader.monitor.onMap(after, this.nowMs);
    if (after === before) return;
    this.tally.commands.set(command.type, (this.tally.commands.get(command.type) ?? 0) + 1);
    if (command.type === 'remove') this.checkRemoval(before, command);
    if (command.type === 'promote') this.checkPromotion(before, command);
  }

  /** I4(c) where it counts: when the removal takes effect. */
  private checkRemoval(before: ClusterMap, command: Extract<MapCommand, { type: 'remove' }>): void {
    const group = before.groups[command.group];
    assert(group !== undefined, 'the group is there');
    if (primaryRoles(group, before.k, command.member) === 0) return;
    this.tally.primariesOut++;
    const process = this.processes.find(({ member }) => sameMember(member, command.member));
    if (process === undefined) return;
    this.tally.livePrimariesOut++;
    const hasLetGo = process.letGo.get(group.id) === group.epoch;
    assert(hasLetGo || !process.holdsLease(this.nowMs), 'a primary that is taken out has let go or holds no lease');
  }

  /** A holder takes over only when who acted for it has let go: then nothing that it was asked is without an answer. */
  private checkPromotion(before: ClusterMap, command: Extract<MapCommand, { type: 'promote' }>): void {
    const group = before.groups[command.group];
    const position = group?.holders.indexOf(command.member.nodeId) ?? 0;
    if (group === undefined || position >= before.k) return;
    const acting = this.processes.find(({ member }) => member.nodeId === primaryOf(group, position)?.nodeId);
    if (acting === undefined || !sameMember(acting.member, primaryOf(group, position) ?? acting.member)) return;
    const hasLetGo = acting.letGo.get(group.id) === group.epoch || acting.map.groups[group.id]?.epoch !== group.epoch;
    assert(hasLetGo, 'who acts for a holder has let go when the holder comes in sync');
    this.tally.handedBack++;
  }

  private catchUp(process: Process): void {
    if (!this.healed && this.prng.chance(4, 5)) return;
    process.appliedIndex = this.healed ? this.log.length : this.prng.between(process.appliedIndex, this.log.length);
    process.map = this.maps[process.appliedIndex] ?? EMPTY_MAP;
    for (const [group, epoch] of process.letGo) {
      if (process.map.groups[group]?.epoch !== epoch) process.letGo.delete(group);
    }
  }

  private heartbeat(process: Process): void {
    const localMs = process.localMs(this.nowMs);
    process.nextHeartbeatMs = localMs + TIMINGS.heartbeatMs;
    const sequence = process.holder.begin(localMs);
    const heartbeat: Heartbeat = {
      ...this.report(process),
      ...process.member,
      sequence,
      answeredIn: process.answeredIn,
    };
    for (const leader of this.leaders) this.send(() => this.answer(leader, process, heartbeat));
  }

  private answer(leader: Leader, process: Process, heartbeat: Heartbeat): void {
    const lastLogIndex = this.log.length + leader.proposals.length;
    const { quorumContactMs } = leader;
    const context = { nowMs: this.nowMs, quorumContactMs, lastLogIndex, underWay: underWay(leader) };
    const reply = leader.monitor.onHeartbeat(heartbeat, context);
    if (reply === undefined) return;
    this.send(() => {
      if (process.pausedUntilMs > this.nowMs) return;
      process.take(reply);
      for (const { group, epoch } of [...reply.letGo, ...reply.handOver]) {
        const isCurrent = process.map.groups[group]?.epoch === epoch;
        if (isCurrent && (this.healed || this.prng.chance(1, 3))) process.letGo.set(group, epoch);
      }
    });
  }

  private report(process: Process): DataReport {
    const { map, member, appliedIndex, leaving } = process;
    const learns = map.groups.flatMap((group) => group.joining.map((learner) => ({ group, learner })));
    const declarations = learns.flatMap(({ group, learner }) =>
      positionsToDeclare(group, map.k, learner)
        .filter((position) => primaryOf(group, position)?.nodeId === member.nodeId)
        .map((position): Declaration => {
          const { nodeId, incarnation, joinIndex } = learner;
          return { group: group.id, position, epoch: group.epoch, learner: { nodeId, incarnation }, joinIndex };
        }),
    );
    const brokenJoins = learns
      .filter(({ learner }) => sameMember(learner, member) && !this.healed && this.prng.chance(1, 20))
      .map(({ group, learner }) => ({ group: group.id, joinIndex: learner.joinIndex }));
    const unacknowledged = this.processes
      .filter((other) => this.badLinks.has(linkOf(member, other.member)))
      .map((other) => ({ nodeId: other.member.nodeId, ageMs: TIMINGS.linkTimeoutMs + 1 }));
    const letGo = [...process.letGo].map(([group, epoch]) => ({ group, epoch }));
    return {
      mapIndex: appliedIndex,
      letGo,
      declarations,
      brokenJoins,
      unacknowledged,
      lastIndexes: [],
      freeBytes: 0,
      leaving,
      refillPaused: false,
      damaged: [],
    };
  }

  private send(deliver: () => void): void {
    if (!this.healed && this.prng.chance(1, 12)) return;
    const slow = !this.healed && this.prng.chance(1, 20);
    this.messages.push({ dueMs: this.nowMs + this.prng.between(1, slow ? 1_500 : 60), deliver });
  }

  private deliver(): void {
    const due = this.messages.filter(({ dueMs }) => dueMs <= this.nowMs);
    this.messages = this.messages.filter(({ dueMs }) => dueMs > this.nowMs);
    for (const { deliver } of due) deliver();
  }

  private check(): void {
    for (const group of this.map.groups) {
      const isOneAtMost = this.answers(group).every((count) => count <= 1);
      assert(isOneAtMost, 'at most one node answers reads for a partition');
    }
  }

  /** Who would answer a read, a paused process as well: it may have read its clock just before. */
  private answering(groupId: number, position: number): readonly Process[] {
    return this.processes.filter((process) => {
      const group = process.map.groups[groupId];
      if (group === undefined) return false;
      const primary = primaryOf(group, position);
      if (primary === undefined || !sameMember(primary, process.member)) return false;
      if (process.letGo.get(groupId) === group.epoch || !process.holdsLease(this.nowMs)) return false;
      return this.isPromised(group, process.map.k, position);
    });
  }

  /** Every member has applied this epoch or a later one: what the partition protocol sees to before a new primary serves. */
  private isPromised(group: Group, k: number, position: number): boolean {
    return membersOf(group, k, position).every((member) =>
      this.processes.some(
        (other) => sameMember(other.member, member) && (other.map.groups[group.id]?.epoch ?? 0) >= group.epoch,
      ),
    );
  }
}

function linkOf(a: GroupMember, b: GroupMember): string {
  return [a.nodeId, b.nodeId].toSorted().join(' ');
}
