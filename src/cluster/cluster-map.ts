/**
 * The cluster map of ecc mode: the state of the Raft state machine there (DESIGN.md section 6). Groups of holders, each with one
 * epoch and one in-sync set; who is primary, backup or learner of a partition follows from it by the functions below, equal on
 * all nodes at equal map index. Changed only by map commands (map-commands.ts).
 *
 * A node is in or out of a group as a whole. Positions 0..k-1 of a group are data positions, each of which is a partition;
 * positions k..n-1 are parity positions, whose holders are members of all k partitions.
 */
import type { Incarnation, NodeId } from '../base/ids.js';

/** One process life of a node. */
export interface GroupMember {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
}

export interface JoiningMember extends GroupMember {
  /** Raft index of the join command: tells one attempt from the next. */
  readonly joinIndex: number;
}

export interface Group {
  /** Its place in `ClusterMap.groups`. */
  readonly id: number;
  /** n nodes by position. A spare gets the place of one that was taken out of the cluster (replacement-plan.ts). */
  readonly holders: readonly NodeId[];
  /** Number of the configuration, from 1; grows by one with every change of `inSync`, `acting` or `lossGeneration`. */
  readonly epoch: number;
  /** At least k, except after a declared loss, until learners have come in sync. Each is a holder; a node is listed once. Ascending by position. */
  readonly inSync: readonly GroupMember[];
  /** Holders that learn. None of them is in sync. Ascending by position. */
  readonly joining: readonly JoiningMember[];
  /** By data position: who leads in place of a holder that is out of sync, an in-sync parity holder; null: the holder leads. */
  readonly acting: readonly (NodeId | null)[];
  /** Counts the losses of data. */
  readonly lossGeneration: number;
  /** What the last losses were, until somebody has acknowledged them. */
  readonly loss: LossNotice;
  /**
   * By data position: its log begins behind this index, which is 0 at first, and the versionFloor of the time when the partition last began
   * empty. Whatever a node holds of the partition under another beginning is of what was lost.
   */
  readonly logStarts: readonly number[];
  /** No log of the group goes to this index; raised ahead of every log that nears it, never lowered. Above all logStarts. */
  readonly versionFloor: number;
}

/**
 * `none`: all is acknowledged. `began-empty`: every process that held data of the group was gone, and it began anew (cold start).
 * `declared`: a person, or --on-loss reset, gave up what too few survivors could tell. The graver one stands until acknowledged.
 */
export const LOSS_NOTICES = ['none', 'began-empty', 'declared'] as const;
export type LossNotice = (typeof LOSS_NOTICES)[number];

export interface ClusterMap {
  /** Data and parity positions of a group; 0 until the groups are created. */
  readonly k: number;
  readonly m: number;
  /** Empty until created; then never fewer or more. */
  readonly groups: readonly Group[];
}

export const EMPTY_MAP: ClusterMap = { k: 0, m: 0, groups: [] };

/** A partition: the slots of one data position of one group. */
export interface PartitionName {
  readonly group: number;
  /** 0..k-1 */
  readonly position: number;
}

export type PartitionRole = 'primary' | 'backup' | 'learner' | 'none';

export function sameMember(a: GroupMember, b: GroupMember): boolean {
  return a.nodeId === b.nodeId && a.incarnation === b.incarnation;
}

export function inSyncMember(group: Group, nodeId: string | undefined): GroupMember | undefined {
  return group.inSync.find((member) => member.nodeId === nodeId);
}

/** The in-sync parity holders and, if it is in sync, the holder of the position; data holder first, then by position. */
export function membersOf(group: Group, k: number, position: number): readonly GroupMember[] {
  const holder = inSyncMember(group, group.holders[position]);
  const parity = group.inSync.filter(({ nodeId }) => group.holders.indexOf(nodeId) >= k);
  return holder === undefined ? parity : [holder, ...parity];
}

/** The holder if it is in sync, else the acting node; undefined when neither is. */
export function primaryOf(group: Group, position: number): GroupMember | undefined {
  return inSyncMember(group, group.holders[position]) ?? inSyncMember(group, group.acting[position] ?? undefined);
}

/** A data holder learns its own partition, a parity holder all of them. */
export function learnersOf(group: Group, k: number, position: number): readonly JoiningMember[] {
  return group.joining.filter(({ nodeId }) => {
    const place = group.holders.indexOf(nodeId);
    return place === position || place >= k;
  });
}

/** How many members have to be up: k, or all that a declared loss has left. */
export function neededMembers(group: Group, k: number): number {
  return Math.min(k, group.inSync.length);
}

export function roleIn(group: Group, k: number, position: number, self: GroupMember): PartitionRole {
  const primary = primaryOf(group, position);
  if (primary !== undefined && sameMember(primary, self)) return 'primary';
  if (membersOf(group, k, position).some((member) => sameMember(member, self))) return 'backup';
  if (learnersOf(group, k, position).some((member) => sameMember(member, self))) return 'learner';
  return 'none';
}
