/**
 * Which change of the map comes next (DESIGN.md section 6). Pure: the map and what the Raft leader has observed in, one command or
 * none out. It is proposed through Raft, and its group is planned anew after it has been applied; a second proposal of the same
 * command has no effect (I3).
 *
 * Within a group the order is: a loss is declared, who is gone leaves, letting go is answered, broken links are taken apart, who is
 * about to stop leaves, learners that are gone are given up, the version floor is raised, spares get the places of those who were taken
 * out for good, and who is back begins to learn. Learners that are complete come in sync one at a time, when nothing else is under way and
 * nothing has changed for a moment ({@link isCalm}). A change that takes a partition from a
 * primary which lives waits for its letting go (planned-hand-over.ts).
 * I4(c): a primary is only taken out once its lease is over or it has let go, see {@link mayLeave}.
 */
import type { Incarnation, NodeId } from '../base/ids.js';
import { FLOOR_STEP, isSucceeded, MAX_VERSION_FLOOR } from './apply-map-command.js';
import { inSyncMember, sameMember, type ClusterMap, type Group, type GroupMember } from './cluster-map.js';
import { completeLearners, isBroken } from './complete-learners.js';
import { defaultGroups, sortedNodeIds } from './default-groups.js';
import type { LetGoRequest } from './lease-ledger.js';
import { hasBrokenLink, linkVictim } from './link-trouble.js';
import { planAcceptLoss, planAcknowledgement } from './loss-plan.js';
import type { MapCommand } from './map-commands.js';
import { hasLetGo, isAlive, isGone, leaseIsOver, mayLeave, primaryRoles } from './observations.js';
import type { Observations } from './observations.js';
import { planReplacement } from './replacement-plan.js';
import { isCalm, isHandedOver, isLeaving, leavingMembers } from './planned-hand-over.js';

/** A floor is raised when a log is so near: as many writes as a partition can take while the command goes through Raft. */
const FLOOR_MARGIN = 2 ** 20;

const NONE: ReadonlySet<number> = new Set();

/** The change that is due; undefined while none is. @param underWay groups that are about to change: they are left alone */
export function planMapChange(map: ClusterMap, observed: Observations, underWay = NONE): MapCommand | undefined {
  if (map.groups.length === 0) return planCreation(observed);
  const coldStart = planColdStart(map, observed);
  if (coldStart !== undefined) return underWay.size === 0 ? coldStart : undefined;
  const settled = map.groups.filter(({ id }) => !underWay.has(id));
  const urgent = firstOf(settled, (group) => planGroupChange(map, group, observed));
  if (urgent !== undefined || underWay.size > 0 || !isCalm(observed)) return urgent;
  return firstOf(settled, (group) => planPromotion(map, group, observed));
}

/** Live primaries that are to leave a group: what the leader asks for in its answers to heartbeats. */
export function planLetGo(map: ClusterMap, observed: Observations): readonly LetGoRequest[] {
  return map.groups.flatMap((group) => {
    const member = troubledMember(map, group, observed);
    if (member === undefined || primaryRoles(group, map.k, member) === 0) return [];
    return [{ member, group: group.id, epoch: group.epoch }];
  });
}

function planCreation(observed: Observations): MapCommand | undefined {
  const { k, m } = observed.code;
  const nodeIds = sortedNodeIds([...observed.nodes.keys()].filter((nodeId) => isAlive(observed, nodeId)));
  if (nodeIds.length < k + m) return undefined;
  const members = livingMembers(observed, nodeIds.slice(0, k + m));
  return { type: 'create-groups', k, m, groups: defaultGroups(nodeIds, k, m), members };
}

function planColdStart({ groups }: ClusterMap, observed: Observations): MapCommand | undefined {
  const holders = new Set(groups.flatMap((group) => group.holders));
  const members = livingMembers(observed, sortedNodeIds([...holders]));
  const somebodyMayReturn = !groups.every((group) => isSucceeded(group, members));
  if (somebodyMayReturn) return undefined;
  const leasesRun = groups.some(({ inSync }) => inSync.some((member) => !leaseIsOver(observed, member)));
  if (leasesRun) return undefined;
  return { type: 'cold-start', epochs: groups.map(({ epoch }) => epoch), members };
}

