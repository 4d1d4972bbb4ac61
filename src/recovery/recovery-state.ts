/**
 * Where each node of a cluster is on its way to everything that it should have, in both modes: put together from what all nodes
 * report and, in ecc mode, from the map. For people and scripts, never for decisions of a protocol. Pure.
 */
import { hasVote, isBack, leadsItsOwn, removedHolders, type ReportedNode } from '../cluster/redundancy.js';
import type { MapReport, PositionReport } from '../cluster/map-report.js';
import {
  leftMsOf,
  recoveryProgress,
  transfersUnderWay,
  type FeederReport,
  type NodeRecovery,
  type Transfer,
} from './recovery-progress.js';

/**
 * `back`: it has everything. `down`: it does not answer. `removed`: taken out for good, and nobody has its places. `starting`: it
 * answers, and does not serve yet. In ecc mode `waiting`: nobody sends it anything yet; `refilling`; `handing-back`: it has
 * everything, and others still lead what is its. In raft mode `learning`: it does not vote yet; `catching-up`: it votes, and lacks
 * entries.
 */
export type RecoveryStage =
  'back' | 'down' | 'removed' | 'starting' | 'waiting' | 'refilling' | 'handing-back' | 'learning' | 'catching-up';

export interface RecoveringNode {
  readonly nodeId: string;
  readonly stage: RecoveryStage;
  /** Why a node that is starting does not serve; else empty. */
  readonly reason: string;
  /** 0..1, with what is under way counted in part. 1 when it has everything. */
  readonly fraction: number;
  /** ecc mode: groups that it is in sync in, of those that it has a place in. raft mode: entries, of those that it is to have. */
  readonly done: number;
  readonly total: number;
  /** Segments that it is being sent, or a snapshot; undefined while nobody sends. */
  readonly bytes: Omit<NodeRecovery, 'nodeId'> | undefined;
}

/** What is read of the report of a node. */
interface RecoveryReport extends ReportedNode, FeederReport {
  readonly ecc: (ReportedNode['ecc'] & FeederReport['ecc']) | undefined;
  /** raft mode: snapshots that it sends. */
  readonly snapshots: readonly {
    readonly nodeId: string;
    readonly totalBytes: number;
    readonly doneBytes: number;
    readonly bytesPerSecond: number;
  }[];
}

export interface RecoveringCluster {
  readonly nodes: readonly RecoveryReport[];
  /** Undefined in raft mode. */
  readonly map: MapReport | undefined;
}

/** raft mode: which entry a node had applied when it was first seen behind, and which it is to have: from < to. */
export interface EntryGoal {
  readonly from: number;
  readonly to: number;
}

/** All nodes in order of their names. @param goals raft mode: by node id; a node without one is to have nothing in particular */
export function recoveryState(
  cluster: RecoveringCluster,
  goals: ReadonlyMap<string, EntryGoal>,
): readonly RecoveringNode[] {
  const { nodes, map } = cluster;
  const removed = removedHolders(cluster).map((nodeId) => nodeAt(nodeId, 'removed', placesOf(map, nodeId).length));
  const known = nodes.map((node) =>
    map === undefined
      ? inRaftMode(node, goals.get(node.nodeId), snapshotTo(nodes, node.nodeId))
      : inEccMode(node, cluster, map),
  );
  return [...known, ...removed].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
}

function inRaftMode(node: RecoveryReport, goal: EntryGoal | undefined, bytes: RecoveringNode['bytes']): RecoveringNode {
  const { nodeId, up, notServing, applied } = node;
  const to = goal?.to ?? applied;
  const from = Math.min(goal?.from ?? applied, to);
  const done = Math.min(applied, to);
  // A snapshot comes before all entries behind it, and takes longer.
  const byEntries = to === from ? 0 : (done - from) / (to - from);
  const fraction = bytes === undefined || bytes.totalBytes === 0 ? byEntries : bytes.doneBytes / bytes.totalBytes;
  const at = (stage: RecoveryStage): RecoveringNode => ({ ...nodeAt(nodeId, stage, to), done, fraction, bytes });
  if (!up) return nodeAt(nodeId, 'down', to);
  if (notServing !== '') return { ...at('starting'), reason: notServing };
  if (!hasVote(node)) return at('learning');
  return done < to ? at('catching-up') : { ...at('back'), fraction: 1, bytes: undefined };
}

function snapshotTo(nodes: readonly RecoveryReport[], nodeId: string): RecoveringNode['bytes'] {
  const found = nodes.flatMap(({ snapshots }) => snapshots).find((snapshot) => snapshot.nodeId === nodeId);
  if (found === undefined) return undefined;
  const { totalBytes, doneBytes, bytesPerSecond } = found;
  const leftMs = leftMsOf(totalBytes - doneBytes, bytesPerSecond);
  return { totalBytes, doneBytes, keptBytes: 0, bytesPerSecond, leftMs };
}

function inEccMode(node: RecoveryReport, cluster: RecoveringCluster, map: MapReport): RecoveringNode {
  const { nodeId, up, notServing } = node;
  const places = placesOf(map, nodeId);
  if (!up) return nodeAt(nodeId, 'down', places.length);
  const bytes = bytesOf(cluster, nodeId);
  const own = places.filter(({ incarnation }) => incarnation === node.ecc?.incarnation);
  const inSync = own.filter(({ state }) => state === 'in-sync');
  const joining = own.filter(({ state }) => state === 'joining');
  const streams = transfersUnderWay(cluster.nodes).filter((stream) => stream.nodeId === nodeId);
  const sent = joining.reduce((sum, { group }) => sum + sentOf(streams, group), inSync.length);
  const at = (stage: RecoveryStage): RecoveringNode => ({
    ...nodeAt(nodeId, stage, places.length),
    done: inSync.length,
    fraction: places.length === 0 ? 1 : sent / places.length,
    bytes,
  });
  if (notServing !== '') return { ...at('starting'), reason: notServing };
  if (isBack(cluster, node)) return at(leadsItsOwn(map, nodeId) ? 'back' : 'handing-back');
  return at(joining.length > 0 ? 'refilling' : 'waiting');
}

function bytesOf(cluster: RecoveringCluster, nodeId: string): RecoveringNode['bytes'] {
  const found = recoveryProgress(cluster.nodes).find((progress) => progress.nodeId === nodeId);
  if (found === undefined) return undefined;
  const { doneBytes, totalBytes, keptBytes, bytesPerSecond, leftMs } = found;
  return { doneBytes, totalBytes, keptBytes, bytesPerSecond, leftMs };
}

/** Of the segments of a group, how large a part has been sent. */
function sentOf(streams: readonly Transfer[], group: number): number {
  const ofGroup = streams.filter((stream) => stream.group === group);
  const total = ofGroup.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  return total === 0 ? 0 : ofGroup.reduce((sum, { doneBytes }) => sum + doneBytes, 0) / total;
}

interface Place extends PositionReport {
  readonly group: number;
}

function placesOf(map: MapReport | undefined, nodeId: string): readonly Place[] {
  return (map?.groups ?? []).flatMap(({ id: group, positions }) =>
    positions.filter(({ holder }) => holder === nodeId).map((position) => ({ ...position, group })),
  );
}

function nodeAt(nodeId: string, stage: RecoveryStage, total: number): RecoveringNode {
  return { nodeId, stage, reason: '', fraction: 0, done: 0, total, bytes: undefined };
}
