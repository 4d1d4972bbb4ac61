/** A scheduler whose tasks run through `guard`, so that what they throw is seen to in one place. */
import type { Scheduler } from '../runtime/scheduler.js';

export function guardedScheduler(scheduler: Scheduler, guard: (task: () => void) => void): Scheduler {
  const guarded = (task: () => void) => (): void => guard(task);
  return {
    soon: (task) => scheduler.soon(guarded(task)),
    nextTurn: (task) => scheduler.nextTurn(guarded(task)),
    after: (delayMs, task) => scheduler.after(delayMs, guarded(task)),
    nowMs: () => scheduler.nowMs(),
  };
}
