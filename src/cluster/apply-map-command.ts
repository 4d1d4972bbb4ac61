/**
 * The state machine of ecc mode: one map command after the other, in the order of the Raft log, the same on all nodes.
 *
 * I3: what a command was planned from is checked again here, one guard a case; a command that fails one has no effect, and is
 * recognised by the map being the same object afterwards. A new epoch always comes from {@link reconfigure}, which also
 * chooses who acts, and checks the group.
 */
import { assertNever } from '../base/assert.js';
import type { NodeId } from '../base/ids.js';
import { assertGroup, chooseActing } from './acting.js';
import {
  inSyncMember,
  LOSS_NOTICES,
  neededMembers,
  primaryOf,
  sameMember,
  type ClusterMap,
  type Group,
  type GroupMember,
  type JoiningMember,
  type LossNotice,
} from './cluster-map.js';
import { checkCode } from './code-layout.js';
import type { AttributedDeclaration, MapCommand } from './map-commands.js';

/** How far a version floor is raised at a time: 16 million writes of one partition. */
export const FLOOR_STEP = 2 ** 24;
/** Versions are six bytes in a record. */
export const MAX_VERSION_FLOOR = 2 ** 48 - 1;

type CommandOf<Type extends MapCommand['type']> = Extract<MapCommand, { readonly type: Type }>;

/**
 * The map after `command`; the same object if it has no effect.
 *
 * @param raftIndex of the command; names the attempt of a join
 */
export function applyMapCommand(map: ClusterMap, command: MapCommand, raftIndex: number): ClusterMap {
  switch (command.type) {
    case 'create-groups':
      return createGroups(map, command);
    case 'cold-start':
      return coldStart(map, command);
    case 'remove':
      return changeGroup(map, command, (group) => remove(group, command, map.k));
    case 'renew':
      return changeGroup(map, command, (group) => renew(group, command, map.k));
    case 'join':
      return changeGroup(map, command, (group) => join(group, command, raftIndex));
    case 'stop-joining':
      return changeGroup(map, command, (group) => stopJoining(group, command));
    case 'promote':
      return changeGroup(map, command, (group) => promote(group, command, map.k));
    case 'raise-floor':
      return changeGroup(map, command, (group) => raiseFloor(group, command));
    case 'accept-loss':
      return changeGroup(map, command, (group) => acceptLoss(group, command, map.k));
    case 'replace-holder':
      return changeGroup(map, command, (group) => replaceHolder(group, command, map.k));
    case 'acknowledge-loss':
      return changeGroup(map, command, (group) => acknowledgeLoss(group, command));
    default:
      return assertNever(command, 'map command');
  }
}

function changeGroup(map: ClusterMap, { group: id }: { readonly group: number }, change: (group: Group) => Group) {
  const group = map.groups[id];
  const isOfNoGroup = group === undefined;
  if (isOfNoGroup) return map;
  const changed = change(group);
  return changed === group ? map : { ...map, groups: map.groups.with(id, changed) };
}

function createGroups(map: ClusterMap, { k, m, groups, members }: CommandOf<'create-groups'>): ClusterMap {
  const isCreated = map.groups.length > 0;
  if (isCreated) return map;
  const isUnusable = groups.length === 0 || checkCode(k, m, k + m) !== undefined;
  if (isUnusable) return map;
  const namesANodeTwice = repeats(members.map(({ nodeId }) => nodeId));
  if (namesANodeTwice) return map;
  const isIncomplete = !groups.every(
    (holders) => holders.length === k + m && holders.every((id) => isNamed(members, id)),
  );
  if (isIncomplete) return map;
  const holdsTwice = groups.some(repeats);
  if (holdsTwice) return map;
  const created = groups.map((holders, id): Group => {
    const noLoss = { lossGeneration: 0, loss: 'none', logStarts: filled(k, 0), versionFloor: FLOOR_STEP } as const;
    const blank: Group = { id, holders, epoch: 0, inSync: [], joining: [], acting: [], ...noLoss };
    return reconfigure(blank, k, { inSync: members });
  });
  return { k, m, groups: created };
}

function isNamed(members: readonly GroupMember[], nodeId: NodeId): boolean {
  return members.some((member) => member.nodeId === nodeId);
}

function repeats(nodeIds: readonly NodeId[]): boolean {
  return new Set(nodeIds).size < nodeIds.length;
}

