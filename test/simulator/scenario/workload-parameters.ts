/** What clients ask for. Kinds of requests are left out of whole runs, as kinds of faults are: those that remain go deeper. */
import type { Draw } from './draw.js';

/** Shares of the kinds of writes; 0: there are none in this run. */
export interface WriteMix {
  readonly set: number;
  readonly append: number;
  readonly delete: number;
  readonly incr: number;
}

export interface WorkloadParameters {
  readonly clients: number;
  readonly keys: number;
  /** Names of the keys by number; k0, k1, ... where there is none. */
  readonly keyNames: readonly string[];
  /** Clients begin by writing every key once, so that there is something to lose and to find again. */
  readonly filledFirst: boolean;
  /** Longest pause of a client between two operations. */
  readonly maxThinkMs: number;
  readonly maxValueBytes: number;
  /** One value in so many is of a size up to that; the others are of a few bytes. */
  readonly largeOneIn: number;
  /** Values have a time to live of days, which nobody sees the end of: what evicts by expiry may take any of them. */
  readonly mortal: boolean;
  readonly timeoutMs: number;
  /** How often a client tries elsewhere what is definitely not done. */
  readonly maxRetries: number;
  readonly readPercent: number;
  readonly writes: WriteMix;
  /** Of the sets and deletes. */
  readonly conditionPercent: number;
  /** Requests about keys with a time to live, which are not part of the history. */
  readonly expiringPercent: number;
  /** How many operations each client asks for, filling apart, until everything is healed. */
  readonly maxOperations: number;
}

export function drawWorkload(draw: Draw): WorkloadParameters {
  return {
    clients: draw.between('clients', 2, 8),
    keys: draw.between('keys', 1, 6),
    keyNames: [],
    filledFirst: false,
    maxThinkMs: draw.one('think time', 5, 20, 60),
    maxValueBytes: draw.one('value size', 0, 20, 200, 4_000, 40_000),
    largeOneIn: 4,
    mortal: false,
    timeoutMs: draw.one('timeout', 300, 1_000, 3_000),
    maxRetries: draw.between('retries', 0, 3),
    readPercent: draw.one('reads', 20, 50, 80),
    writes: drawWrites(draw),
    conditionPercent: draw.one('conditions', 0, 40, 80),
    expiringPercent: draw.one('times to live', 0, 8, 25),
    maxOperations: Infinity,
  };
}

function drawWrites(draw: Draw): WriteMix {
  return {
    set: draw.one('sets', 1, 4),
    append: draw.one('appends', 0, 1, 2),
    delete: draw.one('deletes', 0, 1, 2),
    incr: draw.one('increments', 0, 1, 2),
  };
}
