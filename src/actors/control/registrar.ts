/**
 * Keeps the list of nodes while this node leads: admits nodes that ask for a place, makes voters of learners that have
 * caught up, takes nodes out, and writes down addresses that have changed. What is decided comes from
 * cluster/membership-plan.ts; what is decided takes effect only through the Raft log.
 */
import { DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { isNodeId, type NodeId, type RaftId } from '../../base/ids.js';
import { encodeAddedMembers, encodeMemberCommand } from '../../cluster/member-codec.js';
import { sameMember, type Member, type MemberCommand } from '../../cluster/members.js';
import {
  planAdmission,
  planPromotion,
  planRemoval,
  type MembershipChange,
  type MembershipObservation,
} from '../../cluster/membership-plan.js';
import type { Speaker } from '../../cluster/speaker.js';
import type { ConfState } from '../../raft/types.js';
import type { Scheduler } from '../runtime/scheduler.js';
import { AppliedWaiters } from './applied-waiters.js';
import type { MemberTable } from './member-table.js';
import type { JoinAnswer } from './ports.js';
import type { RaftDriver } from './raft-driver.js';

/** Ticks between looks for a learner to promote or an address to write down. */
const TICKS_BETWEEN_LOOKS = 5;

export interface RegistrarParts {
  readonly driver: RaftDriver;
  readonly members: MemberTable;
  readonly scheduler: Scheduler;
  readonly confState: () => ConfState;
  readonly connected: () => ReadonlySet<number>;
  /** False when there is nobody to take over. */
  readonly handOverLeadership: () => boolean;
  /** Calls `remove` when nobody depends on the node any more; at once where nobody does. */
  readonly whenDrained: (nodeId: NodeId, remove: () => Promise<void>) => Promise<void>;
}

export class Registrar {
  private readonly parts: RegistrarParts;
  private readonly waiters: AppliedWaiters;
  /** What peers (and this node) last said about themselves, by raft id. */
  private readonly told = new Map<number, Speaker>();
  /** Whom this leader has given a place, by node id: a process that asks twice gets the same. */
  private readonly given = new Map<string, { readonly incarnation: number; readonly raftId: RaftId }>();
  private ticks = 0;

  constructor(parts: RegistrarParts) {
    this.parts = parts;
    this.waiters = new AppliedWaiters(parts.scheduler);
  }

  /** A peer has introduced itself. Kept on every node, since any may lead later. */
  onSpeaker(speaker: Speaker): void {
    if (speaker.raftId === 0) return;
    // Nothing of what a speaker says is proven; a crowd of strangers must not fill the memory.
    const isKnown = this.told.has(speaker.raftId) || this.parts.members.byRaftId(speaker.raftId) !== undefined;
    if (isKnown || this.told.size < LIMITS.maxNodes) this.told.set(speaker.raftId, speaker);
  }

  onTick(): void {
    if (++this.ticks % TICKS_BETWEEN_LOOKS !== 0) return;
    const promotion = planPromotion(this.parts.members.snapshot(), this.observe());
    if (promotion !== undefined) this.proposeChange(promotion);
    for (const member of this.staleAddresses()) this.proposeCommand({ type: 'update', member });
  }

  /** Something was applied. */
  onApplied(): void {
    this.waiters.onApplied();
  }

  onLeadershipLost(): void {
    this.given.clear();
    this.waiters.onLeadershipLost();
  }

  stop(): void {
    this.onLeadershipLost();
  }

  /** @param replaces as PeerHandler.onJoinRequest has it */
  async admit(speaker: Speaker, replaces: boolean): Promise<JoinAnswer> {
    const { members } = this.parts;
    const { nodeId, controlAddress, clientAddress, httpAddress, dataAddress } = speaker;
    const { clusterId } = members;
    if (clusterId === undefined) throw new DcacheError('NO_LEADER', 'the cluster is being founded; ask again');
    const given = this.given.get(nodeId);
    if (given?.incarnation === speaker.incarnation && members.byRaftId(given.raftId)?.nodeId === nodeId) {
      return { type: 'admitted', raftId: given.raftId, clusterId, founders: members.founders };
    }
    const namesakes = members.list.filter((member) => member.nodeId === nodeId);
    if (namesakes.length === 0 && !members.expected.includes(nodeId)) {
      throw new DcacheError(
        'NOT_A_MEMBER',
        `the cluster does not expect a node called ${nodeId}; run \`dcache cluster add ${nodeId}\` first`,
      );
    }
    const alive = namesakes.find((member) => this.parts.connected().has(member.raftId));
    if (alive !== undefined || namesakes.some((member) => member.raftId === this.parts.driver.raw.status().id)) {
      throw new DcacheError(
        'NODE_ID_IN_USE',
        `a node called ${nodeId} is up; stop it first, or start this one with another --id`,
      );
    }
    const before = namesakes.at(-1);
    if (before !== undefined && before.controlAddress !== controlAddress && !replaces) {
      throw isElsewhere(before, controlAddress);
    }
    // One more than allowed while a node that lost its disk is replaced.
    if (namesakes.length === 0 && members.list.length >= LIMITS.maxNodes) throw tooManyNodes();
    const raftId = members.nextRaftId as RaftId;
    const member: Member = { raftId, nodeId, controlAddress, clientAddress, httpAddress, dataAddress };
    this.proposeChangeOrThrow(planAdmission(members.snapshot(), this.parts.confState().learners, member));
    await this.waiters.until(() => members.byRaftId(raftId)?.nodeId === nodeId);
    this.given.set(nodeId, { incarnation: speaker.incarnation, raftId });
    return { type: 'admitted', raftId, clusterId, founders: members.founders };
  }

  async remove(nodeId: string): Promise<void> {
    const { members } = this.parts;
    const member = members.byNodeId(nodeId);
    if (member === undefined) {
      if (!isNodeId(nodeId) || !members.expected.includes(nodeId)) {
        throw new DcacheError(
          'NOT_A_MEMBER',
          `the cluster has no node called ${nodeId}; see \`dcache cluster status\``,
        );
      }
      this.proposeCommandOrThrow({ type: 'unexpect', nodeId });
      return this.waiters.until(() => !members.expected.includes(nodeId));
    }
    if (members.byRaftId(this.parts.driver.raw.status().id)?.nodeId === nodeId) this.handOverBeforeRemoval(nodeId);
    this.removalOf(nodeId);
    return this.parts.whenDrained(member.nodeId, async () => {
      this.proposeChangeOrThrow(this.removalOf(nodeId));
      await this.waiters.until(() => members.byNodeId(nodeId) === undefined);
    });
  }

  private removalOf(nodeId: string): MembershipChange {
    const removal = planRemoval(this.parts.members.snapshot(), this.parts.confState().voters, nodeId);
    if (removal === undefined) {
      throw new DcacheError(
        'INVALID_ARGUMENT',
        `${nodeId} is the only voter; a cluster needs one, so stop the node instead`,
      );
    }
    return removal;
  }

  /**
   * A leader does not take itself out: in a small group the others might lack the commit of its removal and still need its
   * vote. Always throws, unless it votes alone and planRemoval has the say.
   */
  private handOverBeforeRemoval(nodeId: string): void {
    if (this.parts.confState().voters.length === 1) return;
    if (!this.parts.handOverLeadership()) {
      throw new DcacheError(
        'NOT_ENOUGH_NODES',
        `${nodeId} leads, and no other voter is up to take over; start one first`,
      );
    }
    throw new DcacheError('NO_LEADER', `${nodeId} leads and hands leadership over first; try again in a moment`);
  }

  async expect(nodeId: string): Promise<void> {
    const { members } = this.parts;
    if (!isNodeId(nodeId)) {
      throw new DcacheError(
        'INVALID_ARGUMENT',
        `"${nodeId}" is not a node id: lower-case letters, digits and dashes, 32 at most, a letter first`,
      );
    }
    if (members.byNodeId(nodeId) !== undefined) {
      throw new DcacheError('INVALID_ARGUMENT', `${nodeId} is a member already; see \`dcache cluster status\``);
    }
    if (members.expected.includes(nodeId)) return;
    if (members.list.length + members.expected.length >= LIMITS.maxNodes) throw tooManyNodes();
    this.proposeCommandOrThrow({ type: 'expect', nodeId });
    return this.waiters.until(() => members.expected.includes(nodeId));
  }

  private observe(): MembershipObservation {
    const { driver } = this.parts;
    const { voters, votersOutgoing, learners } = this.parts.confState();
    const status = driver.raw.status();
    const progress = status.peers.map(({ id, match, recentlyActive }) => ({ raftId: id, match, recentlyActive }));
    return { voters, learners, joint: votersOutgoing.length > 0, commit: status.hardState.commit, progress };
  }

  /** Members as they describe themselves, where the list has other addresses of them. */
  private staleAddresses(): readonly Member[] {
    const stale: Member[] = [];
    for (const member of this.parts.members.list) {
      const speaker = this.told.get(member.raftId);
      if (speaker === undefined || speaker.nodeId !== member.nodeId) continue;
      const { controlAddress, clientAddress, httpAddress, dataAddress } = speaker;
      const current: Member = { ...member, controlAddress, clientAddress, httpAddress, dataAddress };
      if (!sameMember(member, current)) stale.push(current);
    }
    return stale;
  }

  private proposeCommand(command: MemberCommand): boolean {
    return this.parts.driver.turn((raw) => raw.propose(encodeMemberCommand(command))).type === 'appended';
  }

  private proposeChange({ changes, added }: MembershipChange): boolean {
    const context = added.length === 0 ? new Uint8Array(0) : encodeAddedMembers(added);
    return (
      this.parts.driver.turn((raw) => raw.proposeConfChange({ transition: 'auto', changes, context })).type ===
      'appended'
    );
  }

  private proposeCommandOrThrow(command: MemberCommand): void {
    if (!this.proposeCommand(command)) throw notProposed();
  }

  private proposeChangeOrThrow(change: MembershipChange): void {
    if (this.observe().joint)
      throw new DcacheError('OVERLOADED', 'another membership change is under way; try again in a moment');
    if (!this.proposeChange(change)) throw notProposed();
  }
}

function notProposed(): DcacheError {
  return new DcacheError('NO_LEADER', 'leadership is changing; try again');
}

/** Two machines with the same name, one of which is only away, would take turns in throwing each other out. */
function isElsewhere({ nodeId, controlAddress }: Member, from: string): DcacheError {
  return new DcacheError(
    'NODE_ID_IN_USE',
    `${nodeId} is on record at ${controlAddress}, and this node comes from ${from} with an empty data folder: start it with --replace if it is to take the place of ${nodeId}, with the data folder of ${nodeId} if it has only moved, or with another --id`,
  );
}

function tooManyNodes(): DcacheError {
  return new DcacheError('INVALID_ARGUMENT', `a cluster has at most ${LIMITS.maxNodes} nodes; remove one first`);
}
