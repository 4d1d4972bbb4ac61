/**
 * I5 and I6: what a primary holds committed is in the log of every member, and committed entries never change. Sees every log after
 * every turn of its node, and what arrives in the turn in which it is applied.
 */
import { crc32 } from 'node:zlib';
import { inSyncMember, membersOf, sameMember, type GroupMember } from '../../../../src/cluster/cluster-map.js';
import type { DataMessage, LogEntry } from '../../../../src/replication/messages.js';
import type { PartitionState } from '../../../../src/replication/partition-state.js';
import type { EccLife, PartitionSeen } from '../ecc-life.js';
import { lifeOf, type EccCluster } from '../ecc-cluster.js';

interface Seen {
  /** Epoch and digest of the entry. */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

interface Track {
  /** By index, of what is not applied yet. */
  readonly seen: Map<number, Seen>;
  /** The same, of what has come in this turn and may have been taken. */
  readonly arrived: Map<number, Seen>;
  appliedIndex: number;
  /** As it was when it was looked at: when none of it has changed, nothing new can be wrong. */
  lastIndex: number;
  lastEntry: LogEntry | undefined;
  committedIndex: number;
  mapIndex: number;
}

export class LogChecker {
  private readonly cluster: EccCluster;
  private readonly tracks = new WeakMap<PartitionState, Track>();
  /** By partition: every committed entry, by index. */
  private readonly committed = new Map<string, Map<number, string>>();
  private readonly lastCommitted = new Map<string, number>();
  /** By member and partition: the last index of a life that has ended. */
  private readonly lastWords = new Map<string, number>();
  private readonly onCommitted: (partition: PartitionSeen, entry: Uint8Array) => void;
  private committedCount = 0;

  /** @param onCommitted called with each entry of a partition, in the turn in which the first member holds it committed. */
  constructor(cluster: EccCluster, onCommitted: (partition: PartitionSeen, entry: Uint8Array) => void) {
    this.cluster = cluster;
    this.onCommitted = onCommitted;
  }

  get entries(): number {
    return this.committedCount;
  }

  /** Messages are about to be taken. */
  onDelivery(life: EccLife, messages: readonly DataMessage[]): void {
    for (const message of messages) {
      if (message.type !== 'append' || message.epoch !== life.group(message.group)?.epoch) continue;
      const state = life.state(message.group, message.position);
      if (state === undefined) continue;
      for (const entry of message.entries) this.trackOf(state).arrived.set(entry.index, seenAs(entry));
    }
  }

  /** After a turn of the node. */
  check(life: EccLife): void {
    for (const partition of life.states()) this.checkPartition(life, partition);
  }

  onEnded(life: EccLife): void {
    for (const { name, state } of life.states()) this.lastWords.set(wordsOf(life.self, name), state.log.lastIndex);
  }

  private checkPartition(life: EccLife, partition: PartitionSeen): void {
    const { state, name, replica, position } = partition;
    const track = this.trackOf(state);
    const { log } = state;
    const before = track.appliedIndex;
    if (track.arrived.size === 0 && this.isUnchanged(partition, track)) return;
    for (let index = before + 1; index <= state.appliedIndex; index++) {
      const entry = log.entryAt(index);
      const known = entry === undefined ? (track.seen.get(index) ?? track.arrived.get(index)) : seenAs(entry);
      track.seen.delete(index);
      if (known !== undefined && this.commit(life, name, index, known.digest)) this.onCommitted(partition, known.bytes);
    }
    track.appliedIndex = state.appliedIndex;
    track.arrived.clear();
    for (let index = state.appliedIndex + 1; index <= log.lastIndex; index++) {
      const entry = log.entryAt(index);
      if (entry === undefined || track.seen.get(index)?.digest.startsWith(`${entry.epoch}:`) === true) continue;
      track.seen.set(index, seenAs(entry));
    }
    if (replica.primary(position) !== undefined && state.appliedIndex > before) this.checkMembers(life, partition);
    this.checkHolds(life, partition, track);
    track.lastIndex = log.lastIndex;
    track.lastEntry = log.entryAt(log.lastIndex);
    track.committedIndex = this.lastCommitted.get(name) ?? 0;
    track.mapIndex = this.cluster.mapIndex;
  }

