/** The cluster map as it is told to people and programs: positions with their roles and states spelled out. Pure. */
import { inSyncMember, primaryOf, type ClusterMap, type Group } from './cluster-map.js';

export interface MapReport {
  /** Data and parity positions of a group; 0 until the groups have been created. */
  readonly k: number;
  readonly m: number;
  /** Raft index up to which the map has been applied. */
  readonly mapIndex: number;
  readonly groups: readonly GroupReport[];
}

export interface GroupReport {
  readonly id: number;
  readonly epoch: number;
  readonly lossGeneration: number;
  /** Of LOSS_NOTICES: what nobody has acknowledged yet. */
  readonly loss: string;
  /** k data positions, then m parity positions. */
  readonly positions: readonly PositionReport[];
}

export interface PositionReport {
  readonly position: number;
  /** data or parity */
  readonly role: string;
  readonly holder: string;
  /** in-sync, joining or out */
  readonly state: string;
  /** Of the process life that is in sync or joining; 0 when out. */
  readonly incarnation: number;
  /** Node id of the partition's primary; empty at parity positions, and while nobody leads. */
  readonly primary: string;
}

export function reportMap({ k, m, groups }: ClusterMap, mapIndex: number): MapReport {
  return { k, m, mapIndex, groups: groups.map((group) => reportGroup(group, k)) };
}

function reportGroup(group: Group, k: number): GroupReport {
  const { id, epoch, lossGeneration, loss, holders } = group;
  const positions = holders.map((_, position) => reportPosition(group, k, position));
  return { id, epoch, lossGeneration, loss, positions };
}

function reportPosition(group: Group, k: number, position: number): PositionReport {
  const holder = group.holders[position] ?? '';
  const member = inSyncMember(group, holder);
  const learner = group.joining.find(({ nodeId }) => nodeId === holder);
  const state = member !== undefined ? 'in-sync' : learner !== undefined ? 'joining' : 'out';
  const isData = position < k;
  return {
    position,
    role: isData ? 'data' : 'parity',
    holder,
    state,
    incarnation: (member ?? learner)?.incarnation ?? 0,
    primary: (isData ? primaryOf(group, position)?.nodeId : undefined) ?? '',
  };
}
