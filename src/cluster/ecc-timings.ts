/** The times of ecc mode's control plane (DESIGN.md section 6), and the relations between them that keep leases safe. */
import { DcacheError } from '../base/errors.js';

export interface EccTimings {
  /** Between two heartbeats of a node. */
  readonly heartbeatMs: number;
  /** How long a grant lasts from the sending of its heartbeat, by the node's clock. */
  readonly leaseMs: number;
  /** By how much one clock may run slower than another. */
  readonly driftPercent: number;
  /** A node that has not been heard for so long is taken out. More than a lease with drift. */
  readonly heartbeatTimeoutMs: number;
  /** A link with an Append unacknowledged for so long is broken. More than heartbeatTimeoutMs: a dead node is no bad link. */
  readonly linkTimeoutMs: number;
  /** No other leader is elected within so long of this one's quorum contact: Raft's tick times electionTicks. */
  readonly minElectionTimeoutMs: number;
}

export const DEFAULT_ECC_TIMINGS: EccTimings = {
  heartbeatMs: 100,
  leaseMs: 500,
  driftPercent: 10,
  heartbeatTimeoutMs: 700,
  linkTimeoutMs: 1_500,
  minElectionTimeoutMs: 300,
};

/** `durationMs` of one clock, as long as it can take by another. */
export function withDrift(timings: EccTimings, durationMs: number): number {
  return (durationMs * (100 + timings.driftPercent)) / 100;
}

/** I4(d): how long a new leader takes no primary out, since it does not know the leases of the one before. */
export function quietAfterElectionMs(timings: EccTimings): number {
  return withDrift(timings, timings.minElectionTimeoutMs + timings.leaseMs);
}

/** What is wrong with these times, CONFIG_INVALID; undefined if nothing is. */
export function checkEccTimings(timings: EccTimings): DcacheError | undefined {
  const reason = reasonAgainst(timings);
  return reason === undefined ? undefined : new DcacheError('CONFIG_INVALID', reason);
}

function reasonAgainst(timings: EccTimings): string | undefined {
  const { heartbeatMs, leaseMs, driftPercent, heartbeatTimeoutMs, linkTimeoutMs, minElectionTimeoutMs } = timings;
  for (const [name, value] of Object.entries(timings) as [string, number][]) {
    if (!Number.isSafeInteger(value) || value < 0) return `${name} (${value}) must be a whole number from 0`;
  }
  if (heartbeatMs < 1) return `heartbeatMs (${heartbeatMs}) must be at least 1`;
  if (driftPercent > 50) return `driftPercent (${driftPercent}) must be at most 50`;
  if (leaseMs < 3 * heartbeatMs) {
    return `leaseMs (${leaseMs}) must be at least three heartbeats (${3 * heartbeatMs} ms)`;
  }
  if (minElectionTimeoutMs < 2 * heartbeatMs) {
    return `the minimum election timeout (${minElectionTimeoutMs} ms) must be at least two heartbeats (${2 * heartbeatMs} ms)`;
  }
  if (heartbeatTimeoutMs <= withDrift(timings, leaseMs)) {
    return `heartbeatTimeoutMs (${heartbeatTimeoutMs}) must be above leaseMs with drift (${withDrift(timings, leaseMs)} ms)`;
  }
  if (linkTimeoutMs <= heartbeatTimeoutMs) {
    return `linkTimeoutMs (${linkTimeoutMs}) must be above heartbeatTimeoutMs (${heartbeatTimeoutMs})`;
  }
  return undefined;
}
