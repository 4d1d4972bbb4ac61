/**
 * Whom this node has to reach, and where: the members, before the first entry is applied the founders (everybody has the raft
 * id of its place then), and members that have introduced themselves but joined after what this node has applied. Such a
 * one may lead, and must be answered before this node can catch up.
 */
import { LIMITS } from '../../base/limits.js';
import { sortedFounders, type Founder, type Speaker } from '../../cluster/speaker.js';
import type { MemberTable } from './member-table.js';
import type { PeerAddress } from './ports.js';

export class PeerBook {
  private readonly founders: readonly PeerAddress[];
  private readonly members: MemberTable;
  private readonly introduced = new Map<number, PeerAddress>();

  constructor(founders: readonly Founder[], members: MemberTable) {
    this.members = members;
    this.founders = sortedFounders(founders).map((founder, place) => ({ raftId: place + 1, ...founder }));
  }

  /** A peer of this cluster has introduced itself. True when `peersOf` has changed by that. */
  onSpeaker({ raftId, clusterId, nodeId, controlAddress }: Speaker): boolean {
    if (raftId === 0 || clusterId === '' || this.members.byRaftId(raftId) !== undefined) return false;
    if (this.introduced.get(raftId)?.controlAddress === controlAddress) return false;
    // What a speaker says of itself is not proven; a crowd of strangers must not fill the memory.
    if (!this.introduced.has(raftId) && this.introduced.size >= LIMITS.maxNodes) return false;
    this.introduced.set(raftId, { raftId, nodeId, controlAddress });
    return true;
  }

  peersOf(ownRaftId: number): PeerAddress[] {
    for (const raftId of this.introduced.keys()) {
      const listed = this.members.byRaftId(raftId) !== undefined;
      if (listed || this.members.wasRemoved(raftId)) this.introduced.delete(raftId);
    }
    const known = this.members.list.length > 0 ? this.members.list : this.founders;
    const peers = new Map([...known, ...this.introduced.values()].map((peer) => [peer.raftId, peer]));
    peers.delete(ownRaftId);
    return [...peers.values()];
  }
}
