/** `cluster recover --explain`: what a cluster lacks, what is being done about it, in which order and why, in plain words. Pure. */
import type { ClusterReport, NodeReport } from '../../adapters/grpc/backend.js';
import { assertNever } from '../../base/assert.js';
import type { MapReport } from '../../cluster/map-report.js';
import type { RecoveringNode } from '../../recovery/recovery-state.js';
import { lostGroups, tellsOfLoss } from '../ecc-status.js';
import { startCommand } from '../start-command.js';
import { summary } from '../status-table.js';
import { describeProgress, progressEvent } from './recovery-events.js';

export interface Explanation {
  /** As in `cluster status`. */
  readonly summary: string;
  readonly missing: readonly string[];
  /** What the cluster does about it by itself. */
  readonly underWay: readonly string[];
  /** In which order, and why in that one; empty when nothing is under way. */
  readonly order: readonly string[];
  /** What only a person can do. */
  readonly toDo: readonly string[];
}

/** @param state of all nodes of the report */
export function explain(report: ClusterReport, state: readonly RecoveringNode[]): Explanation {
  const missing = state.filter(({ stage }) => stage !== 'back');
  const { map } = report;
  return {
    summary: summary(report),
    missing: [...missing.map(whatIsMissing), ...(map === undefined ? [] : thinnestGroup(report, map))],
    underWay: missing.flatMap((node) => whatIsUnderWay(node, report)),
    order: missing.length === 0 ? [] : map === undefined ? RAFT_ORDER : ECC_ORDER,
    toDo: [...missing.flatMap((node) => whatToDo(node, report)), ...decisions(report)],
  };
}

export function explanationInWords({ summary: sentence, missing, underWay, order, toDo }: Explanation): string {
  if (missing.length === 0 && toDo.length === 0) return `${sentence}\n\nEverything is where it should be.`;
  const paragraph = (title: string, items: readonly string[], otherwise: string, numbered = false): string => {
    const lines = items.length === 0 ? [otherwise] : items;
    return [title, ...lines.map((line, i) => `  ${numbered ? `${i + 1}.` : '-'} ${line}`)].join('\n');
  };
  return [
    sentence,
    paragraph('What is missing', missing, 'nothing'),
    paragraph('What is being done', underWay, 'nothing, as long as nobody does what is said below'),
    ...(order.length === 0 ? [] : [paragraph('In which order, and why', order, '', true)]),
    paragraph('What you can do', toDo, 'nothing: it goes on by itself'),
  ].join('\n\n');
}

const ECC_ORDER = [
  'Requests come first: a value whose segment is missing is rebuilt from any k of the others as soon as somebody asks for it.',
  'A node that comes back gets every new write from its first moment on, in all its groups at once; otherwise it would never catch up.',
  'Between the writes go the sealed segments, as fast as --recovery-rate and the links allow. What it still has from before is not sent.',
  'When all primaries that feed it in a group have compared what it holds, it is in sync there. Only from then on may another node fail in its place.',
  'Last it takes over the partitions that others lead in its place; they first finish what they have accepted, so no request fails.',
];

const RAFT_ORDER = [
  'Requests come first: the log goes to a node that is behind in the same stream as to all others.',
  'A node that comes back begins with its own snapshot and log. From the leader it gets the entries that it lacks, and a snapshot only if the leader has no longer all of them.',
  'One that has lost its data folder begins empty, as a learner with a new raft id: what it once promised is gone with the folder, so it must not vote in its old place.',
  'When it has caught up it votes, and only from then on may another node fail in its place.',
];

function whatIsMissing(node: RecoveringNode): string {
  const { nodeId, stage, done, total, reason } = node;
  const groups = `${done} of the ${total} groups that it has a place in`;
  switch (stage) {
    case 'back':
      return `${nodeId} has everything`;
    case 'down':
      return `${nodeId} does not answer`;
    case 'removed':
      return `${nodeId} was taken out of the cluster for good, and its places in ${total} groups are empty`;
    case 'starting':
      return `${nodeId} is up and does not serve: ${reason}`;
    case 'waiting':
    case 'refilling':
      return `${nodeId} is up, but what it holds is old or gone: it is in sync in ${groups}`;
    case 'handing-back':
      return `nothing of what ${nodeId} holds, but others still lead partitions of it`;
    case 'learning':
      return `${nodeId} does not vote yet; it has ${done} of ${total} entries`;
    case 'catching-up':
      return `${nodeId} is behind: it has applied entry ${done} of ${total}`;
    default:
      return assertNever(stage, 'stage of recovery');
  }
}

