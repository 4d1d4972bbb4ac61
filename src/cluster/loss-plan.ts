/**
 * Groups that have lost more than the code can bear, and the command that declares it (DESIGN.md section 7, "Losing too much"). Pure:
 * the map and what the Raft leader has observed in.
 *
 * A group is in *trouble* while fewer of its in-sync members are up than it needs (`neededMembers`): nobody can leave it, so
 * everybody stays in. A member *may return* while no newer life of its node has been heard and the cluster still knows the node; a
 * process that is over, or whose node was removed for good, cannot. The group is *lost* when too few are up or may return.
 *
 * A group is *damaged* when all its in-sync members are up, and one of them reports that it leads something that nobody can decode: more of a
 * stripe is wrong or missing than its parity can bear, a bit having flipped in a shard while a segment was away. It counts as lost; declaring
 * that takes nobody out, and is what the reporting node waits for before it gives the segment up (actors/ecc/loss-sweep.ts).
 *
 * Declaring (accept-loss) is for lost groups only: when a person has asked for that very epoch, or by itself under `--on-loss reset`.
 * All who are up stay. Whoever does not answer leaves, even if it may return; its lease has to be over (I4 c), and if it comes back
 * after all it finds itself out of the group and joins with nothing. A person's word is for one epoch; another leader does not know of it,
 * and the person is told so.
 */
import type { NodeId } from '../base/ids.js';
import { neededMembers, sameMember, type ClusterMap, type Group, type GroupMember } from './cluster-map.js';
import type { GroupTrouble } from './heartbeat.js';
import type { MapCommand } from './map-commands.js';
import { isAlive, isGone, isSucceededBy, leaseIsOver, lives, type Observations } from './observations.js';

/** What declaring a loss would do to one data position. */
export type PositionFate =
  /** Its holder is there: nothing is lost. */
  | 'kept'
  /** A parity holder leads: the newest writes, and what the survivors can still decode, are kept. */
  | 'decoded'
  /** Nobody knows anything of it: it begins empty. */
  | 'emptied';

/** What declaring the loss of a group would do now. */
export interface LossPreview extends GroupTrouble {
  readonly survivors: readonly GroupMember[];
  /** By data position. */
  readonly fates: readonly PositionFate[];
  /** Holders of positions that would begin empty, and are not up: the loss cannot be declared before. */
  readonly missing: readonly NodeId[];
}

/** Under `--on-loss reset`, how many heartbeat timeouts a silent member is waited for. */
const RESET_PATIENCE_TIMEOUTS = 10;

export function troublesOf(map: ClusterMap, observed: Observations): readonly GroupTrouble[] {
  return map.groups.flatMap((group) => troubleOf(group, map.k, observed) ?? []);
}

/** Undefined while the group has enough members up. */
export function troubleOf(group: Group, k: number, observed: Observations): GroupTrouble | undefined {
  const down = group.inSync.filter((member) => isDown(observed, member));
  const needed = neededMembers(group, k);
  if (group.inSync.length - down.length >= needed) return undefined;
  const over = down.filter((member) => !mayReturn(observed, member)).map(({ nodeId }) => nodeId);
  const silent = down.filter((member) => mayReturn(observed, member)).map(({ nodeId }) => nodeId);
  return { group: group.id, epoch: group.epoch, over, silent, isLost: group.inSync.length - over.length < needed };
}

/** Undefined unless the group is lost, damaged included. */
function lossOf(group: Group, k: number, observed: Observations): GroupTrouble | undefined {
  const trouble = troubleOf(group, k, observed);
  if (trouble !== undefined) return trouble.isLost ? trouble : undefined;
  if (!group.inSync.every((member) => lives(observed, member))) return undefined;
  const { id, epoch, inSync } = group;
  const isDamaged = inSync.some(({ nodeId }) =>
    observed.nodes.get(nodeId)?.heartbeat.damaged.some((told) => told.group === id && told.epoch === epoch),
  );
  return isDamaged ? { group: id, epoch, over: [], silent: [], isLost: true } : undefined;
}

