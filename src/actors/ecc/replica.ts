/** The protocol core as the data side uses it: replication/group-replica.ts and replication/primary.ts, or fakes in tests. */
import { assert } from '../../base/assert.js';
import type { ClusterId } from '../../base/ids.js';
import type { Group, GroupMember } from '../../cluster/cluster-map.js';
import type { ErasureCodec } from '../../erasure/erasure-codec.js';
import { GroupReplica } from '../../replication/group-replica.js';
import { SipKeyHash, seedOfCluster } from '../../store/key-hash.js';
import type { SegmentStore } from '../../store/segment-store.js';
import type { NodeMemory, Pressure } from '../../replication/node-memory.js';
import type { TransferPace } from '../../replication/transfer-pace.js';

/** A partition as its primary has it. */
export interface LedPartition {
  /** The newest state, uncommitted changes included. Changed inside `change` only, and there only while serving. */
  readonly store: SegmentStore;
  /** Whether requests may be decided and answered now. */
  readonly serving: boolean;
  /** There is no other member: what is acknowledged needs the lease. */
  readonly isAlone: boolean;
  readonly lastIndex: number;
  readonly commitIndex: number;
  /** So much is uncommitted that no writes should be taken now. */
  readonly isFull: boolean;
  /**
   * Lets `work` decide and change the store, and logs what it did. `index`: what the answer waits for; 0 when nothing has changed.
   * Only while serving.
   */
  change<Result>(work: () => Result): { readonly result: Result; readonly index: number };
  /** Index of the last uncommitted change of something with this tag, 0 if there is none. */
  uncommittedIndexOf(tag: number): number;
  readonly memory: PartitionMemory;
}

/** Memory for the writes of a partition, at all of its members (replication/primary-memory.ts). */
export interface PartitionMemory {
  /** What a change may cost now. Infinity where nobody has a cap. */
  readonly allowanceBytes: number;
  /** Of the member that is worst off. */
  readonly pressure: Pressure;
  /** What was set off to free memory is still under way. */
  readonly isReleasing: boolean;
  /** Bytes that come free here when it is over. */
  readonly releasingBytes: number;
  /** Memory that cleaning was denied for a larger segment than there is a reserve for; 0: none. */
  readonly deniedBytes: number;
  /** Every member has told how it stands since `sinceMs`. */
  isKnownSince(sinceMs: number): boolean;
  /** A change that costs `bytes` waits for members that are short. */
  ask(bytes: number, nowMs: number): void;
}

/** This node's part in one group. */
export interface Replica extends Omit<Pick<GroupReplica, keyof GroupReplica>, 'primary'> {
  primary(position: number): LedPartition | undefined;
}

/** What the replicas of a node have in common. */
export interface ReplicaSpec {
  readonly self: GroupMember;
  readonly k: number;
  readonly m: number;
  readonly clusterId: ClusterId;
  /** Of (k, m). */
  readonly codec: ErasureCodec;
  readonly memory: NodeMemory;
  /** Of what is sent to learners. */
  readonly pace: TransferPace;
}

export function newGroupReplica(group: Group, spec: ReplicaSpec): Replica {
  const { clusterId, ...parts } = spec;
  assert(group.holders.includes(spec.self.nodeId), 'a node has a part in groups whose holder it is');
  return new GroupReplica({ ...parts, hash: new SipKeyHash(seedOfCluster(clusterId)) }, group);
}
