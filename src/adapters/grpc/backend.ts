/** What the client port serves. Implemented by the node (node/node.ts). */
import type { GroupEpoch } from '../../cluster/heartbeat.js';
import type { GroupLossReport } from '../../cluster/loss-report.js';
import type { ScrubRun } from '../../actors/data-plane.js';
import type { MapReport } from '../../cluster/map-report.js';
import type { KvReply, KvRequest } from '../../store/requests.js';

/** The numbers of one node; `up` false: it did not answer, and only ids and addresses are known. */
export interface NodeReport {
  readonly nodeId: string;
  readonly raftId: number;
  readonly up: boolean;
  readonly pid: number;
  readonly clientAddress: string;
  readonly controlAddress: string;
  readonly httpAddress: string;
  readonly role: string;
  readonly term: number;
  readonly commit: number;
  readonly applied: number;
  readonly keys: number;
  readonly bytes: number;
  readonly uptimeMs: number;
  readonly leader: string;
  readonly version: string;
  readonly clusterId: string;
  readonly mode: string;
  /** Empty when the node serves. */
  readonly notServing: string;
  readonly clusterSize: number;
  readonly needed: number;
  readonly reachable: number;
  /** The parts of `bytes`, by what they are held for. */
  readonly bytesFor: Readonly<Record<string, number>>;
  /** ecc mode: the cap of the node, what writes may still take, what is held back from them; 0 without a cap. */
  readonly capBytes: number;
  readonly freeBytes: number;
  readonly reserveBytes: number;
  /** Undefined in raft mode, and for a node that is not up. */
  readonly ecc: EccNodeReport | undefined;
  /** Whether somebody starts the node again when it is asked to restart. */
  readonly supervised: boolean;
  /** Snapshots that it sends to followers. */
  readonly snapshots: readonly SnapshotReport[];
}

/** A snapshot on its way to a follower: done <= total. */
export interface SnapshotReport {
  readonly nodeId: string;
  readonly totalBytes: number;
  readonly doneBytes: number;
  readonly bytesPerSecond: number;
}

export interface EccNodeReport {
  readonly incarnation: number;
  /** Raft index up to which the node has applied the map. */
  readonly mapIndex: number;
  /** 0: it has no lease. */
  readonly leaseLeftMs: number;
  /** Data and parity positions of a group that the node was started with. */
  readonly k: number;
  readonly m: number;
  /** Groups that have lost more than the code can bear, as the leader has told the node last. */
  readonly lostGroups: readonly number[];
  /** How far the learners are that this node feeds. */
  readonly transfers: readonly TransferReport[];
  readonly candidateBytes: number;
  /** Its memory cap could not hold its part: how long it waits before it tries again, in ms; 0: it does not wait. */
  readonly refillPauseMs: number;
}

/** Bytes of sealed segments of one partition, for one learner: kept <= done <= total. */
export interface TransferReport {
  readonly group: number;
  readonly position: number;
  readonly nodeId: string;
  readonly incarnation: number;
  readonly totalBytes: number;
  readonly doneBytes: number;
  readonly keptBytes: number;
  readonly bytesPerSecond: number;
}

export interface ClusterReport {
  readonly clusterId: string;
  readonly mode: string;
  readonly needed: number;
  readonly up: number;
  readonly nodes: readonly NodeReport[];
  /** The newest that the nodes which are up have applied; undefined in raft mode. */
  readonly map: MapReport | undefined;
}

/** Where a client can send its requests. Addresses are host:port of client ports. */
export interface Topology {
  readonly nodes: readonly string[];
  /** raft mode: the node that writes take the shortest way to; empty while none is known, and in ecc mode. */
  readonly leader: string;
  readonly mode: string;
  /** ecc mode: data positions of a group; 0 in raft mode, and until the groups have been created. */
  readonly k: number;
  /** ecc mode: the primary of each partition, k for each group; empty while it is not known. */
  readonly primaries: readonly string[];
  /** Raft index of the map that says so: of two nodes' words the one with the larger index is newer. */
  readonly mapIndex: number;
  /** ecc mode: how many losses of data each group has had. */
  readonly lossGenerations: readonly number[];
}

export interface ClientBackend {
  /** `request` is valid. Rejects with a DcacheError. */
  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply>;
  /** Why the node does not serve now, undefined when it does. */
  notServing(): string | undefined;
  topology(): Topology;
  /** Calls `listener` after each change of the topology, until the function that it returns is called. */
  onTopology(listener: () => void): () => void;
  nodeReport(): Promise<NodeReport>;
  clusterReport(): Promise<ClusterReport>;
  /** As this node has applied it. Without groups in raft mode, and until they have been created. */
  clusterMap(): MapReport;
  /** Lets a node of that name join. Any node takes it to the leader. */
  addNode(nodeId: string): Promise<void>;
  removeNode(nodeId: string): Promise<void>;
  /** That node leaves in good order and is started anew; resolves when it has accepted. Rejects when nobody would start it. */
  restartNode(nodeId: string): Promise<void>;
  /** What declaring the loss of the groups that are lost would do; empty: none is. */
  previewLosses(): Promise<readonly GroupLossReport[]>;
  /** Declares the losses of these groups, as previewed. */
  acceptLosses(losses: readonly GroupEpoch[]): Promise<void>;
  acknowledgeLosses(): Promise<void>;
  /** Begins a scrub of this node, or makes haste with the one under way. Throws as DataPlane.scrub does. */
  scrub(): ScrubRun;
}
