/** The list of nodes as this node has applied it, fed from committed entries and snapshots. See cluster/members.ts. */
import { ENTRY_KIND } from '../../base/entry-kind.js';
import type { ClusterId } from '../../base/ids.js';
import { decodeAddedMembers, decodeMemberCommand } from '../../cluster/member-codec.js';
import {
  applyMemberCommand,
  applyMembershipChange,
  memberByNodeId,
  memberByRaftId,
  NO_MEMBERS,
  type Member,
  type Members,
} from '../../cluster/members.js';
import type { ConfChangeV2 } from '../../raft/conf-change.js';
import type { Entry, Snapshot } from '../../raft/types.js';
import { decodeDescription } from './snapshot-description.js';

export class MemberTable {
  private members: Members = NO_MEMBERS;

  get clusterId(): ClusterId | undefined {
    return this.members.clusterId;
  }

  get list(): readonly Member[] {
    return this.members.list;
  }

  get expected(): readonly string[] {
    return this.members.expected;
  }

  /** Raft ids of the nodes that founded the cluster: who voted before the first entry. */
  get founders(): readonly number[] {
    return this.members.founders;
  }

  get nextRaftId(): number {
    return this.members.nextRaftId;
  }

  byRaftId(raftId: number): Member | undefined {
    return memberByRaftId(this.members, raftId);
  }

  /** Whether this raft id was given out and taken back, as far as this node has read the log. */
  wasRemoved(raftId: number): boolean {
    return raftId !== 0 && raftId < this.members.nextRaftId && this.byRaftId(raftId) === undefined;
  }

  byNodeId(nodeId: string): Member | undefined {
    return memberByNodeId(this.members, nodeId);
  }

  /** Whether `entry` was for this table. Throws MalformedBytes for a committed entry that cannot be read. */
  onEntry(entry: Entry): boolean {
    if (entry.type !== 'normal' || entry.data[0] !== ENTRY_KIND.members) return false;
    this.members = applyMemberCommand(this.members, decodeMemberCommand(entry.data));
    return true;
  }

  /** Leaving a joint configuration changes nobody. */
  onMembershipChange(change: ConfChangeV2): void {
    const removed = change.changes.filter(({ type }) => type === 'remove').map(({ id }) => id);
    this.members = applyMembershipChange(this.members, decodeAddedMembers(change.context), removed);
  }

  /** Takes the state of a snapshot; of none at all, the state before the first entry. Throws MalformedBytes. */
  restore(snapshot: Snapshot | 'unavailable'): void {
    const none = snapshot === 'unavailable' || snapshot.metadata.index === 0;
    this.members = none ? NO_MEMBERS : decodeDescription(snapshot.data).members;
  }

  /** The list as it is now; it does not change afterwards. */
  snapshot(): Members {
    return this.members;
  }
}
