/** The state of a cluster of ecc mode for people: nodes with their leases, groups and bytes, and one sentence. */
import { ECC_BYTES } from '../actors/data-plane.js';
import type { ClusterReport, NodeReport } from '../adapters/grpc/backend.js';
import type { MapReport } from '../cluster/map-report.js';
import { describeService, serviceState, type ServiceState } from '../cluster/service-state.js';
import { recoveryProgress, type NodeRecovery } from '../recovery/recovery-progress.js';
import { plainTable, presentBytes, presentTime, type Cell } from './tables.js';

const COLUMNS = ['node', 'pid', 'client', 'role', 'lease', 'in sync', 'keys', ...ECC_BYTES, 'bytes', 'uptime'];

/** A row a node, and the sums below. `in sync`: in how many of the groups that it has a place in. */
export function eccTable(nodes: readonly NodeReport[], map: MapReport): string {
  return plainTable(COLUMNS, [...nodes.map((node) => row(node, map)), total(nodes)]);
}

function row(node: NodeReport, map: MapReport): Cell[] {
  const { nodeId, pid, clientAddress, role, keys, bytes, bytesFor, uptimeMs, ecc } = node;
  if (!node.up) return [nodeId, '-', clientAddress || '-', 'down', '-', inSync(node, map), ...dashes(9)];
  const lease = ecc === undefined || ecc.leaseLeftMs === 0 ? 'none' : `${ecc.leaseLeftMs} ms`;
  const classes = ECC_BYTES.map((what) => presentBytes(bytesFor[what] ?? 0));
  const amounts = [keys, ...classes, presentBytes(bytes), presentTime(uptimeMs)];
  return [nodeId, pid, clientAddress, role, lease, inSync(node, map), ...amounts];
}

function total(nodes: readonly NodeReport[]): Cell[] {
  const sum = (of: (node: NodeReport) => number): number => nodes.reduce((total, node) => total + of(node), 0);
  const classes = ECC_BYTES.map((what) => presentBytes(sum(({ bytesFor }) => bytesFor[what] ?? 0)));
  return ['total', ...dashes(5), sum(({ keys }) => keys), ...classes, presentBytes(sum(({ bytes }) => bytes)), '-'];
}

/** "4 of 5". A node that has been started anew is not the process life that the map may still hold for in sync. */
function inSync({ nodeId, ecc }: NodeReport, { groups }: MapReport): string {
  const places = groups.flatMap(({ positions }) => positions.filter(({ holder }) => holder === nodeId));
  if (places.length === 0) return '-';
  const own = places.filter(({ state, incarnation }) => state === 'in-sync' && incarnation === ecc?.incarnation);
  return `${own.length} of ${places.length}`;
}

function dashes(count: number): string[] {
  return new Array<string>(count).fill('-');
}

/**
 * "n3 refills: 45%, 1.2 GiB of 2.6 GiB (0.8 GiB of it kept), 120.0 MiB a second, 12 s left"; one a node that does. And one a node that
 * cannot.
 */
export function recoveryLines(nodes: readonly NodeReport[]): readonly string[] {
  const paused = nodes.filter(({ ecc }) => (ecc?.refillPauseMs ?? 0) > 0);
  const cannot = paused.map(({ nodeId, ecc }) => {
    const again = `it tries again in ${presentTime(ecc?.refillPauseMs ?? 0)}`;
    return `${nodeId} cannot hold its part under its --max-memory: start it with more, or delete values; ${again}`;
  });
  const refilling = recoveryProgress(nodes).map((progress) => {
    const { nodeId, doneBytes, totalBytes } = progress;
    const percent = totalBytes === 0 ? 100 : Math.floor((100 * doneBytes) / totalBytes);
    return `${nodeId} refills: ${percent}%, ${refillInWords(progress)}`;
  });
  return [...refilling, ...cannot];
}

/** "1.2 GiB of 2.6 GiB (0.8 GiB of it kept), 120.0 MiB a second, 12 s left" */
export function refillInWords({
  doneBytes,
  totalBytes,
  keptBytes,
  bytesPerSecond,
  leftMs,
}: Omit<NodeRecovery, 'nodeId'>): string {
  const kept = keptBytes === 0 ? '' : ` (${presentBytes(keptBytes)} of it kept)`;
  const left = leftMs === undefined ? '' : `, ${presentTime(leftMs)} left`;
  return `${presentBytes(doneBytes)} of ${presentBytes(totalBytes)}${kept}, ${presentBytes(bytesPerSecond)} a second${left}`;
}

/** ", RS(3,2): serving; 2 more nodes may fail" */
export function eccSentence(report: ClusterReport, map: MapReport): string {
  const { ecc } = report.nodes.find((node) => node.ecc !== undefined) ?? {};
  const { k, m } = map.groups.length > 0 ? map : (ecc ?? map);
  return `, RS(${k},${m}): ${describeService(stateOf(report, map, k + m))}`;
}

/** Whether the cluster serves and how many more nodes may fail. */
export function serviceStateOf(report: ClusterReport, map: MapReport): ServiceState {
  return stateOf(report, map, map.k + map.m);
}

/** Whether data are lost: groups that wait for a decision, or a declared loss that nobody has acknowledged. A cold start is none. */
export function tellsOfLoss(report: ClusterReport): boolean {
  const isDeclared = report.map?.groups.some(({ loss }) => loss === 'declared') ?? false;
  return isDeclared || lostGroups(report).length > 0;
}

/** Groups that have lost more than the code can bear and wait for a decision. Ascending. */
export function lostGroups({ nodes }: ClusterReport): readonly number[] {
  return [...new Set(nodes.flatMap(({ ecc }) => ecc?.lostGroups ?? []))].sort((a, b) => a - b);
}

function stateOf(report: ClusterReport, map: MapReport, n: number): ServiceState {
  const { nodes, up, needed } = report;
  const leader = nodes.find(({ role }) => role === 'leader');
  return serviceState(map, n, leader !== undefined, {
    nodes: nodes.length,
    up,
    // The leader knows which of them vote, and this report which of them answer.
    votersUp: Math.min(up, leader?.reachable ?? up),
    votersNeeded: needed,
    lostGroups: lostGroups(report),
    isUp: (nodeId, incarnation) =>
      nodes.some((node) => node.nodeId === nodeId && node.ecc?.incarnation === incarnation),
  });
}