function whatIsUnderWay(node: RecoveringNode, { nodes, map }: ClusterReport): readonly string[] {
  const { nodeId, stage } = node;
  const acting = map === undefined ? [] : actingFor(map, nodeId);
  const inItsPlace = acting.length === 0 ? [] : [`${acting.join(', ')} in place of ${nodeId}: no request fails for it`];
  switch (stage) {
    case 'refilling':
      return [`${feedersOf(nodes, nodeId)} ${nodeId} what it lacks: ${describeProgress(progressEvent(node))}`];
    case 'learning':
    case 'catching-up':
      return [`${leaderOf(nodes)} sends ${nodeId} what it lacks: ${describeProgress(progressEvent(node))}`];
    case 'handing-back':
      return [`${acting.join(', ')} in place of ${nodeId}, and hands over`];
    case 'down':
    case 'removed':
    case 'waiting':
    case 'starting':
      return inItsPlace;
    case 'back':
      return [];
    default:
      return assertNever(stage, 'stage of recovery');
  }
}

function whatToDo({ nodeId, stage }: RecoveringNode, report: ClusterReport): readonly string[] {
  const row = report.nodes.find((node) => node.nodeId === nodeId);
  if (stage === 'down' && row !== undefined) {
    return [
      `start ${nodeId} on its machine: ${startCommand(row, report)}`,
      `or another machine in its place: the same with --replace and its own addresses`,
    ];
  }
  if (stage === 'removed') {
    return [
      `start a spare, a node of another name: it gets the places of ${nodeId} (dcache cluster add NAME, dcache node start --id NAME)`,
      `or let a node of that name in again: dcache cluster recover ${nodeId}, and start it`,
    ];
  }
  return [];
}

function decisions(report: ClusterReport): readonly string[] {
  if (lostGroups(report).length > 0) {
    return [
      'more memories are gone, or more of what is there is damaged, than the code can bear. See what is lost, and go on without it: dcache cluster recover --accept-data-loss',
    ];
  }
  return tellsOfLoss(report) ? ['data were given up. Take note of it: dcache cluster recover --acknowledge-loss'] : [];
}

/** How near to the edge the worst group is. */
function thinnestGroup({ nodes }: ClusterReport, { k, groups }: MapReport): readonly string[] {
  const lives = new Map(nodes.map(({ nodeId, ecc }) => [nodeId, ecc?.incarnation]));
  const counts = groups.map(({ id, positions }) => ({
    id,
    size: positions.length,
    inSync: positions.filter(
      ({ state, holder, incarnation }) => state === 'in-sync' && lives.get(holder) === incarnation,
    ).length,
  }));
  const worst = counts.toSorted((a, b) => a.inSync - b.inSync)[0];
  if (worst === undefined || worst.inSync === worst.size) return [];
  return [
    `group ${worst.id} is worst off: ${worst.inSync} of its ${worst.size} nodes are up and in sync, ${k} it needs`,
  ];
}

/** "n4 leads partition 0 of group 2" for each partition of the node that somebody else leads. */
function actingFor({ groups }: MapReport, nodeId: string): readonly string[] {
  const led = groups.flatMap(({ id, positions }) =>
    positions
      .filter(
        ({ holder, role, primary }) => holder === nodeId && role === 'data' && primary !== nodeId && primary !== '',
      )
      .map(({ primary, position }) => `${primary} leads partition ${position} of group ${id}`),
  );
  return [...new Set(led)];
}

function feedersOf(nodes: readonly NodeReport[], nodeId: string): string {
  const feeders = nodes.filter(({ ecc }) => ecc?.transfers.some((transfer) => transfer.nodeId === nodeId) === true);
  const names = feeders.map((node) => node.nodeId);
  if (names.length === 0) return 'the primaries of its groups send';
  return `${names.join(', ')} ${names.length === 1 ? 'sends' : 'send'}`;
}

function leaderOf(nodes: readonly NodeReport[]): string {
  const leader = nodes.find(({ role }) => role === 'leader');
  return leader === undefined ? 'the leader, once one is elected,' : `${leader.nodeId}, which leads,`;
}
