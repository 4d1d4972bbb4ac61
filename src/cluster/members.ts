/**
 * The list of nodes of a raft-mode cluster: who has which raft id, and where it listens. Replicated: it changes only by
 * member commands and membership changes in the Raft log, so it is equal on all nodes at equal index. Who votes is the
 * core's ConfState; this list gives the raft ids in it a name and an address.
 *
 * Invariants: raft ids are given out once, each below `nextRaftId`; the cluster id never changes once it is set. Two
 * members may have the same node id only while one of them replaces the other: the larger raft id is the newer.
 */
import type { ClusterId, NodeId, RaftId } from '../base/ids.js';
import { sortedFounders, type Founder, type Speaker } from './speaker.js';

export interface Member {
  readonly raftId: RaftId;
  readonly nodeId: NodeId;
  /** host:port, where Raft's messages go. */
  readonly controlAddress: string;
  /** host:port, where clients and forwarded requests go; empty until the node has told. */
  readonly clientAddress: string;
  /** host:port of metrics and health; empty until the node has told, or when it has none. */
  readonly httpAddress: string;
  /** host:port, where the other nodes' data links go; empty until the node has told, and in raft mode. */
  readonly dataAddress: string;
}

export interface Members {
  /** Undefined until the cluster's first entry is applied. */
  readonly clusterId: ClusterId | undefined;
  /** Ascending by raft id. */
  readonly list: readonly Member[];
  /** Raft ids that voted before the first entry. Never changes; a node that joins starts reading the log with them. */
  readonly founders: readonly number[];
  /** Larger than every raft id that was ever given out. */
  readonly nextRaftId: number;
  /** Names of nodes that may join although they have never been members (`dcache cluster add`). Ascending. */
  readonly expected: readonly string[];
}

export const NO_MEMBERS: Members = { clusterId: undefined, list: [], founders: [], nextRaftId: 1, expected: [] };

export type MemberCommand =
  /** The first entry of a cluster. Without effect when there is a cluster id already. */
  | { readonly type: 'found'; readonly clusterId: ClusterId; readonly founders: readonly Member[] }
  /** A member tells its addresses. Without effect for a raft id that is not listed. */
  | { readonly type: 'update'; readonly member: Member }
  /** A node of this name may join. */
  | { readonly type: 'expect'; readonly nodeId: NodeId }
  /** It may not any more. */
  | { readonly type: 'unexpect'; readonly nodeId: NodeId };

export function applyMemberCommand(members: Members, command: MemberCommand): Members {
  switch (command.type) {
    case 'found': {
      if (members.clusterId !== undefined) return members;
      const list = [...command.founders].sort((a, b) => a.raftId - b.raftId);
      const founders = list.map((member) => member.raftId);
      return { clusterId: command.clusterId, list, founders, nextRaftId: Math.max(0, ...founders) + 1, expected: [] };
    }
    case 'update': {
      const { member } = command;
      if (!members.list.some((known) => known.raftId === member.raftId && known.nodeId === member.nodeId))
        return members;
      return { ...members, list: members.list.map((known) => (known.raftId === member.raftId ? member : known)) };
    }
    case 'expect':
      return { ...members, expected: [...without(members.expected, command.nodeId), command.nodeId].sort() };
    case 'unexpect':
      return { ...members, expected: without(members.expected, command.nodeId) };
  }
}

/** The part that a membership change plays here: `added` join the list, `removed` leave it. */
export function applyMembershipChange(members: Members, added: readonly Member[], removed: readonly number[]): Members {
  const gone = new Set<number>([...removed, ...added.map((member) => member.raftId)]);
  const list = [...members.list.filter((member) => !gone.has(member.raftId)), ...added];
  list.sort((a, b) => a.raftId - b.raftId);
  const nextRaftId = Math.max(members.nextRaftId, ...added.map((member) => member.raftId + 1));
  const names = new Set<string>(added.map((member) => member.nodeId));
  return { ...members, list, nextRaftId, expected: members.expected.filter((name) => !names.has(name)) };
}

function without(names: readonly string[], gone: string): readonly string[] {
  return names.filter((name) => name !== gone);
}

/** The members of a cluster at its beginning. The one who founds knows his own addresses, of the others where to reach them. */
export function foundersAsMembers(founders: readonly Founder[], self: Speaker): readonly Member[] {
  return sortedFounders(founders).map(({ nodeId, controlAddress }, place): Member => ({
    raftId: (place + 1) as RaftId,
    nodeId,
    controlAddress,
    clientAddress: nodeId === self.nodeId ? self.clientAddress : '',
    httpAddress: nodeId === self.nodeId ? self.httpAddress : '',
    dataAddress: nodeId === self.nodeId ? self.dataAddress : '',
  }));
}

export function memberByRaftId(members: Members, raftId: number): Member | undefined {
  return members.list.find((member) => member.raftId === raftId);
}

/** The newest member of that name. */
export function memberByNodeId(members: Members, nodeId: string): Member | undefined {
  return members.list.findLast((member) => member.nodeId === nodeId);
}

export function sameMember(a: Member, b: Member): boolean {
  return (
    a.raftId === b.raftId &&
    a.nodeId === b.nodeId &&
    a.controlAddress === b.controlAddress &&
    a.clientAddress === b.clientAddress &&
    a.httpAddress === b.httpAddress &&
    a.dataAddress === b.dataAddress
  );
}
