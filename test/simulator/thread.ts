/**
 * One thread of a simulated process: its event loop, which handles one task at a time in order of arrival, and its timers.
 * It can be held up (a garbage collection, a SIGSTOP, a slow disk) and it ends with its process; its clock runs at a rate of
 * its own.
 */
import type { Scheduler } from '../../src/actors/runtime/scheduler.js';
import type { VirtualTime } from './virtual-time.js';

/** How long the event loop takes from one turn to the next when it has nothing else to do. */
const TURN_MS = 0.02;

export interface ThreadOptions {
  /** What one second of the world is on this thread's monotonic clock, in seconds. */
  readonly clockRate: number;
  /** A task threw. */
  readonly onDefect: (error: unknown) => void;
}

export class SimThread implements Scheduler {
  private readonly time: VirtualTime;
  private readonly options: ThreadOptions;
  private readonly waiting: (() => void)[] = [];
  private turnCount = 0;
  private ended = false;
  private held = false;
  /** The thread does nothing before this time: it waits in a system call. */
  private busyUntilMs = 0;
  private wakeScheduled = false;
  private readonly endListeners = new Set<() => void>();

  constructor(time: VirtualTime, options: ThreadOptions) {
    this.time = time;
    this.options = options;
  }

  get alive(): boolean {
    return !this.ended;
  }

  get paused(): boolean {
    return this.held;
  }

  /** Grows with everything that the thread does. */
  get turns(): number {
    return this.turnCount;
  }

  /** When what the thread does now takes effect for others. */
  get effectMs(): number {
    return Math.max(this.time.nowMs, this.busyUntilMs);
  }

  /** Something arrives for the thread, from its own timers or from outside. */
  post(task: () => void): void {
    if (this.ended) return;
    if (this.waiting.length === 0 && !this.held && this.busyUntilMs <= this.time.nowMs) {
      this.perform(task);
      return;
    }
    this.waiting.push(task);
    this.wakeLater();
  }

  /** The running task takes this long in a blocking call. */
  block(durationMs: number): void {
    this.busyUntilMs = this.effectMs + durationMs;
  }

  pause(): void {
    this.held = true;
  }

  resume(): void {
    this.held = false;
    this.wakeLater();
  }

  /** Nothing runs here any more. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.waiting.length = 0;
    for (const listener of this.endListeners) listener();
    this.endListeners.clear();
  }

  /** Calls `listener` when the thread ends. Returns what takes that back. */
  whenEnded(listener: () => void): () => void {
    this.endListeners.add(listener);
    return () => this.endListeners.delete(listener);
  }

  soon(task: () => void): void {
    queueMicrotask(() => this.perform(task));
  }

  nextTurn(task: () => void): void {
    this.time.after(TURN_MS, () => this.post(task));
  }

  after(delayMs: number, task: () => void): () => void {
    let cancelled = false;
    const cancel = this.time.after(delayMs / this.options.clockRate, () =>
      this.post(() => {
        if (!cancelled) task();
      }),
    );
    return () => {
      cancelled = true;
      cancel();
    };
  }

  nowMs(): number {
    return this.time.nowMs * this.options.clockRate;
  }

  private perform(task: () => void): void {
    if (this.ended) return;
    this.turnCount++;
    try {
      task();
    } catch (error) {
      this.options.onDefect(error);
    }
  }

  private wakeLater(): void {
    if (this.wakeScheduled || this.held || this.ended) return;
    this.wakeScheduled = true;
    this.time.at(this.busyUntilMs, () => {
      this.wakeScheduled = false;
      if (this.held || this.ended) return;
      const task = this.waiting.shift();
      if (task !== undefined) this.perform(task);
      if (this.waiting.length > 0) this.wakeLater();
    });
  }
}