function planGroupChange(map: ClusterMap, group: Group, observed: Observations): MapCommand | undefined {
  return (
    planAcceptLoss(map, group, observed) ??
    planRemoval(map, group, observed) ??
    planAnswer(map, group, observed) ??
    planLinkRepair(map, group, observed) ??
    planLeave(map, group, observed) ??
    planStop(group, observed) ??
    planFloor(group, observed) ??
    planReplacement(map, group, observed) ??
    planJoin(map, group, observed) ??
    planAcknowledgement(group, observed)
  );
}

/** Who has not heartbeat for too long, or has been succeeded by a newer life of its node, leaves. */
function planRemoval({ k }: ClusterMap, group: Group, observed: Observations): MapCommand | undefined {
  const remain = group.inSync.filter((member) => !isGone(observed, member));
  // With fewer than k alive nothing can be served anyway: all stay, so that those who come back need not learn.
  if (remain.length < k) return undefined;
  const member = group.inSync.find((other) => isGone(observed, other) && mayLeave(observed, group, k, other));
  return member === undefined ? undefined : { type: 'remove', group: group.id, epoch: group.epoch, member };
}

/**
 * Letting go is always answered by a new epoch; so is not having let go when asked, once the lease is over. Without the member, or
 * with the learner that it acted for, if that is why it was asked; with the same members otherwise.
 */
function planAnswer(map: ClusterMap, group: Group, observed: Observations): MapCommand | undefined {
  const waiting = group.inSync.find(
    (member) =>
      hasLetGo(observed, group, member) || (isOverdue(observed, group, member) && leaseIsOver(observed, member)),
  );
  if (waiting === undefined) return undefined;
  const { id, epoch } = group;
  const troubled = troubledMember(map, group, observed);
  const isTroubled = troubled !== undefined && sameMember(troubled, waiting);
  const leaves = isTroubled || leavingMembers(map, group, observed).some((member) => sameMember(member, waiting));
  if (leaves && mayLeave(observed, group, map.k, waiting)) return { type: 'remove', group: id, epoch, member: waiting };
  if (isTroubled) return undefined;
  return planPromotion(map, group, observed) ?? { type: 'renew', group: id, epoch };
}

function isOverdue({ overdue }: Observations, group: Group, member: GroupMember): boolean {
  return overdue.some(
    (request) => request.group === group.id && request.epoch === group.epoch && sameMember(request.member, member),
  );
}

function planLinkRepair(map: ClusterMap, group: Group, observed: Observations): MapCommand | undefined {
  const victim = linkVictim(map, group, observed);
  if (victim?.type === 'learner') return stopJoining(group, victim.learner);
  const member = troubledMember(map, group, observed);
  if (member === undefined || !mayLeave(observed, group, map.k, member)) return undefined;
  return { type: 'remove', group: group.id, epoch: group.epoch, member };
}

/** A backup that is about to stop leaves at once. A primary lets go first, which {@link planAnswer} answers. */
function planLeave(map: ClusterMap, group: Group, observed: Observations): MapCommand | undefined {
  const member = leavingMembers(map, group, observed).find((other) => primaryRoles(group, map.k, other) === 0);
  return member === undefined ? undefined : { type: 'remove', group: group.id, epoch: group.epoch, member };
}

/** Whom broken links put out of the group, if k members remain without it. */
function troubledMember(map: ClusterMap, group: Group, observed: Observations): GroupMember | undefined {
  const victim = linkVictim(map, group, observed);
  if (victim?.type !== 'member') return undefined;
  const remain = group.inSync.filter((other) => !sameMember(other, victim.member) && !isGone(observed, other));
  return remain.length >= map.k ? victim.member : undefined;
}

/**
 * A learner comes in sync when every primary concerned has declared it complete in this epoch, it still heartbeats, and who acts for it
 * has let go.
 */
function planPromotion({ k }: ClusterMap, group: Group, observed: Observations): MapCommand | undefined {
  const complete = completeLearners(group, k, observed);
  const found = complete.find(({ learner }) => isHandedOver(group, k, observed, learner));
  if (found === undefined) return undefined;
  const { learner, declarations } = found;
  const { id, epoch } = group;
  const { joinIndex } = learner;
  return { type: 'promote', group: id, epoch, member: plainMember(learner), joinIndex, declarations };
}

