/** What a node tells about itself; for people, metrics and tests, never for decisions of the protocol. */
import type { RaftCore } from './core.js';
import type { Progress } from './progress.js';
import type { SoftState } from './ready.js';
import type { ConfState, HardState } from './types.js';

export interface PeerStatus {
  readonly id: number;
  /** `probe`: one message at a time to find out where the logs match; `snapshot`: a snapshot is under way. */
  readonly state: 'probe' | 'replicate' | 'snapshot';
  /** Largest index known to be on the peer's disk. */
  readonly match: number;
  /** Next index to send. */
  readonly next: number;
  readonly learner: boolean;
  /** No more appends for now: too much is under way. */
  readonly paused: boolean;
  /** Index of the snapshot that is under way, else 0. */
  readonly pendingSnapshot: number;
  /** Heard from since the last check of the quorum. */
  readonly recentlyActive: boolean;
  /** `append` messages under way. */
  readonly inflight: number;
  readonly inflightFull: boolean;
}

export interface NodeStatus {
  readonly id: number;
  readonly hardState: HardState;
  readonly softState: SoftState;
  readonly applied: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly confState: ConfState;
  /** The peer that is being given the leadership, else 0. */
  readonly leadTransferee: number;
  /** In ascending order of ids; empty unless this node leads. */
  readonly peers: readonly PeerStatus[];
}

export function nodeStatus(core: RaftCore): NodeStatus {
  return {
    id: core.id,
    hardState: core.hardState,
    softState: core.softState,
    applied: core.log.applied,
    firstIndex: core.log.firstIndex(),
    lastIndex: core.log.lastIndex(),
    confState: core.tracker.conf,
    leadTransferee: core.leadTransferee,
    peers: core.role === 'leader' ? Array.from(core.tracker.members(), peerStatus) : [],
  };
}

function peerStatus([id, progress]: readonly [number, Progress]): PeerStatus {
  return {
    id,
    state: progress.state,
    match: progress.match,
    next: progress.next,
    learner: progress.isLearner,
    paused: progress.paused,
    pendingSnapshot: progress.pendingSnapshot,
    recentlyActive: progress.recentActive,
    inflight: progress.inflights.count,
    inflightFull: progress.inflights.full,
  };
}
