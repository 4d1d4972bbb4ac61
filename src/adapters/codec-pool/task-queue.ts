/** The waiting line of the codec pool: urgent tasks before background ones, each in order of arrival, bounded. */
import { LIMITS } from '../../base/limits.js';

/** `urgent`: somebody waits for the answer (degraded read). `background`: fold, rebuild, scrub. */
export type Priority = 'urgent' | 'background';

export interface TaskQueueBounds {
  readonly maxTasks: number;
  /** At most this many of them background tasks, so that urgent ones find room under any background load. */
  readonly maxBackgroundTasks: number;
}

const DEFAULT_BOUNDS: TaskQueueBounds = {
  maxTasks: LIMITS.maxCodecTasks,
  maxBackgroundTasks: LIMITS.maxBackgroundCodecTasks,
};

export class TaskQueue<Task> {
  private readonly bounds: TaskQueueBounds;
  private readonly urgent = new Line<Task>();
  private readonly background = new Line<Task>();

  constructor(bounds: TaskQueueBounds = DEFAULT_BOUNDS) {
    this.bounds = bounds;
  }

  get length(): number {
    return this.urgent.length + this.background.length;
  }

  hasRoom(priority: Priority): boolean {
    if (this.length >= this.bounds.maxTasks) return false;
    return priority === 'urgent' || this.background.length < this.bounds.maxBackgroundTasks;
  }

  /** @returns false, and nothing is queued, when there is no room. */
  push(task: Task, priority: Priority): boolean {
    if (!this.hasRoom(priority)) return false;
    (priority === 'urgent' ? this.urgent : this.background).push(task);
    return true;
  }

  /** The next task, or undefined when none waits. */
  shift(): Task | undefined {
    return this.urgent.length > 0 ? this.urgent.shift() : this.background.shift();
  }
}

/** A first-in first-out list: an array with a moving head, cut when half of it is used up. */
class Line<Item> {
  private items: Item[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  push(item: Item): void {
    this.items.push(item);
  }

  shift(): Item | undefined {
    const item = this.items[this.head];
    if (item === undefined) return undefined;
    this.head++;
    if (this.head * 2 >= this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }
}
