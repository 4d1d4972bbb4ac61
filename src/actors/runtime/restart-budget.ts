/** Decides on each failure of an actor whether it may be made again, and when. Takes the time as an argument. */
import type { Supervision } from './actor.js';

export class RestartBudget {
  private readonly supervision: Supervision;
  /** Times of the failures within the window, ascending; not used under fail-node. */
  private failureTimesMs: number[] = [];

  constructor(supervision: Supervision) {
    this.supervision = supervision;
  }

  /** Counts a failure at `nowMs`. The delay before the next life in ms; undefined when there is to be none. */
  onFailure(nowMs: number): number | undefined {
    const { supervision } = this;
    if (supervision.policy === 'fail-node') return undefined;
    this.failureTimesMs = this.failureTimesMs.filter((time) => nowMs - time < supervision.windowMs);
    this.failureTimesMs.push(nowMs);
    const failures = this.failureTimesMs.length;
    if (failures > supervision.maxRestarts) return undefined;
    return Math.min(supervision.backoffMs * 2 ** (failures - 1), supervision.maxBackoffMs);
  }
}
