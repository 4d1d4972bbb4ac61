/**
 * Whom this node listens to. Beside what two speakers can tell of each other (cluster/speaker.ts) it knows who was removed
 * from the cluster, and who has taken part in founding it.
 *
 * The latter closes the moment before there is a cluster id: a founder that votes and then loses its disk would find nobody
 * who belongs to a cluster, found again under the same raft id, and vote a second time in the same term. Those who have heard of
 * it in this life turn it away until the cluster is founded, and then it joins under a new raft id.
 */
import { DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { refuseSpeaker, type Speaker } from '../../cluster/speaker.js';
import type { MemberTable } from './member-table.js';

export class PeerGate {
  private readonly members: MemberTable;
  /** Node ids that have spoken as founders. */
  private readonly founding = new Set<string>();

  constructor(members: MemberTable) {
    this.members = members;
  }

  /** Throws the DcacheError that `other` is to be told when it is not listened to. */
  admit(self: Speaker, other: Speaker): void {
    const refusal = refuseSpeaker(self, other);
    if (refusal !== undefined) throw new DcacheError(refusal.code, refusal.message);
    if (this.members.wasRemoved(other.raftId)) {
      throw new DcacheError(
        'NOT_A_MEMBER',
        `${other.nodeId} was removed from the cluster; stop it, and remove its data folder before it joins again`,
      );
    }
    if (self.clusterId !== '') {
      this.founding.clear();
      return;
    }
    if (other.raftId !== 0) {
      if (this.founding.size < LIMITS.maxNodes) this.founding.add(other.nodeId);
    } else if (this.founding.has(other.nodeId)) {
      throw new DcacheError(
        'NO_LEADER',
        `${other.nodeId} has taken part in founding this cluster and has lost its disk since; it joins when the cluster is founded`,
      );
    }
  }
}
