/**
 * I9: a primary frees the bytes of a segment that it releases, and its number, only when every member has applied the release. Sees
 * every primary after every turn of its node: a segment whose release has begun and that is gone was freed in that turn.
 */
import { inSyncMember, membersOf, sameMember } from '../../../../src/cluster/cluster-map.js';
import { visitEntry } from '../../../../src/replication/entry-codec.js';
import type { PartitionState } from '../../../../src/replication/partition-state.js';
import type { EccLife, PartitionSeen } from '../ecc-life.js';
import { lifeOf, type EccCluster } from '../ecc-cluster.js';

interface Releasing {
  readonly serial: number;
  /** Of the entry that releases it. */
  readonly index: number;
}

export class ReleaseChecker {
  private readonly cluster: EccCluster;
  /** By number of the segment, at primaries. */
  private readonly releasing = new WeakMap<PartitionState, Map<number, Releasing>>();
  private freed = 0;

  constructor(cluster: EccCluster) {
    this.cluster = cluster;
  }

  /** Segments that were freed while their primary was watched. */
  get releases(): number {
    return this.freed;
  }

  /** After a turn of the node. */
  check(life: EccLife): void {
    for (const partition of life.states()) {
      const { replica, position, state } = partition;
      if (replica.primary(position) === undefined) this.releasing.delete(state);
      else this.checkPrimary(life, partition);
    }
  }

  private checkPrimary(life: EccLife, partition: PartitionSeen): void {
    const { state } = partition;
    const { table } = state.store;
    const known = this.releasing.get(state) ?? new Map<number, Releasing>();
    for (const [number, { serial, index }] of known) {
      const segment = table.maybe(number);
      if (segment?.state === 'releasing' && segment.serial === serial) continue;
      known.delete(number);
      const isTakenBack = segment?.state === 'sealed' && segment.serial === serial;
      if (!isTakenBack) this.onFreed(life, partition, number, index);
    }
    for (const { number, serial, state: phase } of table.all()) {
      if (phase !== 'releasing' || known.has(number)) continue;
      const index = releaseOf(state, number);
      if (index !== undefined) known.set(number, { serial, index });
    }
    this.releasing.set(state, known);
  }

  private onFreed(life: EccLife, { group: id, position, name }: PartitionSeen, number: number, index: number): void {
    this.freed++;
    const group = life.group(id);
    const newest = this.cluster.map.groups[id];
    if (group === undefined || newest === undefined) return;
    for (const member of membersOf(group, life.map.k, position)) {
      if (sameMember(member, life.self)) continue;
      // Whoever has been taken out since, or is dead, holds nothing that anybody may use.
      if (inSyncMember(newest, member.nodeId)?.incarnation !== member.incarnation) continue;
      const applied = lifeOf(this.cluster, member)?.state(id, position)?.appliedIndex;
      if (applied === undefined || applied >= index) continue;
      const what = `${life.host} has freed segment ${number} of partition ${name}, released at ${index}`;
      this.cluster.fail('I9: freed when every member has applied it', `${what}; ${member.nodeId} is at ${applied}`);
    }
  }
}

/** Index of the newest entry in the log that releases the segment. */
function releaseOf({ log }: PartitionState, number: number): number | undefined {
  for (let index = log.lastIndex; index >= log.firstIndex; index--) {
    const entry = log.entryAt(index);
    if (entry === undefined) return undefined;
    let found = false;
    visitEntry(entry.bytes, { release: (segment) => (found ||= segment === number) });
    if (found) return index;
  }
  return undefined;
}