/** What declaring the loss of each lost group would do. */
export function previewLosses(map: ClusterMap, observed: Observations): readonly LossPreview[] {
  return map.groups.flatMap((group) => {
    const trouble = lossOf(group, map.k, observed);
    return trouble === undefined ? [] : [previewLoss(group, map.k, trouble, observed)];
  });
}

function previewLoss(group: Group, k: number, trouble: GroupTrouble, observed: Observations): LossPreview {
  const survivors = group.inSync.filter((member) => !isDown(observed, member));
  const stays = (nodeId: NodeId): boolean => survivors.some((member) => member.nodeId === nodeId);
  const keepsIndexes = group.holders.slice(k).some(stays);
  const dataHolders = group.holders.slice(0, k);
  // Of what is damaged it is not known here whose it is.
  const isDamaged = survivors.length === group.inSync.length;
  const fates = dataHolders.map((holder) => {
    if (isDamaged) return 'decoded';
    return stays(holder) ? 'kept' : keepsIndexes ? 'decoded' : 'emptied';
  });
  const missing = dataHolders.filter((holder, position) => fates[position] === 'emptied' && !isAlive(observed, holder));
  return { ...trouble, survivors, fates, missing };
}

/** Undefined unless the group is lost, that may be declared, and all that it takes is the case. */
export function planAcceptLoss(map: ClusterMap, group: Group, observed: Observations): MapCommand | undefined {
  const trouble = lossOf(group, map.k, observed);
  if (trouble === undefined || !isAllowed(trouble, observed)) return undefined;
  const { survivors, fates, missing } = previewLoss(group, map.k, trouble, observed);
  const isUnheard = survivors.some((member) => !lives(observed, member));
  const leaves = group.inSync.filter((member) => !survivors.some((other) => sameMember(other, member)));
  const leasesRun = leaves.some((member) => !leaseIsOver(observed, member));
  if (isUnheard || leasesRun || missing.length > 0) return undefined;
  const beginners = group.holders.slice(0, map.k).flatMap((nodeId, position) => {
    const incarnation = observed.nodes.get(nodeId)?.incarnation;
    return fates[position] === 'emptied' && incarnation !== undefined ? [{ nodeId, incarnation }] : [];
  });
  return { type: 'accept-loss', group: group.id, epoch: group.epoch, survivors, beginners };
}

/** Undefined unless somebody has taken note of the last loss of the group. */
export function planAcknowledgement(group: Group, { acknowledgedLosses }: Observations): MapCommand | undefined {
  const { id, loss, lossGeneration } = group;
  const isNoted = acknowledgedLosses.some((noted) => noted.group === id && noted.lossGeneration === lossGeneration);
  return isNoted && loss !== 'none' ? { type: 'acknowledge-loss', group: id, lossGeneration } : undefined;
}

function isAllowed({ group, epoch, silent }: GroupTrouble, observed: Observations): boolean {
  const isAsked = observed.acceptedLosses.some((accepted) => accepted.group === group && accepted.epoch === epoch);
  if (isAsked) return true;
  const { nowMs, leadsSinceMs, nodes, timings, lossPolicy } = observed;
  const patienceMs = RESET_PATIENCE_TIMEOUTS * timings.heartbeatTimeoutMs;
  const isAwaited = silent.some((id) => nowMs - (nodes.get(id)?.lastHeardMs ?? leadsSinceMs) < patienceMs);
  return lossPolicy === 'reset' && !isAwaited;
}

function isDown(observed: Observations, member: GroupMember): boolean {
  return isGone(observed, member);
}

function mayReturn(observed: Observations, member: GroupMember): boolean {
  const isRemoved = observed.members.length > 0 && !observed.members.includes(member.nodeId);
  return !isSucceededBy(observed, member) && !isRemoved;
}
