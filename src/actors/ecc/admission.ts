/**
 * Lets writes of one partition through while all members have room for what they cost; otherwise they wait while memory is being
 * made free, and are refused when none will be: before anything has changed (DESIGN.md section 5, "Memory cap").
 *
 * A refusal rests on what every member has told since a moment ago, and on nothing older: a write that finds old news asks. A member
 * that has not told anything yet is no reason to say that memory is full: the write waits for it as for an acknowledgement.
 */
import { DcacheError } from '../../base/errors.js';
import type { KeyWrite } from '../../store/kv-decisions.js';
import { costOfWrite } from '../../store/write-cost.js';
import type { LedPartition } from './replica.js';

/** News of a member's memory are believed for so long. */
const NEWS_MS = 50;
/** A write waits for memory at most so long, though some may still be coming: others take it. */
const PATIENCE_MS = 3_000;
const EVER_MS = Number.MIN_SAFE_INTEGER;

export interface AdmissionParts {
  readonly primary: LedPartition;
  /** The most that a write may ever cost at this node. */
  readonly largestWriteBytes: number;
  /** A write was refused. */
  onRefused(): void;
  /** Something has to be asked of other members, or made free here. */
  onWaiting(): void;
}

export class Admission {
  private readonly parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.parts = parts;
  }

  /**
   * Whether the write may be decided now, has to wait, or is refused with the error.
   * @param sinceMs since when it has been waiting.
   */
  admit(request: KeyWrite, wallMs: number, sinceMs: number, nowMs: number): 'now' | 'wait' | DcacheError {
    const { primary } = this.parts;
    const { memory } = primary;
    const allowance = memory.allowanceBytes;
    if (allowance === Infinity && memory.pressure === 'none') return 'now';
    const { bytes, grows } = costOfWrite(primary.store, request, wallMs);
    if (bytes === 0) return 'now';
    const { pressure } = memory;
    if (bytes <= allowance && (!grows || pressure === 'none')) return 'now';
    if (bytes > this.parts.largestWriteBytes) return this.refuse(bytes, 'more than the cap ever leaves for one value');
    memory.ask(bytes, nowMs);
    const isCertain = pressure === 'full' && memory.isKnownSince(nowMs - NEWS_MS);
    if (isCertain) return this.refuse(bytes, 'and no memory is coming back');
    const haveAllTold = memory.isKnownSince(EVER_MS);
    if (nowMs - sinceMs >= PATIENCE_MS && haveAllTold) return this.refuse(bytes, 'and others take what comes free');
    this.parts.onWaiting();
    return 'wait';
  }

  private refuse(bytes: number, why: string): DcacheError {
    this.parts.onRefused();
    return new DcacheError(
      'STORE_FULL',
      `a node that would hold the value has no room for the ${bytes} bytes that it may cost under its --max-memory, ${why}: ` +
        'raise --max-memory on all nodes, choose an eviction policy or delete keys',
    );
  }
}
