/** One life of a node of ecc mode as the checkers see it from outside: its replicas, its map, its right to answer. */
import { LeaseReader, type LeaseReaderParts } from '../../../src/actors/ecc/lease-reader.js';
import { EMPTY_MAP, type ClusterMap, type Group, type GroupMember } from '../../../src/cluster/cluster-map.js';
import type { NodeMemory } from '../../../src/replication/node-memory.js';
import type { GroupReplica } from '../../../src/replication/group-replica.js';
import type { PartitionState } from '../../../src/replication/partition-state.js';
import type { SimThread } from '../thread.js';

export interface EccLifeParts {
  readonly host: string;
  readonly self: GroupMember;
  readonly thread: SimThread;
  /** The newest grant, as it is published. */
  readonly readGrant: LeaseReaderParts['readGrant'];
}

export class EccLife {
  readonly host: string;
  readonly self: GroupMember;
  readonly thread: SimThread;
  /** By group. */
  readonly replicas = new Map<number, GroupReplica>();
  /** Of the node; undefined until it has a part in a group. */
  memory: NodeMemory | undefined;
  /** As the main thread has applied it. */
  map: ClusterMap = EMPTY_MAP;
  /** A reader of its own: looking at the lease must not change what the main thread knows of it. */
  private readonly lease: LeaseReader;
  private turnsSeen = 0;
  /** By group and position: what `states` gave last, since checkers ask after every turn. */
  private readonly seen: (PartitionSeen | undefined)[] = [];

  constructor({ host, self, thread, readGrant }: EccLifeParts) {
    this.host = host;
    this.self = self;
    this.thread = thread;
    this.lease = new LeaseReader({ readGrant, nowMs: () => thread.nowMs() });
  }

  /** Whether the main thread, if it ran now, could answer by its lease. */
  get leaseHeld(): boolean {
    return this.lease.isHeld;
  }

  /** Whether the main thread has done anything since the last question. */
  takeTurns(): boolean {
    const { turns } = this.thread;
    const hasRun = turns !== this.turnsSeen;
    this.turnsSeen = turns;
    return hasRun;
  }

  onMapApplied(index: number, map: ClusterMap): void {
    this.map = map;
    this.lease.onMapApplied(index);
  }

  group(id: number): Group | undefined {
    return this.map.groups[id];
  }

  state(group: number, position: number): PartitionState | undefined {
    return this.replicas.get(group)?.state(position);
  }

  /** Everything that it holds of partitions, in whatever role. */
  states(): readonly PartitionSeen[] {
    const found: PartitionSeen[] = [];
    for (const [group, replica] of this.replicas) {
      for (let position = 0; position < this.map.k; position++) {
        const state = replica.state(position);
        if (state === undefined) continue;
        const known = this.seen[group * this.map.k + position];
        if (known?.state === state && known.replica === replica) found.push(known);
        else {
          const partition = { name: `${group}.${position}`, group, position, replica, state };
          this.seen[group * this.map.k + position] = partition;
          found.push(partition);
        }
      }
    }
    return found;
  }

  /** Parity shards that it holds. */
  get shards(): number {
    return [...this.replicas.values()].reduce((sum, { parity }) => sum + (parity?.count ?? 0), 0);
  }

  /** Names of the partitions that it serves as primary, whatever its lease. */
  served(): readonly string[] {
    return this.states().flatMap(({ name, replica, position }) =>
      replica.primary(position)?.serving === true ? [name] : [],
    );
  }
}

export interface PartitionSeen {
  readonly name: string;
  readonly group: number;
  readonly position: number;
  readonly replica: GroupReplica;
  readonly state: PartitionState;
}
