/** Callers of a leader who wait until what they asked for has been applied from the log. */
import { DcacheError } from '../../base/errors.js';
import type { Scheduler } from '../runtime/scheduler.js';

/** How long a caller waits for its change to be applied. */
const CHANGE_TIMEOUT_MS = 10_000;

interface Waiter {
  readonly isDone: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: DcacheError) => void;
  readonly stopTimer: () => void;
}

export class AppliedWaiters {
  private readonly scheduler: Scheduler;
  private readonly waiters = new Set<Waiter>();

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  /**
   * Resolves when `isDone` holds after something was applied. Rejects with DEADLINE_EXCEEDED when it has not for ten seconds, and
   * with OUTCOME_UNKNOWN when this node leads no more.
   */
  until(isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stopTimer = this.scheduler.after(CHANGE_TIMEOUT_MS, () => {
        const error = new DcacheError(
          'DEADLINE_EXCEEDED',
          `not in force after ${CHANGE_TIMEOUT_MS / 1000} s; it may still come into force, see \`dcache cluster status\``,
        );
        this.settle(waiter, () => reject(error));
      });
      const waiter: Waiter = { isDone, resolve, reject, stopTimer };
      this.waiters.add(waiter);
    });
  }

  /** Something was applied. */
  onApplied(): void {
    for (const waiter of this.waiters) {
      if (waiter.isDone()) this.settle(waiter, waiter.resolve);
    }
  }

  onLeadershipLost(): void {
    for (const waiter of this.waiters) {
      const error = new DcacheError(
        'OUTCOME_UNKNOWN',
        'leadership moved on before the change was in force; look at `dcache cluster status`, then try again',
      );
      this.settle(waiter, () => waiter.reject(error));
    }
  }

  private settle(waiter: Waiter, answer: () => void): void {
    this.waiters.delete(waiter);
    waiter.stopTimer();
    answer();
  }
}
