import { describe, expect, it } from 'vitest';
import { TaskQueue } from '../../../src/adapters/codec-pool/task-queue.js';

function drain(queue: TaskQueue<string>): string[] {
  const tasks: string[] = [];
  for (let task = queue.shift(); task !== undefined; task = queue.shift()) tasks.push(task);
  return tasks;
}

describe('the task queue', () => {
  it('hands out urgent tasks first, each kind in order of arrival', () => {
    const queue = new TaskQueue<string>();
    queue.push('b1', 'background');
    queue.push('u1', 'urgent');
    queue.push('b2', 'background');
    queue.push('u2', 'urgent');
    expect(queue.length).toBe(4);
    expect(drain(queue)).toEqual(['u1', 'u2', 'b1', 'b2']);
    expect(queue.length).toBe(0);
  });

  it('keeps order while it is filled and emptied in turn', () => {
    const queue = new TaskQueue<string>();
    const taken: string[] = [];
    for (let i = 0; i < 100; i++) {
      queue.push(`t${2 * i}`, 'background');
      queue.push(`t${2 * i + 1}`, 'background');
      taken.push(queue.shift() ?? '');
    }
    taken.push(...drain(queue));
    expect(taken).toEqual(Array.from({ length: 200 }, (_, i) => `t${i}`));
  });

  it('refuses what is over its bound, and keeps places for urgent tasks', () => {
    const queue = new TaskQueue<string>({ maxTasks: 3, maxBackgroundTasks: 2 });
    expect(queue.push('b1', 'background')).toBe(true);
    expect(queue.push('b2', 'background')).toBe(true);
    expect(queue.push('b3', 'background')).toBe(false);
    expect(queue.push('u1', 'urgent')).toBe(true);
    expect(queue.push('u2', 'urgent')).toBe(false);
    expect(drain(queue)).toEqual(['u1', 'b1', 'b2']);
    expect(queue.hasRoom('background')).toBe(true);
  });
});
