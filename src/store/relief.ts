/**
 * Makes memory free in a store that shares it with others (ecc mode), a little at a time, the cheapest first: what is over is removed,
 * segments are cleaned, values are evicted as the policy says, and at last what is in the highest segments moves down.
 *
 * A stand-in has dropped the bytes of what it has folded. What it would take up next is fetched for it: `wantedElsewhere` names it,
 * `stepIn` does the work. That is worth its price only where the release frees memory at this very node (`MemoryCap.frees`).
 */
import { assertNever } from '../base/assert.js';
import type { Cleaner } from './cleaner.js';
import type { Evictor } from './evictor.js';
import type { Expirer } from './expirer.js';
import type { MemoryCap } from './memory-cap.js';
import type { Room } from './room.js';

/** Of a segment that is cleaned for the memory alone. */
const MIN_RELIEF_SHARE = 1 / 32;
/** With a policy, an eviction is cheaper than moving nearly everything. */
const EVICTION_DEAD_SHARE = 1 / 8;
/** Of expiry, in a segment that was fetched for it: a pause of a few milliseconds. */
const SEGMENT_BUDGET_BYTES = 512 * 1024;

/** A segment whose bytes are elsewhere, and what for they are wanted. */
export interface WantedSegment {
  readonly number: number;
  readonly for: 'expiry' | 'eviction' | 'emptying';
}

export interface ReliefParts {
  readonly cap: MemoryCap;
  readonly cleaner: Cleaner;
  readonly expirer: Expirer;
  readonly evictor: Evictor;
  readonly room: Room;
}

export class Relief {
  private readonly parts: ReliefParts;

  constructor(parts: ReliefParts) {
    this.parts = parts;
  }

  /**
   * Does about `budgetBytes` of work with what is here. False if nothing is to be gained by it.
   * @param isLastResort no other partition of this node can help.
   */
  step(nowMs: number, budgetBytes: number, isLastResort: boolean): boolean {
    const { cleaner, expirer, room } = this.parts;
    if (expirer.step(nowMs, budgetBytes) > 0) return true;
    if (cleaner.relieve(budgetBytes, this.minDeadShare)) return true;
    if (room.evictBytes(budgetBytes, isLastResort) > 0) return true;
    return cleaner.compact(budgetBytes);
  }

  /**
   * The segment that would be taken up next if its bytes were here; to be asked when `step` gains nothing, for the same.
   * @param mayEmpty whether there is room to move records to.
   */
  wantedElsewhere(nowMs: number, isLastResort: boolean, mayEmpty: boolean): WantedSegment | undefined {
    const { cap, cleaner, expirer, evictor } = this.parts;
    const expired = expirer.wantedElsewhere(nowMs, (number) => cap.frees(number));
    if (expired !== 0) return { number: expired, for: 'expiry' };
    const dead = mayEmpty ? cleaner.worstElsewhere(this.minDeadShare) : 0;
    if (dead !== 0) return { number: dead, for: 'emptying' };
    const evictable = evictor.wantedElsewhere(isLastResort);
    if (evictable !== 0) return { number: evictable, for: 'eviction' };
    const high = mayEmpty ? cleaner.compactsElsewhere : 0;
    return high === 0 ? undefined : { number: high, for: 'emptying' };
  }

  /** Does what the segment was wanted for, if it is here. */
  stepIn(wanted: WantedSegment, nowMs: number): void {
    const { cleaner, expirer, evictor } = this.parts;
    switch (wanted.for) {
      case 'expiry':
        expirer.step(nowMs, SEGMENT_BUDGET_BYTES);
        return;
      case 'eviction':
        evictor.evictFrom(wanted.number);
        return;
      case 'emptying':
        cleaner.empty(wanted.number);
        return;
      default:
        assertNever(wanted.for, 'wanted segment');
    }
  }

  private get minDeadShare(): number {
    return this.parts.cap.policy === 'noeviction' ? MIN_RELIEF_SHARE : EVICTION_DEAD_SHARE;
  }
}
