/** What the client port serves. Implemented by the node (node/node.ts). */
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
}

export interface ClusterReport {
  readonly clusterId: string;
  readonly mode: string;
  readonly needed: number;
  readonly up: number;
  readonly nodes: readonly NodeReport[];
}

/** Where a client can send its requests. Addresses are host:port of client ports. */
export interface Topology {
  readonly nodes: readonly string[];
  /** The node that writes take the shortest way to; empty while none is known. */
  readonly leader: string;
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
  /** Lets a node of that name join. Any node takes it to the leader. */
  addNode(nodeId: string): Promise<void>;
  removeNode(nodeId: string): Promise<void>;
}
