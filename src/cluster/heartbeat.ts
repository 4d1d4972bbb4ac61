/**
 * What a node tells the Raft leader in regular intervals, and what it is answered (DESIGN.md section 6). Travels between control
 * threads; what is about data comes from the node's main thread, by its last report.
 */
import type { Incarnation, NodeId } from '../base/ids.js';
import type { Declaration } from './map-commands.js';

/** A configuration of a group. */
export interface GroupEpoch {
  readonly group: number;
  readonly epoch: number;
}

/** A group of which fewer members are up than it needs (loss-plan.ts): part of it cannot be served, whatever the map says. */
export interface GroupTrouble extends GroupEpoch {
  /** In-sync members that cannot return. */
  readonly over: readonly NodeId[];
  /** In-sync members that are not up and may return. */
  readonly silent: readonly NodeId[];
  /** Too few are up or may return: what they held cannot be had back. */
  readonly isLost: boolean;
}

/** The main thread's part of a heartbeat: renewed every few milliseconds and whenever something in it changes. */
export interface DataReport {
  /** Raft index up to which the main thread has applied the map. */
  readonly mapIndex: number;
  /** Epochs for which the main thread answers nothing any more; repeated until it applies a newer epoch of the group. */
  readonly letGo: readonly GroupEpoch[];
  readonly declarations: readonly Declaration[];
  /** Attempts to join that cannot succeed any more, a stream having broken: to be begun anew under another joinIndex. */
  readonly brokenJoins: readonly { readonly group: number; readonly joinIndex: number }[];
  /** Peers with Appends of this node unacknowledged, and for how long the oldest has been. */
  readonly unacknowledged: readonly { readonly nodeId: NodeId; readonly ageMs: number }[];
  /** Largest index of any log of the group that this node is primary in. */
  readonly lastIndexes: readonly { readonly group: number; readonly index: number }[];
  readonly freeBytes: number;
  /** The node is about to stop: to be taken out of its groups, one after the other, and not to be taken in again. */
  readonly leaving: boolean;
  /** Its memory could not hold its part of a group: not to be taken in as a learner for a while. */
  readonly refillPaused: boolean;
  /** Groups of which this node leads something that nobody who is in sync can decode, though no member is gone. */
  readonly damaged: readonly GroupEpoch[];
}

export const EMPTY_REPORT: DataReport = {
  mapIndex: 0,
  letGo: [],
  declarations: [],
  brokenJoins: [],
  unacknowledged: [],
  lastIndexes: [],
  freeBytes: 0,
  leaving: false,
  refillPaused: false,
  damaged: [],
};

export interface Heartbeat extends DataReport {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  /** Counts this incarnation's heartbeats, from 1: the reply names it, and a lease counts from when it was sent. */
  readonly sequence: number;
  /** Newest term of whose leader this incarnation has had an answer; 0: none yet. */
  readonly answeredIn: number;
}

export interface HeartbeatReply {
  /** Of whom it answers: a reply to an earlier life counts for nothing. */
  readonly incarnation: Incarnation;
  readonly sequence: number;
  /** In which the leader leads: whoever names it in a heartbeat has been alive since. */
  readonly term: number;
  /** Length of the lease from the sending of that heartbeat, ms; 0: none is granted. */
  readonly leaseMs: number;
  /** I4(a): index of the leader's last log entry, committed or not. The lease is usable once the map is applied up to it. */
  readonly mapIndex: number;
  /** The node is asked to let go of these, and gets no more leases if it does not within one lease time. */
  readonly letGo: readonly GroupEpoch[];
  /**
   * A planned change waits for the node to let go of these, once all that it has accepted as a primary there is committed and
   * answered. Asked for again in every reply while the plan stands; nothing is withheld if it does not.
   */
  readonly handOver: readonly GroupEpoch[];
  /** The node is leaving, and some group would be left with fewer than k although nobody is about to come in sync. */
  readonly leaveRefused: boolean;
  /** All groups of the cluster that are in trouble. */
  readonly troubles: readonly GroupTrouble[];
}

/** Whether `a` and `b` say the same in all that a change of the map may wait for. */
export function sameRequests(a: DataReport, b: DataReport): boolean {
  const requests = ({ letGo, declarations, brokenJoins, leaving, refillPaused, damaged }: DataReport): string =>
    JSON.stringify([letGo, declarations, brokenJoins, leaving, refillPaused, damaged]);
  return a === b || requests(a) === requests(b);
}