  private isUnchanged({ state, name }: PartitionSeen, track: Track): boolean {
    const { log } = state;
    return (
      track.appliedIndex === state.appliedIndex &&
      track.lastIndex === log.lastIndex &&
      track.lastEntry === log.entryAt(log.lastIndex) &&
      track.committedIndex === (this.lastCommitted.get(name) ?? 0) &&
      track.mapIndex === this.cluster.mapIndex
    );
  }

  /** A member that is in sync has everything that is committed: applied, or in its log as it was committed. */
  private checkHolds(life: EccLife, { group: id, name, state }: PartitionSeen, { seen }: Track): void {
    const group = this.cluster.map.groups[id];
    const entries = this.committed.get(name);
    if (group === undefined || entries === undefined) return;
    if (inSyncMember(group, life.self.nodeId)?.incarnation !== life.self.incarnation) return;
    const last = this.lastCommitted.get(name) ?? 0;
    for (let index = state.appliedIndex + 1; index <= last; index++) {
      const committed = entries.get(index);
      const own = seen.get(index)?.digest;
      if (committed === undefined || own === committed) continue;
      const what = `${life.host} has ${own} at ${index} of partition ${name}, committed is ${committed}`;
      this.cluster.fail('I6: what is committed is in the log of every member', what);
    }
  }

  /** Whether this is the first that is seen of it. */
  private commit(life: EccLife, name: string, index: number, entry: string): boolean {
    const entries = this.committed.get(name) ?? new Map<number, string>();
    this.committed.set(name, entries);
    const known = entries.get(index);
    if (known === undefined) {
      entries.set(index, entry);
      this.committedCount++;
      this.lastCommitted.set(name, Math.max(index, this.lastCommitted.get(name) ?? 0));
    } else if (known !== entry) {
      const what = `${life.host} has ${entry} at ${index} of partition ${name}, others ${known}`;
      this.cluster.fail('committed entries never change', what);
    }
    return known === undefined;
  }

  private checkMembers(life: EccLife, { group: id, position, name, state }: PartitionSeen): void {
    const group = life.group(id);
    const newest = this.cluster.map.groups[id];
    if (group === undefined || newest === undefined) return;
    for (const member of membersOf(group, life.map.k, position)) {
      // Whoever has been taken out since may have dropped everything.
      const isMember = inSyncMember(newest, member.nodeId)?.incarnation === member.incarnation;
      if (sameMember(member, life.self) || !isMember) continue;
      const last = this.lastIndexOf(member, id, position, name);
      if (last !== undefined && last >= state.appliedIndex) continue;
      const what = `${life.host} has committed ${state.appliedIndex} of partition ${name}, ${member.nodeId} has ${last}`;
      this.cluster.fail('I6: what is committed is in the log of every member', what);
    }
  }

  private lastIndexOf(member: GroupMember, group: number, position: number, name: string): number | undefined {
    const life = lifeOf(this.cluster, member);
    if (life === undefined) return this.lastWords.get(wordsOf(member, name));
    return life.state(group, position)?.log.lastIndex;
  }

  private trackOf(state: PartitionState): Track {
    let track = this.tracks.get(state);
    if (track === undefined) {
      track = {
        seen: new Map(),
        arrived: new Map(),
        // A member without others commits in the turn in which it begins.
        appliedIndex: Math.min(state.appliedIndex, state.log.firstIndex - 1),
        lastIndex: -1,
        lastEntry: undefined,
        committedIndex: 0,
        mapIndex: 0,
      };
      this.tracks.set(state, track);
    }
    return track;
  }
}

function seenAs({ epoch, bytes }: LogEntry): Seen {
  return { digest: `${epoch}:${bytes.length}:${crc32(bytes)}`, bytes };
}

function wordsOf({ nodeId, incarnation }: GroupMember, name: string): string {
  return `${nodeId}/${incarnation}/${name}`;
}
