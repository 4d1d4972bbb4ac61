import { beforeEach, expect, test } from 'vitest';
import { EventOutbox, PATIENCE_MS } from '../../../src/actors/control/event-outbox.js';
import type { ControlEvent } from '../../../src/actors/control/events.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const proposed = (ticket: number): ControlEvent => ({ type: 'proposed', ticket, index: ticket, term: 1 });
const COMMITTED: ControlEvent = { type: 'committed', entries: [] };

let scheduler: VirtualScheduler;
let sent: ControlEvent[];
let outbox: EventOutbox;
beforeEach(() => {
  scheduler = new VirtualScheduler();
  sent = [];
  outbox = new EventOutbox(scheduler, (event) => sent.push(event));
});

test('what can wait leaves ahead of the next event that cannot', () => {
  outbox.emitLater(proposed(1));
  outbox.emitLater(proposed(2));
  expect(sent).toEqual([]);
  outbox.emit(COMMITTED);
  expect(sent).toEqual([proposed(1), proposed(2), COMMITTED]);
});

test('without such an event it leaves a few milliseconds later, once', async () => {
  outbox.emitLater(proposed(1));
  await scheduler.advance(PATIENCE_MS - 1);
  expect(sent).toEqual([]);
  await scheduler.advance(1);
  expect(sent).toEqual([proposed(1)]);
  await scheduler.advance(10 * PATIENCE_MS);
  expect(sent).toEqual([proposed(1)]);
});

test('who waits for a flush hears of the next one, be there events or not', async () => {
  const heard: string[] = [];
  void outbox.flushed().then(() => heard.push('first'));
  outbox.emit(COMMITTED);
  await scheduler.settle();
  expect(heard).toEqual(['first']);
  void outbox.flushed().then(() => heard.push('second'));
  await scheduler.settle();
  expect(heard).toEqual(['first']);
  await scheduler.advance(PATIENCE_MS);
  expect(heard).toEqual(['first', 'second']);
});
