/** What a control actor is given: its settings, the parts that connect it with the world, and its work from the main thread. */
import { LIMITS } from '../../base/limits.js';
import type { Logger } from '../../base/log.js';
import type { EccTimings } from '../../cluster/ecc-timings.js';
import type { LeaseGrant } from '../../cluster/lease-holder.js';
import type { LossPolicy } from '../../cluster/loss-policy.js';
import type { Founder, Speaker } from '../../cluster/speaker.js';
import type { RaftLog } from '../../raft/log-store.js';
import type { Scheduler } from '../runtime/scheduler.js';
import type { SnapshotFiles } from '../snapshot-files.js';
import type { PeerTransport } from './ports.js';
import type { SnapshotPolicy } from './snapshot-keeper.js';

export interface ControlTimings {
  readonly tickMs: number;
  readonly heartbeatTicks: number;
  readonly electionTicks: number;
  /** A main thread that has not run for so long is taken for hung. Longer than an election takes. */
  readonly hangMs: number;
}

/** What is under way at a time; see RaftConfig for each. */
export interface FlowLimits {
  readonly maxAppendBytes: number;
  readonly maxInflightAppends: number;
  readonly maxInflightBytes: number;
  readonly maxUncommittedBytes: number;
  readonly maxCommittedBytesPerReady: number;
}

export const DEFAULT_FLOW: FlowLimits = {
  maxAppendBytes: LIMITS.maxAppendBytes,
  maxInflightAppends: LIMITS.maxInflightAppends,
  maxInflightBytes: LIMITS.maxInflightAppendBytes,
  maxUncommittedBytes: LIMITS.maxUncommittedBytes,
  maxCommittedBytesPerReady: LIMITS.maxCommittedBytesPerReady,
};

/** Plain data. */
export interface EccOptions {
  /** Data and parity positions of a group. */
  readonly k: number;
  readonly m: number;
  readonly timings: EccTimings;
  /** What this node does about a lost group while it leads; `wait` if left out. */
  readonly onLoss?: LossPolicy;
}

/** Plain data. */
export interface ControlOptions {
  /** This node's addresses and names; raft id and cluster id are filled in from the log. */
  readonly speaker: Speaker;
  /** First members. */
  readonly founders: readonly Founder[];
  /** Whether it is to take the place of the node of its name though it comes from another address; false if left out. */
  readonly replaces?: boolean;
  readonly timings: ControlTimings;
  /** Those of LIMITS if left out. */
  readonly flow?: FlowLimits;
  readonly seed: number;
  readonly snapshots: SnapshotPolicy;
  /** In ecc mode only. */
  readonly ecc?: EccOptions;
}

export interface ControlParts {
  readonly log: RaftLog;
  readonly transport: PeerTransport;
  readonly files: SnapshotFiles;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** 32 fresh hexadecimal digits; called at most once per election won before there is a cluster. */
  readonly newClusterId: () => string;
  /** Changes several times within `timings.hangMs` as long as the main thread runs. */
  readonly mainPulse: () => number;
  /** In ecc mode: shows the main thread until when this node may answer by itself. */
  readonly publishLease: (grant: LeaseGrant) => void;
  /** Releases log and transport; called last. */
  readonly close: () => Promise<void>;
}

/** One turn's worth of work from the main thread. */
export interface ControlRequests {
  readonly proposals: readonly { readonly ticket: number; readonly data: Uint8Array<ArrayBuffer> }[];
  /** Each ticket stands for all reads of one turn. */
  readonly reads: readonly number[];
  /** The state machine has applied up to here. */
  readonly applied: number;
}

/** Bytes that a batch of work holds in the control actor's mailbox. */
export function weighRequests({ proposals }: ControlRequests): number {
  return proposals.reduce((sum, { data }) => sum + data.byteLength, 0);
}
