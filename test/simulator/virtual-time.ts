/**
 * The one clock and the one queue of a simulated world. Everything that happens is an event here; events of one instant
 * happen in the order in which they were put down, so a run depends on nothing but what is put down.
 */
import { Heap } from '../../src/base/heap.js';

interface Event {
  readonly atMs: number;
  readonly sequence: number;
  task: (() => void) | undefined;
}

export class VirtualTime {
  private readonly queue = new Heap<Event>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence));
  private now = 0;
  private nextSequence = 0;
  private happened = 0;

  /** In ms since the beginning of the run. Only `step` moves it. */
  get nowMs(): number {
    return this.now;
  }

  /** Events so far. */
  get events(): number {
    return this.happened;
  }

  /** When the next event happens; Infinity when nothing is to come. */
  get nextMs(): number {
    return this.queue.peek()?.atMs ?? Infinity;
  }

  /** Puts `task` down for `atMs`, or for now if that is past. Returns what takes it back. */
  at(atMs: number, task: () => void): () => void {
    const event: Event = { atMs: Math.max(this.now, atMs), sequence: this.nextSequence++, task };
    this.queue.push(event);
    return () => {
      event.task = undefined;
    };
  }

  after(delayMs: number, task: () => void): () => void {
    return this.at(this.now + delayMs, task);
  }

  /** Lets the next event happen. */
  step(): void {
    const event = this.queue.pop();
    if (event === undefined) return;
    this.now = event.atMs;
    if (event.task === undefined) return;
    this.happened++;
    event.task();
  }
}

/**
 * Resolves when all promise reactions that follow from what has happened have run, however long their chain: Node runs a
 * tick only after the queue of microtasks is empty. To be called from a promise reaction itself, as an async loop does.
 */
export function promisesSettled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
