/**
 * Which membership change comes next in a raft-mode cluster. Pure: the list of nodes, the configuration and what the
 * leader knows of its followers in, one change or none out. One change at a time; Raft refuses a second one anyway.
 *
 * A node joins as a learner under a raft id never used before, and becomes a voter when it has caught up. In the same
 * change the raft ids that its node id had before are taken out, so a dead voter is replaced in one step and the number of
 * voters never falls below what the cluster had.
 */
import type { Member, Members } from './members.js';

/** Voters beyond this number would only make commits slower; the nodes above it stay learners. */
export const MAX_VOTERS = 7;

export interface LearnerProgress {
  readonly raftId: number;
  /** Largest index known to be on its disk. */
  readonly match: number;
  readonly recentlyActive: boolean;
}

export interface MembershipObservation {
  readonly voters: readonly number[];
  readonly learners: readonly number[];
  /** Whether a joint configuration is in force. */
  readonly joint: boolean;
  readonly commit: number;
  /** Progress of the followers, learners included. */
  readonly progress: readonly LearnerProgress[];
}

export interface MembershipChange {
  readonly changes: readonly { readonly type: 'add-voter' | 'add-learner' | 'remove'; readonly id: number }[];
  readonly added: readonly Member[];
}

/** Entries that a learner may still lack when it is promoted: what is under way in a busy cluster. */
const CAUGHT_UP_WITHIN = 512;

export function planPromotion(members: Members, observed: MembershipObservation): MembershipChange | undefined {
  if (observed.joint) return undefined;
  for (const raftId of observed.learners) {
    const member = members.list.find((known) => known.raftId === raftId);
    const progress = observed.progress.find((known) => known.raftId === raftId);
    if (member === undefined || progress === undefined || !progress.recentlyActive) continue;
    if (progress.match + CAUGHT_UP_WITHIN < observed.commit || progress.match === 0) continue;
    const replaced = idsOf(members, member.nodeId).filter((id) => id !== raftId);
    const votersAfter = observed.voters.filter((id) => !replaced.includes(id)).length + 1;
    if (votersAfter > MAX_VOTERS) continue;
    return {
      changes: [{ type: 'add-voter', id: raftId }, ...replaced.map((id) => ({ type: 'remove', id }) as const)],
      added: [],
    };
  }
  return undefined;
}

/** Learners that were admitted under this name and never came are taken out in the same change. */
export function planAdmission(members: Members, learners: readonly number[], member: Member): MembershipChange {
  const neverCame = idsOf(members, member.nodeId).filter((id) => learners.includes(id));
  return {
    changes: [{ type: 'add-learner', id: member.raftId }, ...neverCame.map((id) => ({ type: 'remove', id }) as const)],
    added: [member],
  };
}

/** Undefined when nobody would be left to vote. */
export function planRemoval(members: Members, voters: readonly number[], nodeId: string): MembershipChange | undefined {
  const ids = idsOf(members, nodeId);
  if (voters.every((id) => ids.includes(id))) return undefined;
  return { changes: ids.map((id) => ({ type: 'remove', id })), added: [] };
}

function idsOf(members: Members, nodeId: string): number[] {
  return members.list.filter((member) => member.nodeId === nodeId).map((member) => member.raftId);
}