function planStop(group: Group, observed: Observations): MapCommand | undefined {
  // One that has been succeeded by a newer life is replaced by that one's joining.
  const gone = group.joining.find(
    (learner) =>
      isToStayOut(observed, learner) || (!isAlive(observed, learner.nodeId) && isGoneNode(observed, learner.nodeId)),
  );
  return gone === undefined ? undefined : stopJoining(group, gone);
}

/** It is about to stop, or has too little memory for its part and says that it will try again later. */
function isToStayOut(observed: Observations, member: GroupMember): boolean {
  const node = observed.nodes.get(member.nodeId);
  const isPaused = node?.incarnation === member.incarnation && node.heartbeat.refillPaused;
  return isPaused || isLeaving(observed, member);
}

/** Its last heartbeats may still be fresh. Nobody leads without being a member: an empty list is one that is not known yet. */
function isTakenOut({ members }: Observations, nodeId: NodeId): boolean {
  return members.length > 0 && !members.includes(nodeId);
}

function isGoneNode({ nowMs, leadsSinceMs, nodes, timings }: Observations, nodeId: NodeId): boolean {
  return nowMs - (nodes.get(nodeId)?.lastHeardMs ?? leadsSinceMs) >= timings.heartbeatTimeoutMs;
}

function stopJoining(group: Group, learner: GroupMember & { readonly joinIndex: number }): MapCommand {
  return { type: 'stop-joining', group: group.id, member: plainMember(learner), joinIndex: learner.joinIndex };
}

function planFloor({ id, versionFloor }: Group, { nodes }: Observations): MapCommand | undefined {
  const indexes = [...nodes.values()].flatMap(({ heartbeat }) =>
    heartbeat.lastIndexes.filter(({ group }) => group === id).map(({ index }) => index),
  );
  const largest = Math.max(0, ...indexes);
  if (largest + FLOOR_MARGIN < versionFloor) return undefined;
  const raised = Math.min(Math.max(versionFloor, largest) + FLOOR_STEP, MAX_VERSION_FLOOR);
  return raised === versionFloor ? undefined : { type: 'raise-floor', group: id, versionFloor: raised };
}

/** Holders that heartbeat, are to stay, and have no part in the group, or say that their attempt to learn has failed. */
function planJoin({ k }: ClusterMap, group: Group, observed: Observations): MapCommand | undefined {
  return firstOf(group.holders, (nodeId) => {
    const incarnation = observed.nodes.get(nodeId)?.incarnation;
    if (incarnation === undefined || !isAlive(observed, nodeId)) return undefined;
    if (isToStayOut(observed, { nodeId, incarnation }) || isTakenOut(observed, nodeId)) return undefined;
    if (inSyncMember(group, nodeId) !== undefined) return undefined;
    const earlier = group.joining.find((learner) => learner.nodeId === nodeId);
    if (earlier?.incarnation === incarnation && !isBroken(observed, group, earlier)) return undefined;
    // It was given up for this link: not again before the primary has stopped waiting for it.
    if (earlier === undefined && hasBrokenLink(group, k, observed, nodeId)) return undefined;
    const member = { nodeId, incarnation };
    return { type: 'join', group: group.id, epoch: group.epoch, member, replaces: earlier?.joinIndex ?? 0 };
  });
}

/** The present process lives of these nodes, those that heartbeat. */
function livingMembers(observed: Observations, nodeIds: readonly NodeId[]): readonly GroupMember[] {
  return nodeIds.flatMap((nodeId) => {
    const incarnation: Incarnation | undefined = observed.nodes.get(nodeId)?.incarnation;
    return incarnation === undefined || !isAlive(observed, nodeId) ? [] : [{ nodeId, incarnation }];
  });
}

function plainMember({ nodeId, incarnation }: GroupMember): GroupMember {
  return { nodeId, incarnation };
}

function firstOf<T>(list: readonly T[], plan: (item: T) => MapCommand | undefined): MapCommand | undefined {
  for (const item of list) {
    const command = plan(item);
    if (command !== undefined) return command;
  }
  return undefined;
}
