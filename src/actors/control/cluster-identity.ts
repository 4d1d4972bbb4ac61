/**
 * Which cluster this node belongs to and under which raft id: kept in the log's folder, told to every peer.
 *
 * Invariants: the raft id is durable before the node takes part in Raft. The cluster id is durable, and from then on every
 * other cluster is refused, no later than the first entry behind the founding one: until then nothing that a client was
 * told can depend on it, so a founding that lost the race may still be overwritten.
 */
import { ENTRY_KIND } from '../../base/entry-kind.js';
import type { ClusterId, RaftId } from '../../base/ids.js';
import { decodeMemberCommand, encodeMemberCommand } from '../../cluster/member-codec.js';
import type { Member } from '../../cluster/members.js';
import type { Speaker } from '../../cluster/speaker.js';
import type { RaftLog } from '../../raft/log-store.js';
import { EMPTY_CONF_STATE, type ConfState, type Entry } from '../../raft/types.js';

/** The outcome of finding a place: the raft id, and what the node knows of the cluster. */
export type Place =
  | { readonly type: 'found'; readonly raftId: RaftId; readonly founders: readonly number[] }
  | {
      readonly type: 'joined';
      readonly raftId: RaftId;
      readonly founders: readonly number[];
      readonly clusterId: ClusterId;
    };

export class ClusterIdentity {
  private readonly log: RaftLog;
  private readonly self: Speaker;
  /** The first founding entry in the log, while the node does not belong to its cluster for good. */
  private tentative: { readonly clusterId: ClusterId; readonly index: number } | undefined;

  constructor(log: RaftLog, self: Speaker) {
    this.log = log;
    this.self = self;
    if (this.clusterId === undefined) this.onAppend(this.entriesInLog());
  }

  get raftId(): number {
    return this.log.identity()?.raftId ?? 0;
  }

  get clusterId(): ClusterId | undefined {
    return this.log.identity()?.clusterId;
  }

  speaker(): Speaker {
    return { ...this.self, raftId: this.raftId, clusterId: this.clusterId ?? '' };
  }

  takePlace(place: Place): void {
    const { nodeId, mode } = this.self;
    const confState: ConfState = { ...EMPTY_CONF_STATE, voters: place.founders };
    const clusterId = place.type === 'joined' ? place.clusterId : undefined;
    this.log.bootstrap(confState);
    this.log.setIdentity({ nodeId, mode, raftId: place.raftId, clusterId });
  }

  foundingEntry(clusterId: string, founders: readonly Member[]): Uint8Array {
    return encodeMemberCommand({ type: 'found', clusterId: clusterId as ClusterId, founders });
  }

  /**
   * Called before `entries` become durable. Several leaders may have proposed a founding, and only the first in the log
   * counts; whatever else but empty entries lies behind it was proposed by a leader that had applied it.
   */
  onAppend(entries: readonly Entry[]): void {
    if (this.clusterId !== undefined) return;
    const firstIndex = entries[0]?.index ?? Infinity;
    if (this.tentative !== undefined && this.tentative.index >= firstIndex) this.tentative = undefined;
    for (const entry of entries) {
      if (entry.type === 'normal' && entry.data.length === 0) continue;
      const clusterId = foundingIn(entry);
      if (clusterId !== undefined) this.tentative ??= { clusterId, index: entry.index };
      else if (this.tentative !== undefined) this.belongTo(this.tentative.clusterId);
    }
  }

  /** The founding entry is committed. */
  belongTo(clusterId: ClusterId): void {
    const identity = this.log.identity();
    if (identity === undefined || identity.clusterId === clusterId) return;
    this.log.setIdentity({ ...identity, clusterId });
  }

  private entriesInLog(): readonly Entry[] {
    if (this.log.lastIndex() < this.log.firstIndex()) return [];
    const entries = this.log.entries(this.log.firstIndex(), this.log.lastIndex() + 1, Number.MAX_SAFE_INTEGER);
    return typeof entries === 'string' ? [] : entries;
  }
}

function foundingIn(entry: Entry): ClusterId | undefined {
  if (entry.type !== 'normal' || entry.data[0] !== ENTRY_KIND.members) return undefined;
  const command = decodeMemberCommand(entry.data);
  return command.type === 'found' ? command.clusterId : undefined;
}
