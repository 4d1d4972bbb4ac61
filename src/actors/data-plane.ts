/**
 * The data side of a node as the node sees it: what both modes have to give, so that the composition (node/node.ts), the client
 * port and the metrics do not know which one runs. raft mode: node/raft-plane.ts; ecc mode: actors/ecc/.
 */
import type { ClusterMap } from '../cluster/cluster-map.js';
import type { ClusterView } from '../cluster/view.js';
import type { TransferReport } from '../recovery/transfer-watch.js';
import type { KvReply, KvRequest } from '../store/requests.js';
import type { ControlEvent } from './control/events.js';

export interface DataPlane {
  /**
   * @param request valid (store/request-limits.ts). @param forwarded it comes from another node, so it is answered here or not at all.
   * Rejects with a DcacheError whose outcome says whether the request may have had an effect.
   */
  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply>;
  /** What the control side tells, in the order in which it happened. Never throws: a failure is reported and ends the node. */
  onEvents(events: readonly ControlEvent[]): void;
  /**
   * Sees to it that others lead what this node leads, while it goes on serving; resolves when they do, or when they cannot, in any
   * case within about ten seconds. raft mode: at once, since what a node leads there is the Raft group itself.
   */
  leave(): Promise<void>;
  /** Accepts nothing more and resolves when everything under way is answered or its deadline has passed. */
  drain(): Promise<void>;
  /** Ends whatever is still under way, and releases what the data side has open. */
  stop(): void;
  /**
   * Checks everything that this node holds, now, and mends what is wrong. Throws INVALID_ARGUMENT where there is nothing to mend it
   * from, NO_LEADER while the node has no part in the cluster yet.
   */
  scrub(): ScrubRun;
  /** Why this node cannot serve now, for people; undefined when it can. */
  readonly notServing: string | undefined;
  readonly requestsInFlight: number;
  /** Last Raft index that the main thread has applied. */
  readonly appliedIndex: number;
  readonly storeStats: DataStats;
  /** Undefined until the control side has told it. */
  readonly currentView: ClusterView | undefined;
  /** Undefined in raft mode. */
  readonly ecc: EccReport | undefined;
}

/** How far a scrub is, and what it has found. */
export interface ScrubProgress {
  /** Stripes of this node's groups of which it held something when the scrub began. */
  readonly stripes: number;
  readonly stripesDone: number;
  /** Segments and parity shards that were looked at, and bytes read for it. */
  readonly shards: number;
  readonly bytes: number;
  /** Of the shards: those that were wrong and are right now, are wrong or missing still, or could not be checked. */
  readonly mended: number;
  readonly unmended: number;
  readonly unchecked: number;
}

export interface ScrubRun {
  readonly progress: ScrubProgress;
  /** Resolves with what came of it; of a node that is stopped on the way, with what came so far. */
  readonly done: Promise<ScrubProgress>;
}

export interface DataStats {
  /** raft mode: keys in the store. ecc mode: keys of the partitions that this node leads, so that the sum over all nodes is all keys. */
  readonly keys: number;
  /** Everything that the node holds: the sum of `bytesFor`. */
  readonly bytes: number;
  /** By what they are held for: STORE_BYTES in raft mode, ECC_BYTES in ecc mode; always the same names in the same order. */
  readonly bytesFor: Readonly<Record<string, number>>;
}

/**
 * What a node of ecc mode holds memory for: records that are current (`live`) and not (`dead`) in segments that it keeps raw as
 * primary, the index of all its partitions, parity shards, copies of others' open segments and the log behind them (`tail`), and
 * whatever else (`other`: segment tables, ends of segments, rebuilt segments, spare blocks).
 */
export const ECC_BYTES = ['live', 'dead', 'index', 'parity', 'tail', 'other'] as const;
export type EccBytes = Readonly<Record<(typeof ECC_BYTES)[number], number>>;

/** Bytes of a node under its memory cap; all 0 without one. */
export interface EccMemory {
  readonly capBytes: number;
  /** What writes may still take. */
  readonly freeBytes: number;
  /** Held back from writes, for deletes, cleaning, releases and rebuilds. */
  readonly reserveBytes: number;
}

/** What a node of ecc mode knows of the cluster map and of its own right to answer. */
export interface EccReport {
  /** As the main thread has applied it; without groups until they have been created. */
  readonly map: ClusterMap;
  /** Raft index up to which it has. */
  readonly mapIndex: number;
  readonly incarnation: number;
  /** Time left of the lease that this node may use, in ms; 0: it has none. */
  readonly leaseLeftMs: number;
  /** What the node may hold, under --max-memory. */
  readonly memory: EccMemory;
  /** Partitions that this node leads now. */
  readonly partitionsLed: number;
  /** Groups that have lost more than the code can bear and wait for somebody to decide, as the leader has told last. */
  readonly lostGroups: readonly number[];
  /** How far the learners are that this node feeds. */
  readonly transfers: readonly TransferReport[];
  /** Bytes of segments that are kept though this node is out of their group: they need not be sent again. */
  readonly candidateBytes: number;
  /** Its memory cap could not hold its part: how long it waits before it tries again, in ms; 0: it does not wait. */
  readonly refillPauseMs: number;
}