function remove(group: Group, { epoch, member }: CommandOf<'remove'>, k: number): Group {
  const isOfAnotherEpoch = epoch !== group.epoch;
  if (isOfAnotherEpoch) return group;
  const isOut = !group.inSync.some((other) => sameMember(other, member));
  if (isOut) return group;
  const leavesTooFew = group.inSync.length - 1 < k;
  if (leavesTooFew) return group;
  return reconfigure(group, k, { inSync: group.inSync.filter((other) => !sameMember(other, member)) });
}

function renew(group: Group, { epoch }: CommandOf<'renew'>, k: number): Group {
  const isOfAnotherEpoch = epoch !== group.epoch;
  return isOfAnotherEpoch ? group : reconfigure(group, k, {});
}

function join(group: Group, { epoch, member, replaces }: CommandOf<'join'>, raftIndex: number): Group {
  const isOfAnotherEpoch = epoch !== group.epoch;
  if (isOfAnotherEpoch) return group;
  const isNoHolder = !group.holders.includes(member.nodeId);
  if (isNoHolder) return group;
  const isInSync = inSyncMember(group, member.nodeId) !== undefined;
  if (isInSync) return group;
  const earlier = group.joining.find(({ nodeId }) => nodeId === member.nodeId);
  const replacesAnotherAttempt = (earlier?.joinIndex ?? 0) !== replaces;
  if (replacesAnotherAttempt) return group;
  const others = group.joining.filter((learner) => learner !== earlier);
  return { ...group, joining: byPosition(group, [...others, { ...member, joinIndex: raftIndex }]) };
}

function stopJoining(group: Group, command: CommandOf<'stop-joining'>): Group {
  const learner = learnerOf(group, command);
  const isAnotherAttempt = learner === undefined;
  if (isAnotherAttempt) return group;
  return { ...group, joining: group.joining.filter((other) => other !== learner) };
}

function promote(group: Group, command: CommandOf<'promote'>, k: number): Group {
  const isOfAnotherEpoch = command.epoch !== group.epoch;
  if (isOfAnotherEpoch) return group;
  const learner = learnerOf(group, command);
  const isAnotherAttempt = learner === undefined;
  if (isAnotherAttempt) return group;
  const isUndeclared = !positionsToDeclare(group, k, learner).every((position) =>
    command.declarations.some((declaration) => declares(declaration, group, position, learner)),
  );
  if (isUndeclared) return group;
  const { nodeId, incarnation } = learner;
  return reconfigure(group, k, {
    inSync: [...group.inSync, { nodeId, incarnation }],
    joining: group.joining.filter((other) => other !== learner),
  });
}

function learnerOf(
  group: Group,
  { member, joinIndex }: { readonly member: GroupMember; readonly joinIndex: number },
): JoiningMember | undefined {
  return group.joining.find((learner) => sameMember(learner, member) && learner.joinIndex === joinIndex);
}

/** The positions whose primaries must declare a learner complete: its own at a data position, all at a parity position. */
export function positionsToDeclare(group: Group, k: number, learner: GroupMember): readonly number[] {
  const position = group.holders.indexOf(learner.nodeId);
  return position < k ? [position] : Array.from({ length: k }, (_, each) => each);
}

/** Whether the primary of `position` holds this attempt of `learner` to be complete in the group's epoch. */
export function declares(
  declaration: AttributedDeclaration,
  group: Group,
  position: number,
  learner: JoiningMember,
): boolean {
  const primary = primaryOf(group, position);
  return (
    declaration.group === group.id &&
    declaration.position === position &&
    declaration.epoch === group.epoch &&
    declaration.joinIndex === learner.joinIndex &&
    sameMember(declaration.learner, learner) &&
    primary !== undefined &&
    sameMember(declaration.by, primary)
  );
}

function raiseFloor(group: Group, { versionFloor }: CommandOf<'raise-floor'>): Group {
  const isNotHigher = versionFloor <= group.versionFloor;
  if (isNotHigher) return group;
  const isBeyondVersions = versionFloor > MAX_VERSION_FLOOR;
  if (isBeyondVersions) return group;
  return { ...group, versionFloor };
}

function coldStart(map: ClusterMap, { epochs, members }: CommandOf<'cold-start'>): ClusterMap {
  const { k, groups } = map;
  const isOfOtherEpochs = epochs.length !== groups.length || groups.some(({ id, epoch }) => epochs[id] !== epoch);
  if (isOfOtherEpochs) return map;
  const namesANodeTwice = repeats(members.map(({ nodeId }) => nodeId));
  if (namesANodeTwice) return map;
  const somebodyMayReturn = !groups.every((group) => isSucceeded(group, members));
  if (somebodyMayReturn) return map;
  const startsWithTooFew = groups.some(({ holders }) => holders.filter((id) => isNamed(members, id)).length < k);
  if (startsWithTooFew) return map;
  return {
    ...map,
    groups: groups.map((group) =>
      reconfigure(group, k, {
        inSync: members,
        joining: [],
        lossGeneration: group.lossGeneration + 1,
        loss: graver(group.loss, 'began-empty'),
        logStarts: filled(k, group.versionFloor),
        versionFloor: Math.min(group.versionFloor + FLOOR_STEP, MAX_VERSION_FLOOR),
      }),
    ),
  };
}

