/** What the control side tells the data side, and people, about this node's place in the cluster. Plain data. */
import type { ClusterId, NodeId } from '../base/ids.js';
import type { Member } from './members.js';

/**
 * `starting`: looking for the other nodes. `joining`: asking an existing cluster for a place. `learner`: receives
 * everything, does not vote yet. `removed`: the cluster has taken this node out for good.
 */
export type NodeRole =
  'starting' | 'joining' | 'learner' | 'follower' | 'pre-candidate' | 'candidate' | 'leader' | 'removed';

export interface ClusterView {
  readonly nodeId: NodeId;
  /** 0 while the node has no place in a cluster. */
  readonly raftId: number;
  readonly clusterId: ClusterId | undefined;
  readonly role: NodeRole;
  readonly term: number;
  /** Raft id of the leader, 0 if none is known. */
  readonly leader: number;
  readonly members: readonly Member[];
  /** Raft ids that vote. */
  readonly voters: readonly number[];
  /** Nodes whose votes decide: the voters, or the first members while there is no cluster yet. */
  readonly size: number;
  /** How many of them have to be up: a majority. */
  readonly needed: number;
  /** How many of them are up as far as this node can tell, itself included. */
  readonly up: number;
  /** Node ids of those that are not. */
  readonly missing: readonly string[];
}

/** Whether both say the same. Members are compared as the list that they are in: it is made anew when one changes. */
export function sameView(a: ClusterView, b: ClusterView): boolean {
  return (
    a.role === b.role &&
    a.term === b.term &&
    a.leader === b.leader &&
    a.raftId === b.raftId &&
    a.nodeId === b.nodeId &&
    a.clusterId === b.clusterId &&
    a.members === b.members &&
    a.size === b.size &&
    a.needed === b.needed &&
    a.up === b.up &&
    sameList(a.voters, b.voters) &&
    sameList(a.missing, b.missing)
  );
}

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((item, i) => item === b[i]));
}

export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** "1 of 3 up, 2 needed" */
export function describeShortage(view: ClusterView): string {
  return `${view.up} of ${view.size} nodes up, ${view.needed} needed`;
}
