/**
 * Spares: nodes beyond the n of the groups. They hold nothing until a holder is taken out of the cluster for good (`cluster remove`);
 * then one of them gets its place in every group, as soon as the old holder is out of it, and joins there. A holder that is only down
 * keeps its places, however long: it may come back at any moment, and moving its share for a restart would cost more than it is worth.
 *
 * The places that default-groups.ts gives to one node are a *seat*: one in each group, and each position once. Who takes places over
 * takes those of one seat and no others, so that the share of every node stays what the reserve of its memory is reckoned for
 * (replication/memory-reserve.ts). Pure.
 */
import type { NodeId } from '../base/ids.js';
import type { ClusterMap, Group } from './cluster-map.js';
import { sortedNodeIds } from './default-groups.js';
import type { MapCommand } from './map-commands.js';
import { isAlive, type Observations } from './observations.js';
import { isLeaving } from './planned-hand-over.js';

/** Undefined unless a place of the group is free for good and a spare is there for it. */
export function planReplacement(map: ClusterMap, group: Group, observed: Observations): MapCommand | undefined {
  for (const [position, holder] of group.holders.entries()) {
    if (!isFree(group, holder, observed)) continue;
    const by = spareFor(map, group, position, observed);
    if (by !== undefined) return { type: 'replace-holder', group: group.id, epoch: group.epoch, holder, by };
  }
  return undefined;
}

/** Whether the holder does not belong to the cluster any more, and is out of the group. */
function isFree({ inSync, joining }: Group, holder: NodeId, { members }: Observations): boolean {
  // Nobody leads without being a member: an empty list is one that is not known yet.
  if (members.length === 0 || members.includes(holder)) return false;
  return ![...inSync, ...joining].some(({ nodeId }) => nodeId === holder);
}

/** One that has begun to take the seat, or else the first that holds nothing. */
function spareFor(map: ClusterMap, group: Group, position: number, observed: Observations): NodeId | undefined {
  const seat = seatOf(group, position);
  const able = sortedNodeIds(observed.members).filter((nodeId) => {
    const seats = seatsHeld(map, nodeId);
    return isUp(observed, nodeId) && !group.holders.includes(nodeId) && seats.every((held) => held === seat);
  });
  return able.find((nodeId) => seatsHeld(map, nodeId).length > 0) ?? able[0];
}

function isUp(observed: Observations, nodeId: NodeId): boolean {
  const incarnation = observed.nodes.get(nodeId)?.incarnation;
  return incarnation !== undefined && isAlive(observed, nodeId) && !isLeaving(observed, { nodeId, incarnation });
}

function seatsHeld({ groups }: ClusterMap, nodeId: NodeId): readonly number[] {
  return groups.flatMap((group) => {
    const position = group.holders.indexOf(nodeId);
    return position < 0 ? [] : [seatOf(group, position)];
  });
}

/** Which node of the default layout had the place. */
function seatOf({ id, holders }: Group, position: number): number {
  return (id + position) % holders.length;
}
