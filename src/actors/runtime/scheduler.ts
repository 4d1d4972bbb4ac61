/**
 * When actors get their turn. Injected, so that a simulator can run local actors on virtual time from one queue.
 */

export interface Scheduler {
  /** Runs `task` in this turn of the event loop, after the code that is running now. */
  soon(task: () => void): void;
  /** Runs `task` after the I/O that is waiting has had its turn. */
  nextTurn(task: () => void): void;
  /** Runs `task` after `delayMs`. Returns what takes it back. */
  after(delayMs: number, task: () => void): () => void;
  /** Monotonic, in ms, from an arbitrary zero, which all threads of a process share: one may publish a time to another. */
  nowMs(): number;
}

/** The event loop of this thread. */
export const eventLoopScheduler: Scheduler = {
  soon: (task) => queueMicrotask(task),
  nextTurn: (task) => void setImmediate(task),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  // Not performance.now(): each thread counts that from its own start.
  nowMs: () => {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e3 + nanoseconds / 1e6;
  },
};
