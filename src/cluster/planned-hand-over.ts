/**
 * Changes that nobody is forced to: a node that is about to stop, or to be taken out of the cluster, leaves its groups, and a holder that is back takes its partition over
 * again from who acts for it. Both wait until the primary that loses a partition has let go of it, which it does once everything
 * that it has accepted is committed and answered; so no outcome is unknown, and clients wait no longer than it takes to make the next
 * primary known.
 *
 * A primary is asked for one group at a time, in every reply to its heartbeats as long as the plan stands. It need not obey: it goes
 * on serving when it cannot finish soon, and nothing is withheld from it (unlike lease-ledger.ts). Letting go is answered by a new
 * epoch all the same (I4 c), with the planned change or, if the plan has been overtaken, without.
 */
import {
  inSyncMember,
  primaryOf,
  sameMember,
  type ClusterMap,
  type Group,
  type GroupMember,
  type JoiningMember,
} from './cluster-map.js';
import { completeLearners } from './complete-learners.js';
import type { GroupEpoch } from './heartbeat.js';
import { hasLetGo, isGone, isQuiet, isSucceededBy, lives, primaryRoles, type Observations } from './observations.js';

/** Whether that process life has said that it is about to stop, or its node is about to be taken out of the cluster. */
export function isLeaving(observed: Observations, { nodeId, incarnation }: GroupMember): boolean {
  if (observed.removing.has(nodeId)) return true;
  const node = observed.nodes.get(nodeId);
  return node?.incarnation === incarnation && node.heartbeat.leaving;
}

/** Members that are leaving and may: k others remain, of whom none is leaving. */
export function leavingMembers(map: ClusterMap, group: Group, observed: Observations): readonly GroupMember[] {
  const leaving = group.inSync.filter((member) => isLeaving(observed, member) && !isGone(observed, member));
  if (leaving.length === 0) return leaving;
  return staying(group, observed).length >= map.k ? leaving : [];
}

/** Who has to let go before the learner can come in sync: the one that acts for it; undefined at a parity position. */
export function actingFor(group: Group, k: number, learner: JoiningMember): GroupMember | undefined {
  const position = group.holders.indexOf(learner.nodeId);
  return position < k ? primaryOf(group, position) : undefined;
}

/** What `member` is to let go of next, once it is drained: at most one group. */
export function planHandOver(map: ClusterMap, observed: Observations, member: GroupMember): readonly GroupEpoch[] {
  const returns = nextReturn(map, observed);
  const isAsked = returns !== undefined && sameMember(returns.acting, member);
  const found = isAsked ? returns.group : nextToLeave(map, observed, member);
  return found === undefined ? [] : [{ group: found.id, epoch: found.epoch }];
}

/** Between a change of a configuration and the next that nobody is in need of: several times as long as the pause that one costs. */
export const CALM_MS = 200;

/**
 * Whether configurations have stayed as they are for a moment. Each change costs its group a pause, and changes that are made together
 * make each other's pauses longer; the more so as a node that has just been started is slow at everything that it does for the first time.
 */
export function isCalm({ nowMs, epochsSinceMs }: Observations): boolean {
  return epochsSinceMs.every((sinceMs) => nowMs - sinceMs >= CALM_MS);
}

/** The first group in which a holder could take its partition over again, and who acts for it. One at a time in the whole cluster. */
function nextReturn(
  { groups, k }: ClusterMap,
  observed: Observations,
): { readonly group: Group; readonly acting: GroupMember } | undefined {
  if (!isCalm(observed)) return undefined;
  for (const group of groups) {
    for (const { learner } of completeLearners(group, k, observed)) {
      const acting = actingFor(group, k, learner);
      if (acting !== undefined) return { group, acting };
    }
  }
  return undefined;
}

function nextToLeave(map: ClusterMap, observed: Observations, member: GroupMember): Group | undefined {
  // While the leader is new, no primary may leave (I4 d): to let go would only mean to serve nobody.
  if (isQuiet(observed)) return undefined;
  const left = map.groups.filter((group) =>
    leavingMembers(map, group, observed).some((other) => sameMember(other, member)),
  );
  // Where it is a backup it leaves first: clients should not have to wait for that as well.
  const isStillBackup = left.some((group) => primaryRoles(group, map.k, member) === 0);
  return isStillBackup ? undefined : left[0];
}

/** Whether waiting will not get the leaving member out of all its groups: one would keep fewer than k, and nobody is on the way in. */
export function isLeaveRefused(map: ClusterMap, observed: Observations, member: GroupMember): boolean {
  if (!isLeaving(observed, member)) return false;
  return map.groups.some((group) => {
    const isIn = group.inSync.some((other) => sameMember(other, member));
    const coming = group.joining.filter((learner) => lives(observed, learner) && !isLeaving(observed, learner));
    const returning = group.holders.filter((nodeId) => isReturning(group, observed, nodeId));
    return isIn && staying(group, observed).length + coming.length + returning.length < map.k;
  });
}

/** A holder whose new life heartbeats and has not begun to learn. */
function isReturning(group: Group, observed: Observations, nodeId: Group['holders'][number]): boolean {
  const node = observed.nodes.get(nodeId);
  if (node === undefined) return false;
  const life = { nodeId, incarnation: node.incarnation };
  if (isLeaving(observed, life) || !lives(observed, life)) return false;
  const known = inSyncMember(group, nodeId) ?? group.joining.find((learner) => learner.nodeId === nodeId);
  return known === undefined || isSucceededBy(observed, known);
}

function staying(group: Group, observed: Observations): readonly GroupMember[] {
  return group.inSync.filter((member) => !isGone(observed, member) && !isLeaving(observed, member));
}

/** Whether the learner's way is free: nobody has to let go, or whoever has to has. */
export function isHandedOver(group: Group, k: number, observed: Observations, learner: JoiningMember): boolean {
  const acting = actingFor(group, k, learner);
  return acting === undefined || hasLetGo(observed, group, acting);
}
