/**
 * Who leaves when two live nodes do not hear each other (DESIGN.md section 6): Appends of one stay unacknowledged by the other
 * beyond linkTimeoutMs. The leader cannot see which end is sick, only which end has more broken links.
 */
import type { NodeId } from '../base/ids.js';
import { inSyncMember, learnersOf, membersOf, primaryOf, type ClusterMap, type Group } from './cluster-map.js';
import type { GroupMember, JoiningMember } from './cluster-map.js';
import { isAlive, lives, primaryRoles, type Observations } from './observations.js';

export type LinkVictim =
  | { readonly type: 'learner'; readonly learner: JoiningMember }
  | { readonly type: 'member'; readonly member: GroupMember };

/**
 * Who is to leave `group` for its broken links: a learner first; else the end with the larger share of broken links, on a tie the
 * one that is primary of less, then the one at the higher position. Undefined while no link that the group uses is broken, or its
 * epoch is so young that what is reported may be about the one before.
 */
export function linkVictim(map: ClusterMap, group: Group, observed: Observations): LinkVictim | undefined {
  const isYoung =
    observed.nowMs - (observed.epochsSinceMs[group.id] ?? observed.nowMs) < observed.timings.linkTimeoutMs;
  if (isYoung) return undefined;
  const ends = linksOf(group, map.k)
    .filter(([a, b]) => isBroken(observed, a, b))
    .flat();
  const learner = group.joining.find((joining) => ends.includes(joining.nodeId) && lives(observed, joining));
  if (learner !== undefined) return { type: 'learner', learner };

  const links = uniqueLinks(map);
  const rank = (member: GroupMember): readonly [number, number, number] => [
    -brokenShare(observed, links, member.nodeId),
    primaryRoles(group, map.k, member),
    -group.holders.indexOf(member.nodeId),
  ];
  const candidates = ends.flatMap((nodeId) => inSyncMember(group, nodeId) ?? []);
  const [first] = candidates
    .map((member) => ({ member, rank: rank(member) }))
    .toSorted((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1] || a.rank[2] - b.rank[2]);
  return first === undefined ? undefined : { type: 'member', member: first.member };
}

/** Whether a link of the group at this node is reported broken, however young the epoch. */
export function hasBrokenLink(group: Group, k: number, observed: Observations, nodeId: NodeId): boolean {
  return group.holders.some((other) => {
    const isPrimary = Array.from({ length: k }, (_, position) => primaryOf(group, position)?.nodeId).includes(other);
    return isPrimary && other !== nodeId && isBroken(observed, other, nodeId);
  });
}

type Link = readonly [NodeId, NodeId];

/** Each primary of the group with each other member and learner of its partitions. */
function linksOf(group: Group, k: number): readonly Link[] {
  const links: Link[] = [];
  for (let position = 0; position < k; position++) {
    const primary = primaryOf(group, position);
    if (primary === undefined) continue;
    for (const { nodeId } of [...membersOf(group, k, position), ...learnersOf(group, k, position)]) {
      if (nodeId !== primary.nodeId) links.push([primary.nodeId, nodeId]);
    }
  }
  return links;
}

/** Every pair of nodes that has a link in some group, once. */
function uniqueLinks({ groups, k }: ClusterMap): readonly Link[] {
  const byEnds = new Map<string, Link>();
  for (const [a, b] of groups.flatMap((group) => linksOf(group, k))) {
    const link: Link = a < b ? [a, b] : [b, a];
    byEnds.set(link.join(' '), link);
  }
  return [...byEnds.values()];
}

/** Both ends are alive, and one of them waits for the other for too long. */
function isBroken(observed: Observations, a: NodeId, b: NodeId): boolean {
  if (!isAlive(observed, a) || !isAlive(observed, b)) return false;
  return waitsFor(observed, a, b) || waitsFor(observed, b, a);
}

function waitsFor({ nodes, timings }: Observations, from: NodeId, to: NodeId): boolean {
  const reported = nodes.get(from)?.heartbeat.unacknowledged ?? [];
  return reported.some(({ nodeId, ageMs }) => nodeId === to && ageMs > timings.linkTimeoutMs);
}

/** Of its links to live nodes, over all groups. */
function brokenShare(observed: Observations, links: readonly Link[], nodeId: NodeId): number {
  const mine = links.filter(([a, b]) => (a === nodeId || b === nodeId) && isAlive(observed, a) && isAlive(observed, b));
  return mine.filter(([a, b]) => isBroken(observed, a, b)).length / Math.max(1, mine.length);
}