/** Whether `members` names another process life for every node in sync. */
export function isSucceeded(group: Group, members: readonly GroupMember[]): boolean {
  return group.inSync.every(({ nodeId, incarnation }) =>
    members.some((member) => member.nodeId === nodeId && member.incarnation !== incarnation),
  );
}

function acceptLoss(group: Group, { epoch, survivors, beginners }: CommandOf<'accept-loss'>, k: number): Group {
  const isOfAnotherEpoch = epoch !== group.epoch;
  if (isOfAnotherEpoch) return group;
  const namesANodeTwice = repeats([...survivors, ...beginners].map(({ nodeId }) => nodeId));
  if (namesANodeTwice) return group;
  const namesAStranger = !survivors.every((member) => group.inSync.some((other) => sameMember(other, member)));
  if (namesAStranger) return group;
  // With everybody staying, what is lost are shards, not members.
  const isNoLoss = survivors.length >= neededMembers(group, k) && survivors.length < group.inSync.length;
  if (isNoLoss) return group;
  const keepsIndexes = survivors.some(({ nodeId }) => group.holders.indexOf(nodeId) >= k);
  const begins = (nodeId: NodeId): boolean => !keepsIndexes && !isNamed(survivors, nodeId);
  const dataHolders = group.holders.slice(0, k);
  const beginsElsewhere =
    beginners.length !== dataHolders.filter(begins).length ||
    !beginners.every(({ nodeId }) => dataHolders.includes(nodeId) && begins(nodeId));
  if (beginsElsewhere) return group;
  const { versionFloor } = group;
  return reconfigure(group, k, {
    inSync: [...survivors, ...beginners],
    joining: [],
    lossGeneration: group.lossGeneration + 1,
    loss: 'declared',
    logStarts: group.logStarts.map((start, position) => {
      const holder = dataHolders[position];
      return holder !== undefined && begins(holder) ? versionFloor : start;
    }),
    versionFloor: beginners.length === 0 ? versionFloor : Math.min(versionFloor + FLOOR_STEP, MAX_VERSION_FLOOR),
  });
}

function replaceHolder(group: Group, { epoch, holder, by }: CommandOf<'replace-holder'>, k: number): Group {
  const isOfAnotherEpoch = epoch !== group.epoch;
  if (isOfAnotherEpoch) return group;
  const position = group.holders.indexOf(holder);
  const isNoHolder = position < 0;
  if (isNoHolder) return group;
  const isStillHere = [...group.inSync, ...group.joining].some(({ nodeId }) => nodeId === holder);
  if (isStillHere) return group;
  const holdsAlready = group.holders.includes(by);
  if (holdsAlready) return group;
  const replaced = { ...group, holders: group.holders.with(position, by) };
  assertGroup(replaced, k);
  return replaced;
}

function acknowledgeLoss(group: Group, { lossGeneration }: CommandOf<'acknowledge-loss'>): Group {
  const isOfAnotherLoss = lossGeneration !== group.lossGeneration;
  if (isOfAnotherLoss || group.loss === 'none') return group;
  return { ...group, loss: 'none' };
}

function graver(a: LossNotice, b: LossNotice): LossNotice {
  return LOSS_NOTICES.indexOf(a) > LOSS_NOTICES.indexOf(b) ? a : b;
}

function filled(k: number, index: number): readonly number[] {
  return Array.from({ length: k }, () => index);
}

/** A new epoch. Of `inSync`, who is no holder is left out. */
function reconfigure(group: Group, k: number, changed: Partial<Group>): Group {
  const next = { ...group, ...changed, epoch: group.epoch + 1 };
  const inSync = byPosition(
    next,
    next.inSync.filter(({ nodeId }) => next.holders.includes(nodeId)),
  );
  const reconfigured = { ...next, inSync, acting: chooseActing({ ...next, inSync }, k) };
  assertGroup(reconfigured, k);
  return reconfigured;
}

function byPosition<Member extends GroupMember>(group: Group, members: readonly Member[]): readonly Member[] {
  const position = ({ nodeId }: GroupMember): number => group.holders.indexOf(nodeId);
  return members.toSorted((a, b) => position(a) - position(b));
}
