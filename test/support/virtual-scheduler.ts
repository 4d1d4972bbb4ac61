/** A scheduler on virtual time: nothing runs but what the test lets run, in an order that is the same every time. */
import type { Scheduler } from '../../src/actors/runtime/scheduler.js';

interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

export class VirtualScheduler implements Scheduler {
  private now = 0;
  private readonly thisTurn: (() => void)[] = [];
  private readonly otherTurns: (() => void)[] = [];
  private timers: Timer[] = [];
  /** Turns of the event loop so far. */
  turns = 0;

  soon(task: () => void): void {
    this.thisTurn.push(task);
  }

  nextTurn(task: () => void): void {
    this.otherTurns.push(task);
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.now + delayMs, task };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  nowMs(): number {
    return this.now;
  }

  /** Runs everything that needs no time to pass, promise reactions included. */
  async settle(): Promise<void> {
    for (;;) {
      for (let task = this.thisTurn.shift(); task !== undefined; task = this.thisTurn.shift()) task();
      await new Promise((resolve) => setImmediate(resolve)); // all promise reactions have run by then
      if (this.thisTurn.length > 0) continue;
      const task = this.otherTurns.shift();
      if (task === undefined) return;
      this.turns += 1;
      task();
    }
  }

  /** Lets `ms` pass, with every timer at its time. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    await this.settle();
    for (;;) {
      const [next] = this.timers.filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.now = next.atMs;
      next.task();
      await this.settle();
    }
    this.now = end;
  }
}
