/**
 * Whether a cluster of ecc mode serves, how many more nodes it can lose, and which it is taking back: put together from the map and
 * from which process lives are up, in one way for status, logs and the node's own narration. Pure.
 */
import { assertNever } from '../base/assert.js';
import { LOSS_NOTICES } from './cluster-map.js';
import type { GroupReport, MapReport } from './map-report.js';

export interface Attendance {
  /** Nodes that the cluster has or is to have, and how many of them are up. */
  readonly nodes: number;
  readonly up: number;
  /** Nodes whose votes decide: how many are up, and how many have to be. */
  readonly votersUp: number;
  readonly votersNeeded: number;
  /** Whether this process life of the node is up. */
  readonly isUp: (nodeId: string, incarnation: number) => boolean;
  /** Groups that have lost more than the code can bear, and wait for a decision. */
  readonly lostGroups: readonly number[];
}

export interface Recovering {
  readonly nodeId: string;
  /** Groups that it is not in sync in yet, of those that it has a place in. */
  readonly joining: number;
  readonly groups: number;
}

export type ServiceState =
  /** The groups are created when this many nodes are there together. */
  | { readonly type: 'founding'; readonly up: number; readonly needed: number }
  | { readonly type: 'too-few-nodes'; readonly nodes: number; readonly up: number; readonly needed: number }
  /** Too few of those who held the data of these groups can come back. */
  | { readonly type: 'lost'; readonly groups: readonly number[] }
  /** Enough nodes are up, but in some groups too few of them have the data. */
  | { readonly type: 'out-of-sync'; readonly group: number; readonly inSync: number; readonly needed: number }
  | { readonly type: 'no-leader'; readonly nodes: number; readonly up: number }
  | {
      readonly type: 'serving';
      readonly mayFail: number;
      readonly recovering: readonly Recovering[];
      /** Nodes that are down and whose partitions others have yet to take over. */
      readonly takingOver: readonly string[];
      readonly losses: readonly UnacknowledgedLoss[];
    };

/** Groups whose last losses nobody has acknowledged, by what they were (LOSS_NOTICES). */
export interface UnacknowledgedLoss {
  readonly loss: string;
  readonly groups: readonly number[];
}

/** @param hasLeader whether the control side has a Raft leader. @param n nodes that the groups are created with. */
export function serviceState(map: MapReport, n: number, hasLeader: boolean, attendance: Attendance): ServiceState {
  const { nodes, up, votersUp, votersNeeded } = attendance;
  if (votersUp < votersNeeded) {
    return { type: 'too-few-nodes', nodes, up, needed: Math.max(votersNeeded, map.k) };
  }
  if (!hasLeader) return { type: 'no-leader', nodes, up };
  if (map.groups.length === 0) return { type: 'founding', up, needed: n };
  const { lostGroups } = attendance;
  if (lostGroups.length > 0) return { type: 'lost', groups: lostGroups };
  let mayFail = votersUp - votersNeeded;
  for (const group of map.groups) {
    const inSync = inSyncAndUp(group, attendance);
    const needed = neededPositions(group, map.k);
    if (inSync < needed) {
      if (up < map.k) return { type: 'too-few-nodes', nodes, up, needed: map.k };
      return { type: 'out-of-sync', group: group.id, inSync, needed };
    }
    mayFail = Math.min(mayFail, inSync - needed);
  }
  return {
    type: 'serving',
    mayFail,
    recovering: recoveringNodes(map),
    takingOver: deadPrimaries(map, attendance),
    losses: unacknowledgedLosses(map),
  };
}

/** What nobody has acknowledged yet, the gravest first. */
export function unacknowledgedLosses({ groups }: MapReport): readonly UnacknowledgedLoss[] {
  return LOSS_NOTICES.toReversed().flatMap((loss) => {
    const ids = groups.filter((group) => group.loss === loss).map(({ id }) => id);
    return loss === 'none' || ids.length === 0 ? [] : [{ loss, groups: ids }];
  });
}

/** As neededMembers of the map itself. */
function neededPositions({ positions }: GroupReport, k: number): number {
  return Math.min(k, positions.filter(({ state }) => state === 'in-sync').length);
}

function inSyncAndUp({ positions }: GroupReport, { isUp }: Attendance): number {
  return positions.filter(({ state, holder, incarnation }) => state === 'in-sync' && isUp(holder, incarnation)).length;
}

/** Nodes that have begun to join some group. */
function recoveringNodes({ groups }: MapReport): readonly Recovering[] {
  const places = groups.flatMap(({ positions }) => positions);
  const learners = new Set(places.filter(({ state }) => state === 'joining').map(({ holder }) => holder));
  return [...learners].sort().map((nodeId) => {
    const own = places.filter(({ holder }) => holder === nodeId);
    return { nodeId, joining: own.filter(({ state }) => state !== 'in-sync').length, groups: own.length };
  });
}

function deadPrimaries({ groups }: MapReport, { isUp }: Attendance): readonly string[] {
  const dead = groups.flatMap(({ positions }) =>
    positions
      .map(({ primary }) => positions.find(({ holder }) => holder === primary))
      .filter((leading) => leading !== undefined)
      .filter(({ holder, incarnation }) => !isUp(holder, incarnation))
      .map(({ holder }) => holder),
  );
  return [...new Set(dead)].sort();
}

/** "serving; 2 more nodes may fail" */
export function describeService(state: ServiceState): string {
  switch (state.type) {
    case 'founding':
      return `waiting for ${state.needed} nodes before the groups are created; ${state.up} of ${state.needed} are here`;
    case 'too-few-nodes':
      return `not serving; ${state.up} of ${state.nodes} nodes up, ${state.needed} needed`;
    case 'lost':
      return `serving in part; too few nodes still have what ${groupsInWords(state.groups)} held, and somebody has to decide: see \`dcache cluster recover --accept-data-loss\``;
    case 'out-of-sync':
      return `not serving; group ${state.group} has ${state.inSync} of the ${state.needed} nodes in sync that it needs`;
    case 'no-leader':
      return `not serving; ${state.up} of ${state.nodes} nodes up, no leader elected yet`;
    case 'serving':
      return [
        'serving',
        ...state.takingOver.map(takingOver),
        ...state.recovering.map(recovery),
        spare(state),
        ...state.losses.map(lossInWords),
      ].join('; ');
    default:
      return assertNever(state, 'service state');
  }
}

function lossInWords({ loss, groups }: UnacknowledgedLoss): string {
  const what =
    loss === 'declared' ? 'lost data that was given up' : 'began empty after all nodes had been started anew';
  return `${groupsInWords(groups)} ${what} (\`dcache cluster recover --acknowledge-loss\`)`;
}

/** "group 3", "groups 0, 1, 2" */
function groupsInWords(groups: readonly number[]): string {
  return `${groups.length === 1 ? 'group' : 'groups'} ${groups.join(', ')}`;
}

function takingOver(nodeId: string): string {
  return `taking over from ${nodeId}`;
}

function recovery({ nodeId, joining, groups }: Recovering): string {
  return `recovering ${nodeId} (joining ${joining} of ${groups} groups)`;
}

function spare({ mayFail }: { readonly mayFail: number }): string {
  if (mayFail === 0) return 'no further node may fail';
  return `${mayFail} more ${mayFail === 1 ? 'node' : 'nodes'} may fail`;
}
