/**
 * Events on their way to the main thread, in the order in which they happened. A message to another thread and the wake-up that
 * it means cost more than most of what is said, so that what nobody waits for leaves with the next event that somebody
 * does wait for, PATIENCE_MS later at the latest.
 */
import type { Scheduler } from '../runtime/scheduler.js';
import type { ControlEvent } from './events.js';

/** For what only has to be said some time. */
export const PATIENCE_MS = 5;

export class EventOutbox {
  private readonly scheduler: Scheduler;
  private readonly send: (event: ControlEvent) => void;
  private waiting: ControlEvent[] = [];
  private onFlushed: (() => void)[] = [];
  private cancelTimer: (() => void) | undefined;

  /** @param send takes an event at once. */
  constructor(scheduler: Scheduler, send: (event: ControlEvent) => void) {
    this.scheduler = scheduler;
    this.send = send;
  }

  /** Sends the event now, behind those that have waited. */
  emit(event: ControlEvent): void {
    this.flush();
    this.send(event);
  }

  /** Nobody waits for this one. */
  emitLater(event: ControlEvent): void {
    this.waiting.push(event);
    this.flushLater();
  }

  /** Resolves when events leave the next time, or when they would. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.onFlushed.push(resolve);
      this.flushLater();
    });
  }

  /** Sends everything that waits. */
  flush(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    const { waiting, onFlushed } = this;
    this.waiting = [];
    this.onFlushed = [];
    for (const event of waiting) this.send(event);
    for (const resolve of onFlushed) resolve();
  }

  private flushLater(): void {
    this.cancelTimer ??= this.scheduler.after(PATIENCE_MS, () => this.flush());
  }
}
